import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { holdsClearSecrets, removeClearCopies, writeStateCopy } from "../../../../automation/state/state-copies.ts";

const MARK = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const ASSET = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17" };
const state = (value: unknown) =>
  JSON.stringify({ version: 3, deployment: { resources: [{ urn: "a", inputs: { env: [{ deep: value }] } }] } });

describe("a copy of a state holds secrets in clear", () => {
  it.each([
    ["with a secret's value", state({ ...MARK, plaintext: '"pw"' }), true],
    [
      "with one among encrypted ones",
      state([
        { ...MARK, ciphertext: "v1:x" },
        { ...MARK, plaintext: "1" },
      ]),
      true,
    ],
    ["not when all are encrypted", state({ ...MARK, ciphertext: "v1:x" }), false],
    ["not when a value is only named so", state({ plaintext: "read me" }), false],
    ["not in a marked value that is no secret", state({ ...ASSET, plaintext: "read me" }), false],
    ["not without resources", JSON.stringify({ version: 3, deployment: null }), false],
    ["when it was cut off, and nobody can tell", state({ ...MARK, ciphertext: "v1:x" }).slice(0, -20), true],
    ["when it is empty", "", true],
  ])("%s", (_, text, expected) => {
    expect(holdsClearSecrets(text)).toBe(expected);
  });
});

describe("the folder of copies", () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "dockmaster-copies-"));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  test("loses those in clear and those that were cut off, and keeps the encrypted ones", async () => {
    const folder = join(dataDir, "state-copies");
    mkdirSync(folder);
    writeFileSync(join(folder, "staging-1-2.json"), state({ ...MARK, plaintext: '"pw"' }));
    writeFileSync(join(folder, "staging-2-2.json.part"), '{"version":3');
    await writeStateCopy(join(folder, "staging-3-2.json"), state({ ...MARK, ciphertext: "v1:x" }));
    const { removed } = await removeClearCopies(dataDir);
    expect(removed.sort()).toEqual(["staging-1-2.json", "staging-2-2.json.part"]);
    expect(readdirSync(folder)).toEqual(["staging-3-2.json"]);
    expect(statSync(join(folder, "staging-3-2.json")).mode & 0o777).toBe(0o600);
    expect(await removeClearCopies(dataDir)).toEqual({ removed: [], errors: [] });
  });

  test("loses those in clear although another cannot be read", async () => {
    const folder = join(dataDir, "state-copies");
    mkdirSync(join(folder, "a folder"), { recursive: true });
    writeFileSync(join(folder, "staging-1-2.json"), state({ ...MARK, plaintext: '"pw"' }));
    expect(await removeClearCopies(dataDir)).toEqual({ removed: ["staging-1-2.json"], errors: [expect.any(Error)] });
    expect(readdirSync(folder)).toEqual(["a folder"]);
  });

  test("need not be there", async () => {
    expect(await removeClearCopies(dataDir)).toEqual({ removed: [], errors: [] });
  });
});
