import { randomBytes } from "node:crypto";
import type { SecretVersion, Vault } from "../../vault/api/client.ts";
import { VaultError } from "../../vault/api/errors.ts";
import { makeTagKey, TAG_KEY } from "../github/tag-key.ts";
import { planSecrets, type SecretSources } from "./secrets.ts";

/** What a secret of the door or of a worker has to hold. */
export interface WantedSecrets extends SecretSources {
  /** KV v2 path, e.g. `secret/data/platform/bootstrap/runner`. */
  path: string;
  /** Filled in when Vault has no value: from where {@link SecretSources} says, or made. */
  names: readonly string[];
  /** Minted by this stack: written whenever Vault has another value. */
  own: Readonly<Record<string, string>>;
  /** False in a preview: nothing is written, the answer is what it would be. */
  write: boolean;
}

const ATTEMPTS = 4;

/**
 * Makes the secret complete and answers all of its values. Adds what is missing, with check-and-set, and leaves everything
 * else as it is. Not a resource, so that no value gets into the state. Rejects with a `VaultError`.
 */
export async function storeSecrets(vault: Vault, wanted: WantedSecrets): Promise<Record<string, string>> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const live = await vault.readSecret(wanted.path);
    const writes = decideWrites(wanted, live);
    const values = { ...texts(live?.values ?? {}), ...writes };
    if (!wanted.write || Object.keys(writes).length === 0) return values;
    if ((await vault.writeFields(wanted.path, writes, live?.version ?? 0)) !== undefined) return values;
  }
  throw new VaultError("vault_unreachable", `${wanted.path} changes all the time`, "run it again");
}

function decideWrites(
  { path, names, own, ...sources }: WantedSecrets,
  live: SecretVersion | undefined,
): Record<string, string> {
  if (live && !live.values) {
    const message = `version ${live.version} of ${path} was deleted`;
    throw new VaultError("vault_missing", message, "restore it (`vault kv undelete`), or erase the path for good");
  }
  const values = live?.values ?? {};
  const { writes, missing } = planSecrets(names, values, sources, generate);
  if (missing.length > 0) {
    const message = `${path} has no ${missing.join(", ")}`;
    throw new VaultError("vault_missing", message, "set them in the environment for this one run");
  }
  const renewed = Object.entries(own).filter(([name, value]) => values[name] !== value);
  return { ...writes, ...Object.fromEntries(renewed) };
}

function generate(name: string): string {
  return name === TAG_KEY ? makeTagKey() : randomBytes(32).toString("hex");
}

function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
