import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTagKey, publicKeyOf } from "../../../../../components/bootstrap/github/tag-key.ts";

test("a key for tags is one that ssh reads, and its public half is what ssh-keygen says it is", () => {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-tag-key-"));
  try {
    const file = join(folder, "key");
    const key = makeTagKey();
    writeFileSync(file, key, { mode: 0o600 });
    const said = execFileSync("ssh-keygen", ["-y", "-P", "", "-f", file], { encoding: "utf8" }).trim();
    expect(publicKeyOf(key)).toBe(said);
    expect(makeTagKey()).not.toBe(key);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("another kind of key is refused", () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  expect(() => publicKeyOf(privateKey.export({ type: "pkcs8", format: "pem" }).toString())).toThrow("TAG_KEY");
});
