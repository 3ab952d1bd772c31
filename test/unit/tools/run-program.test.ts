import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { isAlive } from "../../../automation/engine/process-group.ts";
import { runProgram } from "../../../tools/run-program.mjs";

const folder = mkdtempSync(join(tmpdir(), "run-program-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sh = (script: string, options: Parameters<typeof runProgram>[2] = {}) =>
  runProgram("sh", ["-c", script], options);
describe("a program that runs to its end", () => {
  test("answers its code and what it wrote on both", async () => {
    const end = await sh("echo out; echo err >&2; exit 3");
    expect(end).toEqual({ code: 3, killedBy: null, ended: null, stdout: "out\n", stderr: "err\n" });
  });

  test("finds its input, and without one the end of it at once", async () => {
    expect((await sh("cat", { input: "given" })).stdout).toBe("given");
    expect((await sh("cat")).stdout).toBe("");
    // It ends before it has read everything.
    expect((await sh("exit 0", { input: "x".repeat(1_000_000) })).code).toBe(0);
  });

  test("sees exactly the environment that it gets", async () => {
    const { stdout } = await runProgram("/usr/bin/env", [], { env: { ONLY: "this" } });
    expect(stdout).toBe("ONLY=this\n");
  });

  test("keeps the end of much", async () => {
    const { stdout } = await sh("seq 1 100000", { keep: 7 });
    expect(stdout).toBe("100000\n");
  });

  test("says which signal killed it", async () => {
    expect(await sh("kill -KILL $$")).toMatchObject({ code: null, killedBy: "SIGKILL", ended: null });
  });
});

test("a program that is not there is an error", async () => {
  await expect(runProgram("no-such-program-anywhere", [])).rejects.toMatchObject({ code: "ENOENT" });
});

describe("a program that is ended from here", () => {
  /** Starts something else that outlives it and holds its pipes, and writes both numbers. */
  const stubborn = (name: string) => `sleep 60 & echo $! $$ > ${join(folder, name)}; wait`;
  const pids = (name: string) => readFileSync(join(folder, name), "utf8").split(" ").map(Number);

  test("is late, and all that it started is gone when it runs apart", async () => {
    const end = await sh(stubborn("late"), { timeoutMs: 300, apart: true });
    expect(end).toMatchObject({ code: null, ended: "late" });
    await vi.waitFor(() => expect(pids("late").filter(isAlive)).toEqual([]));
  });

  test("is aborted, and nobody waits for what holds its pipes", async () => {
    const stop = new AbortController();
    const ending = sh(stubborn("aborted"), { signal: stop.signal });
    await vi.waitFor(() => expect(pids("aborted").length).toBe(2));
    stop.abort();
    expect(await ending).toMatchObject({ code: null, ended: "aborted" });
    for (const pid of pids("aborted").filter(isAlive)) process.kill(pid, "SIGKILL");
  });

  test("is killed when it takes no notice", async () => {
    const end = await sh("trap '' TERM; while :; do sleep 0.1; done", { timeoutMs: 200, apart: true });
    expect(end.ended).toBe("late");
  });

  test("is not started when it is not wanted any more", async () => {
    const end = await sh(`echo > ${join(folder, "started")}`, { signal: AbortSignal.abort() });
    expect(end.ended).toBe("aborted");
    expect(() => readFileSync(join(folder, "started"))).toThrow();
  });
});
