import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openEventPipe } from "../../../../automation/engine/event-pipe.ts";
import { runProgram } from "../../../../tools/run-program.mjs";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "events-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a pipe, has a shell write to it and answers the events. */
async function readEvents(script: string): Promise<unknown[]> {
  const seen: unknown[] = [];
  const pipe = await openEventPipe((event) => seen.push(event));
  await runProgram("sh", ["-c", script], { cwd: dirname(pipe.file) });
  await pipe.close();
  return seen;
}

test("every event arrives, however it is cut, before the pipe is closed", async () => {
  const script = `printf '{"sequence":1}\\n{"seq' > events; sleep 0.05; printf 'uence":2}\\n\\n{"sequence":3}\\n' >> events`;
  expect(await readEvents(script)).toEqual([{ sequence: 1 }, { sequence: 2 }, { sequence: 3 }]);
});

test("many more events than a pipe holds arrive, in order", async () => {
  const seen = await readEvents(`seq 1 50000 | sed 's/.*/{"sequence":&,"text":"äöü"}/' > events`);
  expect(seen.length).toBe(50_000);
  expect(seen.at(-1)).toEqual({ sequence: 50_000, text: "äöü" });
});

test("an engine that wrote nothing, or was killed in the middle of an event, ends it too", async () => {
  expect(await readEvents(":")).toEqual([]);
  expect(await readEvents(`printf '{"sequence":1}\\n{"seq' > events`)).toEqual([{ sequence: 1 }]);
});

test("no event is ever in a file, and nothing is left of the pipe", async () => {
  vi.stubEnv("TMPDIR", folder);
  const [first, second] = [await openEventPipe(() => {}), await openEventPipe(() => {})];
  for (const { file } of [first, second]) {
    expect(statSync(file).isFIFO()).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
  await Promise.all([first.close(), second.close()]);
  expect(readdirSync(folder)).toEqual([]);
});

test("a folder where no pipe can be made is an error", async () => {
  vi.stubEnv("TMPDIR", join(folder, "nowhere"));
  await expect(openEventPipe(() => {})).rejects.toThrow("no pipe");
});
