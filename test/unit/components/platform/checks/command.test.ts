import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseCause } from "../../../../../automation/domain/cause.ts";
import { commandScript } from "../../../../../components/platform/checks/command.ts";

const folder = mkdtempSync(join(tmpdir(), "dockmaster-checks-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(command: string, attempts: number, limit?: number) {
  const script = commandScript("redis", "redis-check-1", { command, attempts, interval: 0 }, limit);
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", script], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, CHECK: command, COUNT: join(folder, command.length.toString()) },
  });
  return { status, stdout, stderr };
}

describe("a command check", () => {
  it("is content with the first success, and keeps to itself what was printed", () => {
    expect(run(`echo 'it'"'"'s "fine"'; echo warning >&2`, 3)).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("tries again until it succeeds, and not once more", () => {
    const command = `echo again >> "$COUNT"; [ "$(wc -l < "$COUNT")" -eq 3 ]`;
    expect(run(command, 5)).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(readFileSync(join(folder, String(command.length)), "utf8")).toBe("again\n".repeat(3));
  });

  it("fails after its attempts with the reason, what to do and the end of what was printed", () => {
    const { status, stdout, stderr } = run("echo connection refused; exit 7", 2);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(parseCause(`exit status 1: running "…":\n${stderr}`)).toEqual({
      code: "check_failed",
      message: "redis runs, but redis-check-1 failed 2 times",
      hint: "what it printed is below; the next update runs it again",
      logTail: ["connection refused"],
    });
  });

  it("that hangs is ended, with what it started, and fails", () => {
    const { status, stderr } = run("echo waiting; sleep 300 | cat", 1, 1);
    expect({ status, cause: parseCause(stderr) }).toMatchObject({
      status: 1,
      cause: { code: "check_failed", logTail: ["waiting", "it was ended after 1 s"] },
    });
  });

  it("is a shell command, whatever is in it", () => {
    expect(run("exit 1; }; done; rm -rf $x", 1).status).toBe(1);
    expect(run("if then", 1).stderr).toMatch(/failed once .*\n.*syntax error/i);
  });
});
