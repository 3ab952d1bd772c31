import { allowedHosts, explainInsecure, findInsecure } from "../../../tools/outgoing/insecure.mjs";
import { isHandedOver, type StackConfig } from "../../engine/stack-config.ts";
import type { VaultConnection } from "./client.ts";
import { VaultError } from "./errors.ts";

/** Where people sign in with a role id when nothing else is said. */
export const APPROLE_MOUNT = "approle";

/**
 * How to reach Vault, from the environment and the stack's configuration; the environment wins.
 * `VAULT_ADDR` or `vault:address`; `VAULT_TOKEN`, or `VAULT_ROLE_ID` with `VAULT_SECRET_ID` (mount: `VAULT_APPROLE_MOUNT` or
 * `platform:vault.approle`, default `approle`), or `vault:token`. With `DOCKMASTER_SETTINGS=environment` it holds all there is. Throws `config_invalid` when something is missing or unusable,
 * and when a token would go over the network in clear to a host that neither `ALLOW_INSECURE` nor `platform:allowInsecure` names.
 */
export function vaultConnection(given: StackConfig | undefined, env: NodeJS.ProcessEnv = process.env): VaultConnection {
  const config = isHandedOver(env) ? undefined : given;
  const address = vaultAddress(env.VAULT_ADDR || config?.get("vault:address"));
  const insecure = findInsecure(address, allowedHosts(env, config?.get("platform:allowInsecure")));
  if (insecure !== undefined) {
    const { message, hint } = explainInsecure(insecure);
    throw new VaultError("config_invalid", `VAULT_ADDR ${message}`, hint);
  }
  if (env.VAULT_TOKEN) return { address, auth: { token: header(env.VAULT_TOKEN) } };
  const { VAULT_ROLE_ID: roleId, VAULT_SECRET_ID: secretId } = env;
  if (roleId && secretId) {
    const mount = env.VAULT_APPROLE_MOUNT || approleIn(config?.get("platform:vault")) || APPROLE_MOUNT;
    return { address, auth: { roleId: roleId.trim(), secretId: secretId.trim(), mount } };
  }
  const token = config?.get("vault:token");
  if (token) return { address, auth: { token: header(token) } };
  throw new VaultError(
    "config_invalid",
    "there is neither VAULT_TOKEN nor VAULT_ROLE_ID with VAULT_SECRET_ID",
    "sign in (`vault login`) and set VAULT_TOKEN, or set both ids of the runner's role",
  );
}

/** Structured config is handed over as JSON, and was checked by the program. */
function approleIn(text: string | undefined): string | undefined {
  const { approle } = JSON.parse(text || "{}") as { approle?: string };
  return approle;
}

/** Brings an address to one spelling: no trailing slash, no `/v1`. Throws `config_invalid`. */
export function vaultAddress(text: string | undefined): string {
  const wrong = (message: string) =>
    new VaultError(
      "config_invalid",
      message,
      "set VAULT_ADDR in the environment, or run: pulumi config set vault:address https://vault.example.org",
    );
  if (!text) throw wrong("VAULT_ADDR is not set");
  if (!URL.canParse(text.trim())) throw wrong("VAULT_ADDR is not an http(s) address");
  const url = new URL(text.trim());
  const usable = /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && url.search === "";
  if (!usable) throw wrong("VAULT_ADDR is not an http(s) address");
  return url.origin + url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
}

function header(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token.trim())) return token.trim();
  throw new VaultError(
    "config_invalid",
    "VAULT_TOKEN holds characters that no token has",
    "copy it again, without line breaks",
  );
}
