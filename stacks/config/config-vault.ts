import { z } from "zod";
import type { Problem } from "../../components/compose/problem.ts";
import { vaultAddress } from "../../components/vault/api/connection.ts";
import { VaultError } from "../../components/vault/api/errors.ts";
import { requirePlainName } from "../../components/vault/api/paths.ts";
import type { VaultSettings } from "../../components/vault/plan.ts";
import { allowedHosts, explainInsecure, findInsecure } from "../../tools/outgoing/insecure.mjs";
import { problemAt, type RawConfig } from "./raw-config.ts";

const mount = z.string().regex(/^[\w-]+(\/[\w-]+)*$/, "is no path of a mount; write it without `/` at its ends");

/** `platform:vault` */
export const vaultSettings = z.strictObject({
  address: z.string().optional().describe("Where the containers reach Vault, when that is not `vault:address`."),
  kv: mount.default("secret").describe("KV v2 mount of the secrets."),
  approle: mount.default("approle").describe("AppRole mount of the roles."),
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
  return { settings: { layout: { project, kv, approle }, address }, problems };
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
