import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { knownSecrets } from "../../../automation/config.ts";
import { createVariables } from "../../../automation/environment.ts";
import { maskEarly } from "../../../automation/mask-early.ts";

const env = {
  DATABASE_URL: "postgres://me:pass%2Fword1@db/x?sslpassword=key-of-mine&password=another+one",
  NOTIFY_SLACK: "https://chat.example.org/services/T000/B000/abcdefghijkl?token=query-token",
  PLATFORM_KEY: "platform-key-of-mine",
};

test("an address is a secret by its parts: passwords as written and as meant, parameters, a hook's path", () => {
  expect(knownSecrets(createVariables(env))).toEqual(
    expect.arrayContaining([
      ...["pass%2Fword1", "pass/word1", "key-of-mine", "another one", "another+one"],
      ...[env.NOTIFY_SLACK, "/services/T000/B000/abcdefghijkl?token=query-token", "abcdefghijkl", "query-token"],
    ]),
  );
});

test("what is said before there is a log is masked, and acts on no terminal", () => {
  const said = [
    "connect failed: password authentication for pass/word1 at",
    env.DATABASE_URL,
    "\u001b[2Jplatform-key-of-mine",
    Buffer.from("x key-of-mine y").toString("base64"),
  ].join("\n");
  const shown = maskEarly(said, env);
  for (const secret of ["pass/word1", "pass%2Fword1", "key-of-mine", "another", "platform-key", "\u001b"]) {
    expect(shown).not.toContain(secret);
  }
  expect(shown.split("\n")).toHaveLength(4);
});

test("a file that cannot be read is no reason to say nothing, or to leave the others readable", () => {
  const folder = mkdtempSync(join(tmpdir(), "mask-early-"));
  writeFileSync(join(folder, "token"), "token-in-a-file\n");
  const files = { API_TOKEN_FILE: join(folder, "token"), WEBHOOK_SECRET_FILE: join(folder, "absent") };
  expect(maskEarly("absent cannot be read, token-in-a-file", { ...env, ...files })).toBe(
    "absent cannot be read, [secret]",
  );
  rmSync(folder, { recursive: true });
});
