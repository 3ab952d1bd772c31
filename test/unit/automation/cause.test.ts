import { expect, test } from "vitest";
import { parseCause } from "../../../automation/cause.ts";

const HINT = expect.any(String);

test.each<[string, string, object]>([
  [
    "the provider's own words",
    "error: 1 error occurred:\n\t* unhealthy: redis does not answer (see its log)\nline 1\nline 2\n",
    { code: "unhealthy", message: "redis does not answer", hint: "see its log", logTail: ["line 1", "line 2"] },
  ],
  [
    "a hint and a message with parentheses",
    "dokploy_unreachable: no answer from http://127.0.0.1:1 (ECONNREFUSED) (check DOKPLOY_URL (and that it runs))",
    {
      code: "dokploy_unreachable",
      message: "no answer from http://127.0.0.1:1 (ECONNREFUSED)",
      hint: "check DOKPLOY_URL (and that it runs)",
    },
  ],
  ["a message without a hint", "timeout: too long", { code: "timeout", message: "too long", hint: HINT }],
  [
    "a wrong passphrase",
    'error: could not deserialize deployment: constructing secrets manager of type "passphrase": incorrect passphrase',
    { code: "config_invalid", message: expect.stringContaining("incorrect passphrase"), hint: HINT },
  ],
  [
    "a locked stack",
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end",
    { code: "stack_locked", message: expect.stringContaining("locked"), hint: HINT },
  ],
  [
    "mistakes that the program found before the first resource",
    "2 problems in stack staging; nothing was changed:\n  Pulumi.staging.yaml:3:1 is missing\n  another",
    {
      code: "config_invalid",
      message: "2 problems in stack staging; nothing was changed:",
      hint: HINT,
      logTail: ["Pulumi.staging.yaml:3:1 is missing", "another"],
    },
  ],
  [
    "an exception of the program",
    "Running program '/x/index.mjs' failed with an unhandled exception:\n<ref *1> Error: no such thing: x\n    at /x/index.mjs:1\nTypeError: x is not a function\n    at",
    { code: "program_error", message: "TypeError: x is not a function", hint: HINT },
  ],
  ["nothing at all", "", { code: "program_error", message: "the engine failed without a word", hint: HINT }],
])("%s", (_name, text, expected) => {
  expect(parseCause(text)).toMatchObject(expected);
});
