import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Run } from "../../../../automation/domain/run.ts";
import type { RunEvents, WorkContext, WorkSpec } from "../../../../automation/work/perform.ts";
import { performRun } from "../../../../automation/work/update.ts";

let folder: string;
let release: string;
const node = process.execPath;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "update-"));
  writeFileSync(join(folder, "package-lock.json"), "{}");
  release = join(folder, "release");
  mkdirSync(release);
});
afterEach(() => {
  process.execPath = node;
  rmSync(folder, { recursive: true });
});

test("a run whose engine's process cannot be started fails, and is not tried again and again", async () => {
  process.execPath = join(folder, "nowhere");
  let unpacked = 0;
  for (const file of ["Pulumi.staging.yaml", "package-lock.json"]) writeFileSync(join(release, file), "{}");
  writeFileSync(join(release, "Pulumi.yaml"), "name: dockmaster\n");
  const archive = execFileSync("tar", ["--create", "--directory", release, "."]);
  const files = async function* () {
    if (++unpacked > 3) throw new Error("tried again and again");
    yield archive;
  };
  const log = { child: () => log, warn: () => {}, error: () => {} } as unknown as WorkContext["log"];
  const context = {
    config: { dataDir: folder, backendUrl: `file://${folder}`, logLevel: "info" },
    files,
    ...{ log, folder, enginePath: "/nowhere", npmEnvironment: {} },
    mask: (text: string) => text,
    proven: new Map(),
    programEnvironment: () => ({}),
  } as unknown as WorkContext;
  const run = { id: "r", kind: "deploy", stack: "staging", tag: null, commit: "a".repeat(40), session: null };
  const spec = { run: { ...run, attempts: 0, outcomes: [] } as unknown as Run, before: undefined, known: true };
  const work = { ...spec, services: ["redis"], merged: true, runTimeoutMs: 1_000, outagePatienceMs: 0 };
  const events = { append: async () => {}, phaseEnded: () => {} } as unknown as RunEvents;
  const { verdict } = await performRun(context, work satisfies WorkSpec, events, new AbortController().signal);
  expect(verdict).toMatchObject({ next: "fail", cause: { message: expect.stringContaining("could not be started") } });
});
