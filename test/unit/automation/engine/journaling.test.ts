import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copySalt, fitsService, namesKey } from "../../../../automation/engine/journaling.ts";

test.each([
  ["", false],
  ["config: {}\n", false],
  ["encryptionsalt: v1:a:b\n", true],
  ["encryptionsalt: ''\n", false],
  ["secretsprovider: passphrase\n", false],
  ["secretsprovider: 'default'\n", false],
  ["secretsprovider: awskms://alias/key\n", true],
])("a stack's file %j says how its secrets are encrypted: %s", (text, expected) => {
  expect(namesKey(text)).toBe(expected);
});

test.each([
  ["name: p\n", true],
  ["", true],
  [`description: ${"x".repeat(256)}\n`, true],
  [`description: ${"x".repeat(257)}\n`, false],
  [`description: ${"ü".repeat(129)}\n`, false],
  ["config:\n  pulumi:tags:\n    a b: c\n", false],
  ["config:\n", true],
])("what a file of %j says fits Pulumi's own service: %s", (text, expected) => {
  expect(fitsService(text)).toBe(expected);
});

test("a new stack's salt is copied once, and never over another", () => {
  const folder = mkdtempSync(join(tmpdir(), "journaling-"));
  const [from, to] = [join(folder, "from.yaml"), join(folder, "to.yaml")];
  writeFileSync(from, "config: {}\nencryptionsalt: v1:new:key\n");
  writeFileSync(to, "config:\n  a:b: c");
  for (let time = 0; time < 2; time++) copySalt(from, to);
  expect(readFileSync(to, "utf8")).toBe("config:\n  a:b: c\nencryptionsalt: v1:new:key\n");
  writeFileSync(to, "encryptionsalt: v1:own:key\n");
  copySalt(from, to);
  expect(readFileSync(to, "utf8")).toBe("encryptionsalt: v1:own:key\n");
  rmSync(folder, { recursive: true });
});
