import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isLocal, killSession } from "../../automation/engine/process-group.ts";
import { openStore } from "../../automation/store/open.ts";
import { findWorker, processesOf } from "../integration/runner/engine/apart.ts";
import { type Harness, startHarness } from "../integration/runner/harness.ts";
import { until } from "../integration/runner/until.ts";

/** Who is killed. */
export type Victim = "runner" | "engine" | "both" | "worker";

/** A point of a run's way, and who is killed there. */
export interface KillPoint {
  name: string;
  victim: Victim;
  /** `exact`: the runner kills itself as it comes there. `deploying`: when so many services are being deployed or were. */
  at: "exact" | "answered" | { deploying: number };
}

const EXACT = [
  "claimed",
  "checkout begun",
  "dependencies begun",
  "engine begun",
  "before the session is on record",
  "session on record",
  "lock on record",
  "engine ended",
  "before the end is on record",
];

/** Every point that is hit, in the order of a run's way. */
export const KILL_POINTS: KillPoint[] = [
  { name: "right after the answer", victim: "runner", at: "answered" },
  ...EXACT.slice(0, 7).map((name): KillPoint => ({ name, victim: "runner", at: "exact" })),
  ...(["runner", "engine", "both", "worker"] as const).flatMap((victim): KillPoint[] => [
    { name: "while the first service is deployed", victim, at: { deploying: 1 } },
    { name: "while the second service is deployed", victim, at: { deploying: 2 } },
  ]),
  ...EXACT.slice(7).map((name): KillPoint => ({ name, victim: "runner", at: "exact" })),
];

/** What was found after one kill. */
export interface KillResult {
  point: KillPoint;
  /** Seconds from the kill until the run, or what took its place, had succeeded. */
  seconds: number;
  attempts: number;
  /** What was not as it must be. */
  violations: string[];
}

const PROGRAM = "test/stress/runner.ts";
const SLOW = 60_000;

/** Kills at every point, each time in a run of its own on the same stack, and looks at what is left. */
export async function killEverywhere(
  points: readonly KillPoint[],
  onResult: (result: KillResult) => void = () => {},
): Promise<KillResult[]> {
  const harness = await startHarness({}, { apart: PROGRAM });
  try {
    const first = await harness.deploy("staging", "v1.0.1");
    if (first.status !== 200) throw new Error(`the first release failed: ${JSON.stringify(first.body)}`);
    const results: KillResult[] = [];
    for (const [index, point] of points.entries()) {
      const result = await killAt(harness, point, index);
      onResult(result);
      results.push(result);
    }
    return results;
  } finally {
    await harness.stop();
  }
}

async function killAt(harness: Harness, point: KillPoint, index: number): Promise<KillResult> {
  const tag = `v1.0.${2 * index + 2}`;
  const newer = `v1.0.${2 * index + 3}`;
  const release = (name: string) => {
    const env = { TAG: name };
    harness.origin.release(name, { "env.json": JSON.stringify({ chained: true, postgres: env, redis: env }) });
  };
  harness.env.KILL_AT = point.at === "exact" ? point.name : "";
  await harness.runner.stop(0);
  await harness.restart();
  // Not before: the runner would find it by itself.
  release(tag);
  const before = harness.actions().length;
  // The chain deploys postgres first; the one that is to be interrupted takes for ever.
  const deploying = typeof point.at === "object" ? point.at.deploying : 0;
  const slow = ["staging/postgres", "staging/redis"][deploying - 1];
  if (slow) harness.script(slow, { delayMs: SLOW });

  // A runner that kills itself may be gone before it has answered.
  const answer = await harness.deploy("staging", tag, {}, { waitSeconds: 0 }).catch(() => undefined);
  await kill(harness, point, String(answer?.body.run), () => harness.actions().length - before >= deploying);
  const since = performance.now();
  if (slow) harness.script(slow, null);
  // Every second time a newer release is asked for before the old run could go on.
  const last = index % 2 === 1 ? newer : tag;
  if (point.victim === "runner" || point.victim === "both") await harness.restart();
  if (last === newer) {
    release(newer);
    await harness.deploy("staging", newer, {}, { waitSeconds: 0 });
  }
  const run = await settle(harness, last);
  const seconds = (performance.now() - since) / 1000;
  return {
    point,
    seconds,
    attempts: Number(run?.attempts ?? 0),
    violations: await inspect(harness, run, last, before),
  };
}

async function kill(harness: Harness, point: KillPoint, run: string, isDeploying: () => boolean): Promise<void> {
  if (point.at === "exact") {
    const late = AbortSignal.timeout(120_000);
    await Promise.race([
      harness.runner.gone,
      new Promise((_, reject) => late.addEventListener("abort", () => reject(new Error(`${point.name} never came`)))),
    ]);
    return;
  }
  if (point.at !== "answered") await until(`${point.name}`, 120_000, isDeploying);
  const session = await readSession(harness, run);
  if (point.victim === "worker") return void process.kill(findWorker(harness.runner.pid), "SIGKILL");
  if (point.victim !== "engine") await harness.runner.kill();
  if (point.victim !== "runner") {
    if (!session || !isLocal(session)) throw new Error("the engine's session is not on record");
    await killSession(session);
  }
}

async function readSession(harness: Harness, run: string) {
  const store = await openStore(`sqlite:${join(harness.folder, "data/dockmaster.db")}`);
  try {
    return (await store.run(run))?.session ?? null;
  } finally {
    await store.close();
  }
}

type Listed = { id: string; tag: string; state: string; attempts: number; finished_at: string | null };

async function listRuns(harness: Harness): Promise<Listed[]> {
  return (await harness.send("GET", "/runs?env=staging&limit=200")).body.runs as Listed[];
}

async function settle(harness: Harness, tag: string): Promise<Listed | undefined> {
  return until(`${tag} has ended and nothing is under way`, 180_000, async () => {
    const runs = await listRuns(harness);
    const run = runs.find((each) => each.tag === tag);
    return run && runs.every(({ finished_at }) => finished_at !== null) ? run : undefined;
  });
}

async function inspect(harness: Harness, run: Listed | undefined, tag: string, before: number): Promise<string[]> {
  const violations: string[] = [];
  if (run?.state !== "succeeded") violations.push(`the run of ${tag} is ${run?.state ?? "lost"}`);
  for (const service of ["postgres", "redis"]) {
    const live = harness.live(`staging/${service}`) as { deployed?: boolean; env?: { TAG?: string } } | undefined;
    if (live?.deployed !== true || live.env?.TAG !== tag)
      violations.push(`${service} has ${live?.env?.TAG}, not ${tag}`);
  }
  // One engine after the other: once another one wrote, the one before it never does again.
  const writers = harness
    .actions()
    .slice(before)
    .map(({ pid }) => pid);
  const turns = writers.filter((pid, index) => pid !== writers[index - 1]);
  if (new Set(turns).size !== turns.length) violations.push(`two engines wrote at once: ${turns.join(", ")}`);
  const locks = join(harness.folder, "data/state/.pulumi/locks/organization/dockmaster/staging");
  const left = existsSync(locks) ? readdirSync(locks).filter((name) => name.endsWith(".json")) : [];
  if (left.length > 0) violations.push(`${left.length} locks are left`);
  // The runner's own look at Git, which comes and goes, is no orphan.
  const orphans = () => processesOf(harness.folder, [harness.runner.pid]);
  await until("no process is left", 5_000, () => orphans().length === 0).catch(() => {
    violations.push(`processes are left: ${orphans().join(", ")}`);
  });
  return violations;
}
