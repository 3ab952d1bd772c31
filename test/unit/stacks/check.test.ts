import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const copy = mkdtempSync(join(tmpdir(), "dockmaster-check-"));
for (const folder of ["components", "stacks", "text", "tools", "package.json", "Pulumi.staging.yaml"]) {
  cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
}
symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
afterAll(() => rmSync(copy, { recursive: true }));

function check(root: string, args: string[], platformKey?: string) {
  const { PLATFORM_KEY: _own, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "stacks", "check.ts"), ...args], {
    cwd: tmpdir(),
    encoding: "utf8",
    env: platformKey === undefined ? env : { ...env, PLATFORM_KEY: platformKey },
  });
  return { status, stdout, stderr };
}

describe("check", () => {
  it("is content with the committed staging, without master key, engine or network", () => {
    const { status, stdout, stderr } = check(ROOT, ["staging"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining("are in order") });
    expect(stderr).toBe("note: PLATFORM_KEY is not set: an update needs it\n");
  });

  it("says that production keeps its secrets in Dokploy", () => {
    const { status, stdout } = check(ROOT, ["production", "--json"], "k".repeat(40));
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, notes: [expect.stringContaining("rest in clear")] });
  });

  it("prints every problem of config and compose files, and ends with 1", () => {
    writeFileSync(
      join(copy, "Pulumi.staging.yaml"),
      "config:\n  platform:domain: example.org\n  platform:suffix: ''\n  platform:redis: {memroy: 1g}\n",
    );
    writeFileSync(join(copy, "components/redis/compose.yaml"), "services:\n  redis:\n   image: redis\n  image: x\n");
    const { status, stdout } = check(copy, ["staging", "--json"]);
    expect(status).toBe(1);
    const { ok, problems } = JSON.parse(stdout);
    expect(ok).toBe(false);
    expect(problems).toEqual([
      expect.objectContaining({ file: "Pulumi.staging.yaml", line: 3, column: 3 }),
      expect.objectContaining({
        file: "Pulumi.staging.yaml",
        line: 4,
        message: "`platform:redis.memroy`: unknown key",
      }),
      expect.objectContaining({ file: "components/redis/compose.yaml", line: 4, column: 3 }),
    ]);
  });

  it.each([
    ["an unknown stack", ["nope"], 1],
    ["no stack", [], 2],
    ["an unknown flag", ["staging", "--yes"], 2],
  ])("ends with its code for %s", (_name, args, expected) => {
    expect(check(ROOT, args).status).toBe(expected);
  });

  it("refuses a short master key without saying it", () => {
    const { status, stderr } = check(ROOT, ["staging"], "hunter2");
    expect(status).toBe(1);
    expect(stderr).toContain("shorter than 32 characters");
    expect(stderr).not.toContain("hunter2");
  });
});
