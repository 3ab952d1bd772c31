import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepState } from "../../../../automation/state/keep-state.ts";

let folder: string;
let dataDir: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keep-state-"));
  dataDir = join(folder, "worker");
  mkdirSync(dataDir);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const state = "state/.pulumi/stacks/platform/staging.json";
const history = "state/.pulumi/history/platform/staging/1.json";
const text = "x".repeat(300_000);
const archive = () => {
  for (const name of [state, history]) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return execFileSync("tar", ["--create", "--directory", folder, "--", state, history], { maxBuffer: 10 ** 7 });
};
async function* pieces(of: Buffer, error?: Error): AsyncGenerator<Buffer> {
  yield of;
  if (error) throw error;
}

test("a state that was cut off on its way is none, and is kept when it comes again", async () => {
  const whole = archive();
  for (const part of [0.3, 0.7]) {
    const cut = whole.subarray(0, Math.floor(whole.length * part));
    await expect(keepState(dataDir, pieces(cut, new Error("the door is gone")))).rejects.toThrow("the door is gone");
    await expect(keepState(dataDir, pieces(cut))).rejects.toThrow("cannot be kept");
    expect(existsSync(join(dataDir, state))).toBe(false);
  }
  await keepState(dataDir, pieces(whole));
  for (const name of [state, history]) expect(readFileSync(join(dataDir, name), "utf8")).toBe(text);
  expect(existsSync(join(dataDir, "state-arriving"))).toBe(false);
});

test("a state is never kept over one that is there", async () => {
  mkdirSync(join(dataDir, state, ".."), { recursive: true });
  writeFileSync(join(dataDir, state), "newer");
  await keepState(dataDir, pieces(archive()));
  expect(readFileSync(join(dataDir, state), "utf8")).toBe("newer");
});
