import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunKind } from "../../../automation/domain/run.ts";
import { RequestError } from "../../../automation/http/errors.ts";
import type { Runner } from "../../../automation/runner.ts";
import { openStore } from "../../../automation/store/open.ts";
import type { Store } from "../../../automation/store/store.ts";
import { performRun } from "../../../automation/update.ts";

const T0 = 1_780_000_000_000;

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-retry-"));
  store = await openStore(`sqlite:${join(folder, "runs.db")}`);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const accept = (kind: RunKind, commit: string) =>
  store.accept(
    {
      kind,
      stack: "staging",
      tag: null,
      commit: commit.repeat(40),
      services: null,
      rollback: false,
      triggeredBy: "ada",
      reason: null,
      requestId: "r",
    },
    T0,
  );

/** Performs a run whose remote is away once and which then has no such stack. Returns how it ended, and how often it was tried. */
async function perform(kind: RunKind, meanwhile: () => Promise<unknown> = async () => {}) {
  await accept(kind, "a");
  const claim = (await store.claim("test", 30_000, T0))!;
  await meanwhile();
  let tries = 0;
  let now = T0;
  const log = { child: () => log, info: () => {}, warn: () => {}, error: () => {} };
  const runner = {
    store,
    mirror: {
      fetch: async () => {
        tries += 1;
        if (tries === 1) throw new RequestError("git_unreachable");
      },
    },
    catalogue: { services: async () => undefined },
    config: { dataDir: folder, backendUrl: `file://${folder}`, runTimeoutMs: 1 },
    variables: { get: () => undefined },
    metrics: { phases: { observe: () => {} } },
    log,
    mask: (text: string) => text,
    enginePath: "/nowhere",
    // A wait of five seconds has one look at the queue in it.
    now: () => (now += 3_000),
    changed: () => {},
  };
  const ending = await performRun(runner as unknown as Runner, claim, new AbortController().signal);
  return { tries, message: ending.verdict.next === "leave" ? undefined : ending.verdict.cause?.message };
}

test.each<RunKind>(["deploy", "preview"])("a %s whose remote is away for a moment is tried again", async (kind) => {
  expect(await perform(kind)).toMatchObject({ tries: 2, message: expect.stringContaining("Pulumi.staging.yaml") });
});

test.each<RunKind>(["deploy", "preview"])("a %s is not tried again in the way of a newer release", async (kind) => {
  expect(await perform(kind, () => accept("deploy", "b"))).toMatchObject({ tries: 1 });
});
