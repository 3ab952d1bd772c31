import { NoAnswer, type Redirected } from "../../../tools/outgoing/request.mjs";

/**
 * What kind of failure it is.
 * `vault_denied`: token or AppRole refused · `vault_unreachable`: no usable answer, worth another try · `vault_sealed`: up but locked ·
 * `vault_missing`: something that has to be there is not · `config_invalid`: an address, key or argument is missing or wrong.
 */
export type VaultErrorCode = "vault_denied" | "vault_unreachable" | "vault_sealed" | "vault_missing" | "config_invalid";

/** A failure in words for people: what happened and what to do. Holds paths and names of fields, never a value or a token. */
export class VaultError extends Error {
  readonly code: VaultErrorCode;
  readonly hint: string;

  constructor(code: VaultErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.name = "VaultError";
    this.code = code;
    this.hint = hint;
  }
}

/** One line for the engine's output: `code: message (hint)`. */
export function printVaultError({ code, message, hint }: VaultError): string {
  return `${code}: ${message} (${hint})`;
}

/** One call, as far as error texts need it. */
export interface VaultCall {
  method: "GET" | "POST" | "PATCH";
  /** Below `/v1/`. */
  path: string;
}

const WAIT = "check VAULT_ADDR and that Vault is running, then run it again";

/**
 * Translates an answer that is not a success. Vault's own words are left out: they may repeat what was sent.
 * https://developer.hashicorp.com/vault/api-docs#http-status-codes
 */
export function toVaultError(call: VaultCall, status: number, said: string): VaultError {
  const at = `${call.method} ${call.path} answered ${status}`;
  if (status === 503 && /sealed/i.test(said)) {
    return new VaultError("vault_sealed", "Vault is sealed", "unseal it (`vault operator unseal`), then run it again");
  }
  if (status === 501) {
    return new VaultError("vault_sealed", "Vault is not initialised", "set it up first (`vault operator init`)");
  }
  if (status === 403 && /auth\/.+\/login$/.test(call.path)) return loginRefused(call);
  if (status === 400 && /auth\/.+\/login$/.test(call.path)) return loginRefused(call);
  if (status === 403) {
    return new VaultError(
      "vault_denied",
      `${at}: the token is not valid, or its policy does not allow this`,
      "renew VAULT_TOKEN (`vault login`), or let `dockmaster up bootstrap` write the policy again",
    );
  }
  if (status === 404) {
    return new VaultError(
      "vault_missing",
      `${at}: there is nothing at this path`,
      "check that VAULT_ADDR is the right Vault; `dockmaster up bootstrap` makes mounts and roles",
    );
  }
  if (status === 400 || status === 405) {
    return new VaultError(
      "config_invalid",
      `${at}: Vault refused the request`,
      "check the path; its audit log has more",
    );
  }
  return new VaultError("vault_unreachable", at, WAIT);
}

/** Translates a failure to get any answer. */
export function toUnreachable(call: VaultCall, address: string, cause: unknown): VaultError {
  const reason = cause instanceof NoAnswer ? cause.message : (cause as Error).name;
  return new VaultError(
    "vault_unreachable",
    `${call.method} ${call.path}: no answer from ${address} (${reason})`,
    WAIT,
    cause,
  );
}

/** A redirect is not followed: the token goes to no other address than the one that was set. A standby sends on like this too. */
export function toRedirected(call: VaultCall, cause: Redirected): VaultError {
  return new VaultError(
    "config_invalid",
    `${call.method} ${call.path} ${cause.message}`,
    cause.hint("VAULT_ADDR, or vault:address in the stack's file,"),
    cause,
  );
}

function loginRefused({ path }: VaultCall): VaultError {
  return new VaultError(
    "vault_denied",
    `${path} refused the role id or the secret id`,
    "the secret id was revoked or has expired: make a new one and set VAULT_ROLE_ID and VAULT_SECRET_ID",
  );
}
