import { describe, expect, test } from "vitest";
import { causeOf, parseCause } from "../../../../automation/domain/cause.ts";

describe("the cause of a failure", () => {
  test.each<[string, string, object]>([
    [
      "the provider's reason",
      "error: unhealthy: redis is unhealthy (see its log)",
      { code: "unhealthy", message: "redis is unhealthy", hint: "see its log" },
    ],
    [
      "a reason among others",
      "error: 1 error occurred:\n\t* check_failed: 503 from https://x (wait)\nlast\n\nline",
      { code: "check_failed", message: "503 from https://x", hint: "wait", logTail: ["last", "line"] },
    ],
    [
      "a failed check of the engine",
      "error: a:b:C resource 'redis' has a problem: config_invalid: wrong (right)",
      { code: "config_invalid", message: "wrong", hint: "right" },
    ],
    [
      "a preview that failed",
      "error: Preview failed: dokploy_unreachable: no answer from https://d (check DOKPLOY_URL)",
      { code: "dokploy_unreachable", message: "no answer from https://d", hint: "check DOKPLOY_URL" },
    ],
    [
      "a preview that met the wrong server",
      "Preview failed: config_invalid: the state is about https://a, but DOKPLOY_URL is https://b (set it back)",
      { code: "config_invalid", hint: "set it back" },
    ],
    [
      "an operation that failed",
      "update failed: vault_sealed: Vault is sealed (unseal it)",
      { code: "vault_unreachable" },
    ],
    [
      "a hint with parentheses",
      "timeout: hangs (look (twice) there)",
      { code: "timeout", message: "hangs", hint: "look (twice) there" },
    ],
    [
      "a message with parentheses",
      "dokploy_auth: 401 (POST compose.one) (set a key)",
      { code: "dokploy_auth", message: "401 (POST compose.one)", hint: "set a key" },
    ],
    [
      "a reason without a hint",
      "dokploy_auth: refused",
      { code: "dokploy_auth", message: "refused", hint: expect.stringContaining("DOKPLOY_API_KEY") },
    ],
    [
      "a sealed Vault",
      "error: vault_sealed: Vault is sealed (unseal it)",
      { code: "vault_unreachable", message: "Vault is sealed", hint: "unseal it" },
    ],
    [
      "something that Vault lacks",
      "error: vault_missing: version 3 of staging/redis was deleted (restore it)",
      { code: "config_invalid", message: "version 3 of staging/redis was deleted", hint: "restore it" },
    ],
    ["an unbalanced parenthesis", "timeout: hangs)", { code: "timeout", message: "hangs)" }],
    [
      "the program's list of problems",
      "error: 2 problems in stack staging:\n\na.yaml:1:1  wrong",
      { code: "config_invalid", message: "2 problems in stack staging:", logTail: ["a.yaml:1:1  wrong"] },
    ],
    [
      "a wrong passphrase",
      "error: getting secrets manager: incorrect passphrase",
      { code: "config_invalid", hint: expect.stringContaining("PULUMI_CONFIG_PASSPHRASE") },
    ],
    ["a lock", "error: the stack is currently locked by 1 lock(s).", { code: "stack_locked" }],
    ["a sealed Vault", "Error: GET http://vault:8200/v1/x: 503 Vault is sealed", { code: "vault_unreachable" }],
    ["a Vault that refuses", "Error: vault answered 403: permission denied", { code: "vault_denied" }],
    [
      "a missing key of the config",
      "error: Missing required configuration variable 'platform:domain'",
      { code: "config_invalid" },
    ],
    [
      "anything else",
      "TypeError: x is not a function\n    at y.ts:1",
      { code: "program_error", message: "TypeError: x is not a function", logTail: ["at y.ts:1"] },
    ],
    ["nothing", "", { code: "program_error", message: "the engine failed without a word" }],
  ])("is read from %s", (_name, text, expected) => {
    expect(parseCause(text)).toMatchObject(expected);
  });

  test("keeps the end of a long log and the beginning of a long message", () => {
    const log = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    expect(parseCause(["unhealthy: x (y)", ...log].join("\n")).logTail).toEqual(log.slice(-20));
    expect(parseCause("x".repeat(2000)).message).toHaveLength(500);
  });

  test("has its code's hint and no log unless it is given", () => {
    expect(causeOf("canceled", "ada did it")).toEqual({
      code: "canceled",
      message: "ada did it",
      hint: "deploy again when you want it",
    });
    expect(causeOf("timeout", "x", "y", [])).toEqual({ code: "timeout", message: "x", hint: "y" });
  });
});
