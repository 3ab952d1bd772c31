import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { engineEnvironment } from "../../../../tools/engine-path.mjs";
import { canChangeUsers } from "./two-users.ts";

const root = new URL("../../../..", import.meta.url).pathname;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "refused-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const start = (env: Record<string, string>) =>
  promisify(execFile)(process.execPath, [join(root, "automation/engine-worker.mjs")], {
    env: { PATH: engineEnvironment().PATH, HOME: process.env.HOME, ...env },
    timeout: 30_000,
  });

test.each([
  [{ ENGINE_USERS: "root" }, "ENGINE_USERS must be a range of at least two numbers of users"],
  [{ ENGINE_USERS: "20000" }, "ENGINE_USERS must be a range of at least two numbers of users"],
  [{ ENGINE_USERS: "20007-20000" }, "ENGINE_USERS must be a range of at least two numbers of users"],
  [{ ENGINE_STACKS: "Not A Name" }, "ENGINE_STACKS must be names of stacks"],
  [{ ENGINE_SOCKET: "relative.sock" }, "ENGINE_SOCKET must be an absolute path"],
])("an engine worker does not start with %j", async (env, message) => {
  await expect(start({ ...env, DATA_DIR: folder })).rejects.toThrow(message);
});

test.skipIf(!canChangeUsers())("one that may not change users says what that needs", async () => {
  const without = ["--bounding-set=-setuid,-setgid", "--inh-caps=-setuid,-setgid", "--"];
  const program = [process.execPath, join(root, "automation/engine-worker.mjs")];
  const env = { PATH: engineEnvironment().PATH, HOME: process.env.HOME, DATA_DIR: folder, ENGINE_USERS: "20000-20003" };
  const started = promisify(execFile)("setpriv", [...without, ...program], { env, timeout: 30_000 });
  await expect(started).rejects.toThrow("ENGINE_USERS needs a worker that may change users: root with");
});
