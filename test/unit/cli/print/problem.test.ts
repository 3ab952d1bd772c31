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
  ["what nobody foresaw", new TypeError("oops"), 1, { code: "bug", message: "oops", hint: "Please report it" }],
])("is told with what to do: %s", (_, error, code, problem) => {
  expect(told(error)).toEqual({ code, problem });
});
