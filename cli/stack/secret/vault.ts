import { z } from "zod";
import { CliError, wrongUse } from "../../problem.ts";
import type { Access } from "../stack-config.ts";

const TIMEOUT = 10_000;

const secret = z.object({
  data: z.object({ data: z.record(z.string(), z.unknown()).nullable(), metadata: z.object({ version: z.number() }) }),
});

/** KV v2 of the stack's Vault (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2). Rejects with CliError. */
export interface VaultKv {
  /** A field's value; undefined when the path or the field is not there. */
  read(path: string, field: string): Promise<string | undefined>;
  /** Sets one field, leaves the others alone, and makes the path when it is not there; refused when somebody wrote at the same time. */
  write(path: string, field: string, value: string): Promise<void>;
  /** Sets one field unless it has a value, and makes the path when it is not there. Answers whether it did. */
  fill(path: string, field: string, value: string): Promise<boolean>;
}

/** Opens the stack's Vault with a person's token. Throws CliError (exit code 2) when address or token are missing. */
export function openVault({ address, token }: Access["vault"]): VaultKv {
  if (!address) throw wrongUse("VAULT_ADDR is not set", "Set it to the address of the stack's Vault");
  if (!token) throw wrongUse("VAULT_TOKEN is not set", "Sign in (vault login) and set VAULT_TOKEN");
  const base = address.replace(/\/+$/, "").replace(/\/v1$/, "");

  const call = async (method: "GET" | "PATCH" | "POST", path: string, body?: object) => {
    const headers = {
      "x-vault-token": token,
      "x-vault-request": "true",
      "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
    };
    const request = { method, headers, signal: AbortSignal.timeout(TIMEOUT), redirect: "error" as const };
    const answer = await fetch(`${base}/v1/${path}`, body ? { ...request, body: JSON.stringify(body) } : request).catch(
      (cause) => {
        throw new CliError("vault_unreachable", `Vault at ${base} does not answer`, "Check VAULT_ADDR", { cause });
      },
    );
    const text = await answer.text();
    if (answer.status === 404 && method === "GET") return undefined;
    if (answer.ok) return JSON.parse(text) as unknown;
    const denied = answer.status === 403;
    const code = denied ? "vault_denied" : "vault_failed";
    const hint = denied ? "Sign in with a token that may use it: vault login" : "Look at it again, then repeat this";
    throw new CliError(code, `Vault answered ${answer.status} to ${method} ${path}`, hint);
  };
  const read = async (path: string) => {
    const answer = await call("GET", path);
    return answer === undefined ? undefined : secret.parse(answer).data;
  };
  const write = async (path: string, found: Awaited<ReturnType<typeof read>>, data: Record<string, string>) => {
    if (!found) await call("POST", path, { options: { cas: 0 }, data });
    else await call("PATCH", path, { options: { cas: found.metadata.version }, data });
  };

  return {
    read: async (path, field) => {
      const value = (await read(path))?.data?.[field];
      return value === undefined ? undefined : String(value);
    },
    write: async (path, field, value) => write(path, await read(path), { [field]: value }),
    fill: async (path, field, value) => {
      const found = await read(path);
      if (found?.data?.[field] !== undefined) return false;
      await write(path, found, { [field]: value });
      return true;
    },
  };
}
