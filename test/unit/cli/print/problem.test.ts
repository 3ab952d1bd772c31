import { expect, test } from "vitest";
import { printProblem } from "../../../../cli/print/problem.ts";
import { CliError } from "../../../../cli/problem.ts";
import { DokployError } from "../../../../components/dokploy/api/errors.ts";
import { VaultError } from "../../../../components/vault/api/errors.ts";

/** What a program reads of an error, and the exit code. */
function told(error: unknown): { code: number; problem: object } {
  const { write } = process.stdout;
  let text = "";
  process.stdout.write = (chunk) => {
    text += chunk;
    return true;
  };
  try {
    const code = printProblem(error, true);
    return { code, problem: JSON.parse(text).error };
  } finally {
    process.stdout.write = write;
  }
}

test.each<[string, Error, number, object]>([
  [
    "wrong use",
    new CliError("wrong_use", "a", "b", { exitCode: 2 }),
    2,
    { code: "wrong_use", message: "a", hint: "b" },
  ],
  [
    "what Dokploy refuses",
    new DokployError("auth", "the key is not accepted", "set another"),
    1,
    { code: "dokploy_failed", message: "the key is not accepted", hint: "Set another" },
  ],
  [
    "a Dokploy that does not answer",
    new DokployError("transient", "no answer", "check DOKPLOY_URL", false, { cause: new Error() }),
    1,
    { code: "dokploy_unreachable", message: "no answer", hint: "Check DOKPLOY_URL" },
  ],
  [
    "what Vault refuses",
    new VaultError("vault_denied", "not allowed", "renew VAULT_TOKEN"),
    1,
    { code: "vault_denied", message: "not allowed", hint: "Renew VAULT_TOKEN" },
  ],
  [
    "a Vault that is sealed",
    new VaultError("vault_sealed", "Vault is sealed", "unseal it"),
    1,
    { code: "vault_failed", message: "Vault is sealed", hint: "Unseal it" },
  ],
  [
    "a Vault that does not answer",
    new VaultError("vault_unreachable", "no answer", "check VAULT_ADDR", new Error()),
    1,
    { code: "vault_unreachable", message: "no answer", hint: "Check VAULT_ADDR" },
  ],
  [
    "a Vault that answers with a mistake of its own",
    new VaultError("vault_unreachable", "GET a answered 500", "check VAULT_ADDR"),
    1,
    { code: "vault_failed", message: "GET a answered 500", hint: "Check VAULT_ADDR" },
  ],
  ["what nobody foresaw", new TypeError("oops"), 1, { code: "bug", message: "oops", hint: "Please report it" }],
])("is told with what to do: %s", (_, error, code, problem) => {
  expect(told(error)).toEqual({ code, problem });
});
