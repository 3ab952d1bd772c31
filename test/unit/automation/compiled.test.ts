import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-compiled-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Whether a process that loads all of the runner's code as the runner does has what strips types in memory. */
function loadsStripping(env: Record<string, string>): boolean {
  const script = `
    await import("./automation/compiled.mjs");
    const parts = ["serve.ts", "serve-engine.ts", "store/sql-store.ts", "store/database/sqlite.ts"];
    parts.push("work/update.ts", "work/look/answer.ts", "../components/look/look.ts");
    for (const each of parts) await import("./automation/" + each);
    console.log(process.moduleLoadList.some((name) => name.includes("internal/deps/amaro")));
    process.exit(0);`;
  const said = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: join(import.meta.dirname, "../../.."),
    env: { PATH: process.env.PATH, ...env },
    encoding: "utf8",
  });
  return said.trim() === "true";
}

test("a first start has its code compiled by a process that ends, and the next one finds it", () => {
  const env = { DATA_DIR: join(folder, "data") };
  expect(loadsStripping(env)).toBe(false);
  expect(statSync(env.DATA_DIR).mode & 0o777).toBe(0o700);
  const kept = readdirSync(join(env.DATA_DIR, "pulumi/node")).sort();
  expect(kept).toEqual([expect.stringMatching(/^runner-[0-9a-f]{16}$/), expect.stringMatching(/^v24/)]);
  expect(loadsStripping(env)).toBe(false);
  expect(readdirSync(join(env.DATA_DIR, "pulumi/node")).sort()).toEqual(kept);
});

test("where the environment names the folder, that one is used", () => {
  const env = { DATA_DIR: join(folder, "data"), NODE_COMPILE_CACHE: join(folder, "given") };
  expect(loadsStripping(env)).toBe(false);
});

test("a start goes on where nothing can be kept", () => {
  expect(loadsStripping({ DATA_DIR: "/dev/null/data" })).toBe(true);
  expect(loadsStripping({ DATA_DIR: join(folder, "data"), NODE_DISABLE_COMPILE_CACHE: "1" })).toBe(true);
});
