import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { engineEnvironment } from "../../../tools/engine-path.mjs";
import { RUNNER } from "./engine/apart.ts";

const root = new URL("../../..", import.meta.url).pathname;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "own-worker-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `npm start` runs: one that does not end by itself is ended, which is no refusal. */
async function refusal(env: Record<string, string | undefined>): Promise<{ code: unknown; stderr: string }> {
  const given = { GIT_REPO_URL: join(folder, "origin.git"), DATA_DIR: join(folder, "data"), PORT: "0" };
  const started = promisify(execFile)(process.execPath, [join(root, RUNNER)], {
    env: { PATH: engineEnvironment().PATH, HOME: folder, ...given, ...env },
    timeout: 30_000,
  });
  return started.then(
    () => ({ code: 0, stderr: "" }),
    ({ code, stderr }: { code: unknown; stderr: string }) => ({ code, stderr }),
  );
}

test("a runner that would start a worker itself does not start where that finds no engine", async () => {
  // No pulumi on PATH, and no cache in this home.
  const { code, stderr } = await refusal({ PATH: [dirname(process.execPath), "/usr/bin", "/bin"].join(":") });
  expect(stderr).toContain("there is no Pulumi engine: run `node tools/setup.mjs`, or put pulumi on PATH");
  expect(code).toBe(1);
});

test.each([
  [{ ENGINE_STACKS: "Not A Name" }, "ENGINE_STACKS must be names of stacks"],
  [{ ENGINE_SOCKET: "/run/engine/engine.sock" }, "ENGINE_SOCKET is for a worker of its own"],
])("nor with %j, which that would not start with", async (env, message) => {
  const { code, stderr } = await refusal(env);
  expect(stderr).toContain(message);
  expect(code).toBe(1);
});
