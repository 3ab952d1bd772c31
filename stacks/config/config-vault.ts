import { isIP } from "node:net";
import { z } from "zod";
import type { Problem } from "../../components/compose/problem.ts";
import type { SignInLimits } from "../../components/vault/access/sign-in-limits.ts";
import { vaultAddress } from "../../components/vault/api/connection.ts";
import { VaultError } from "../../components/vault/api/errors.ts";
import { requirePlainName } from "../../components/vault/api/paths.ts";
import type { VaultSettings } from "../../components/vault/plan.ts";
import { allowedHosts, explainInsecure, findInsecure } from "../../tools/outgoing/insecure.mjs";
import { problemAt, type RawConfig } from "./raw-config.ts";

const mount = z.string().regex(/^[\w-]+(\/[\w-]+)*$/, "is no path of a mount; write it without `/` at its ends");

/** A network as Vault takes it. */
const network = z.string().refine((text) => {
  const [address = "", bits = "", ...more] = text.split("/");
  const most = { 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}, "is no network; write it like `10.0.0.0/8`");
const networks = z.array(network).min(1, "names no network; leave it out to allow all").optional();

const HOUR = 3600;

/** What bounds sign-ins with roles; by these names below `platform:vault` and `bootstrap:vault`. */
export const signInSettings = {
  secretIdTtl: z
    .string()
    .regex(/^[1-9]\d{0,3}[hd]$/, "is no time; write it like `30d` or `720h`")
    .transform((text) => Number.parseInt(text, 10) * (text.endsWith("d") ? 24 * HOUR : HOUR))
    .refine(
      (seconds) => seconds >= 24 * HOUR,
      "is too short; an update has to come in every half of it: write at least `1d`",
    )
    .optional()
    .describe(
      "How long a secret id can sign in at Vault, e.g. `30d`. Every update in its second half makes a new one. For ever unless given.",
    ),
  secretIdBoundCidrs: networks.describe(
    "Networks from which a secret id can sign in, e.g. `[10.0.0.0/8]`: where Vault sees the containers come from.",
  ),
  tokenBoundCidrs: networks.describe("Networks from which what signed in can use Vault."),
};

/** The limits among settings that have more. */
export function readLimits(settings: z.infer<z.ZodObject<typeof signInSettings>>): SignInLimits {
  const { secretIdTtl, secretIdBoundCidrs, tokenBoundCidrs } = settings;
  return {
    ...(secretIdTtl !== undefined && { secretIdTtl }),
    ...(secretIdBoundCidrs && { secretIdBoundCidrs }),
    ...(tokenBoundCidrs && { tokenBoundCidrs }),
  };
}

/** `platform:vault` */
export const vaultSettings = z.strictObject({
  address: z.string().optional().describe("Where the containers reach Vault, when that is not `vault:address`."),
  kv: mount.default("secret").describe("KV v2 mount of the secrets."),
  approle: mount.default("approle").describe("AppRole mount of the roles."),
  ...signInSettings,
});

/** What a stack in mode `vault` says of it, or what is wrong with that. */
export function readVault(
  raw: RawConfig,
  stack: string,
  project: string,
  vault: z.infer<typeof vaultSettings>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): { settings?: VaultSettings; problems: Problem[] } {
  const problems: Problem[] = [];
  const attempt = <T>(key: string, path: string[], read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      problems.push(problemAt(raw, key, path, error.message, error.hint));
      return undefined;
    }
  };
  attempt("dokploy:project", [], () => requirePlainName("project", project));
  attempt("platform:secrets", [], () => requirePlainName("stack", stack));
  const address = readAddress(raw, vault.address, env, problems);
  if (address === undefined || problems.length > 0) return { problems };
  const { kv, approle } = vault;
  return { settings: { layout: { project, kv, approle }, address, limits: readLimits(vault) }, problems };
}

/**
 * The address is part of the containers' text, so it comes from config only: with `VAULT_ADDR` a laptop behind a tunnel would restart
 * every service.
 */
function readAddress(
  raw: RawConfig,
  own: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
): string | undefined {
  const plain = raw.values["vault:address"];
  const [key, path, text] = own === undefined ? ["vault:address", [], plain] : ["platform:vault", ["address"], own];
  try {
    if (typeof text === "string") {
      const address = vaultAddress(text);
      const insecure = findInsecure(address, allowedHosts(env, raw.values["platform:allowInsecure"]));
      if (insecure === undefined) return address;
      const { message, hint } = explainInsecure(insecure);
      problems.push(problemAt(raw, key, path, message, hint));
      return undefined;
    }
  } catch {
    problems.push(problemAt(raw, key, path, "is no http(s) address", "write it like `https://vault.example.org`"));
    return undefined;
  }
  const message = "is missing; the containers reach Vault there";
  problems.push(problemAt(raw, key, path, message, "write it like `https://vault.example.org`"));
  return undefined;
}
