import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Run } from "../../../../automation/domain/run.ts";
import type { Mirror } from "../../../../automation/git/mirror.ts";
import type { RunEvents, RunSpec, WorkContext } from "../../../../automation/work/perform.ts";
import { performRun } from "../../../../automation/work/update.ts";

let folder: string;
const node = process.execPath;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "update-"));
  writeFileSync(join(folder, "package-lock.json"), "{}");
});
afterEach(() => {
  process.execPath = node;
  rmSync(folder, { recursive: true });
});

test("a run whose engine's process cannot be started fails, and is not tried again and again", async () => {
  process.execPath = join(folder, "nowhere");
  let checkouts = 0;
  const git: Mirror["git"] = async ([word, sub]) => {
    if (word !== "worktree" || sub !== "add") return "";
    const workDir = join(folder, "worktrees", "staging");
    mkdirSync(workDir);
    for (const file of ["Pulumi.staging.yaml", "package-lock.json"]) writeFileSync(join(workDir, file), "{}");
    writeFileSync(join(workDir, "Pulumi.yaml"), "name: dockmaster\n");
    if (++checkouts > 3) throw new Error("tried again and again");
    return "";
  };
  const log = { child: () => log, warn: () => {}, error: () => {} } as unknown as WorkContext["log"];
  const context = {
    mirror: { fetch: async () => {}, git },
    catalogue: { services: async () => ["redis"] },
    config: { dataDir: folder, backendUrl: `file://${folder}`, runTimeoutMs: 1_000, logLevel: "info" },
    ...{ log, folder, enginePath: "/nowhere", npmEnvironment: {} },
    mask: (text: string) => text,
    programEnvironment: () => ({}),
  } as unknown as WorkContext;
  const run = { id: "r", kind: "deploy", stack: "staging", tag: null, commit: "a".repeat(40), session: null };
  const spec = { run: { ...run, attempts: 0, outcomes: [] } as unknown as Run, before: undefined, known: true };
  const events = { append: async () => {}, phaseEnded: () => {} } as unknown as RunEvents;
  const { verdict } = await performRun(context, spec satisfies RunSpec, events, new AbortController().signal);
  expect(verdict).toMatchObject({ next: "fail", cause: { message: expect.stringContaining("could not be started") } });
});
