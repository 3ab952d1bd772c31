import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openEventPipe } from "../../../../automation/engine/event-pipe.ts";
import { runProgram } from "../../../../tools/run-program.mjs";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "events-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Opens a pipe, has a shell write to it and answers the events. */
async function readEvents(script: string): Promise<unknown[]> {
  const file = join(folder, "events");
  const seen: unknown[] = [];
  const pipe = await openEventPipe(file, (event) => seen.push(event));
  await runProgram("sh", ["-c", script], { cwd: folder });
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

test("no event is ever in a file, and what an earlier engine left is no hindrance", async () => {
  const file = join(folder, "events");
  spawnSync("mkfifo", [file]);
  const pipe = await openEventPipe(file, () => {});
  expect(statSync(file).isFIFO()).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await pipe.close();
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, "left");
  await (await openEventPipe(file, () => {})).close();
  expect(existsSync(file)).toBe(false);
});

test("a folder where no pipe can be made is an error", async () => {
  await expect(openEventPipe(join(folder, "nowhere", "events"), () => {})).rejects.toThrow("no pipe");
});
