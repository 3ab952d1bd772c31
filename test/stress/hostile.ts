import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type Harness, startHarness } from "../integration/runner/harness.ts";
import { until } from "../integration/runner/until.ts";
import { quantiles } from "./load.ts";

/** What was seen while hostile requests of every kind came. */
export interface HostileResult {
  seconds: number;
  connections: number;
  /** Of signed deploys sent meanwhile: how many, how long until each was accepted, in milliseconds, and the longest. */
  deploys: { sent: number; p50: number; p99: number; longest: number };
  /** Highest resident memory of the runner's process, in MiB, and before. */
  memory: { before: number; peak: number };
  /** How long the event loop stood still at most, in milliseconds. */
  longestBlock: number;
  violations: string[];
}

const TOKEN = "a-token-for-readers-that-is-long-enough";
/** A signed deploy has to be accepted within this time, in milliseconds, and the runner to stay below this, in MiB. */
const ACCEPTED_WITHIN = 2_000;
const MEMORY = 250;

/** Attacks a runner over so many connections while it updates a stack, and looks at what came of it. */
export async function sendHostile(options: {
  seconds: number;
  connections?: number;
  env?: Record<string, string>;
  only?: string;
}): Promise<HostileResult> {
  const { seconds, connections = 200 } = options;
  const harness = await startHarness({ API_TOKEN: TOKEN, LOG_LEVEL: "info", ...options.env }, { apart: true });
  let attackers: ChildProcess | undefined;
  try {
    if ((await harness.deploy("staging", "v1.0.1")).status !== 200) throw new Error("the first release failed");
    harness.origin.release("v1.0.2", { "env.json": JSON.stringify({ postgres: {}, redis: { TAG: "v1.0.2" } }) });
    harness.script("staging/redis", { delayMs: seconds * 1000 });
    const accepted = await harness.deploy("staging", "v1.0.2", {}, { waitSeconds: 0 });
    const run = String(accepted.body.run);
    const before = resident(harness, "VmRSS");
    const words = ["test/stress/attackers.ts", harness.runner.url, String(connections), run, TOKEN];
    attackers = spawn(process.execPath, words, {
      stdio: "inherit",
      env: { PATH: process.env.PATH, ...(options.only ? { ATTACK: options.only } : {}) },
    });
    const { times, wrong } = await deployMeanwhile(harness, seconds * 1000);
    const longestBlock = await blockedFor(harness).catch(() => Number.POSITIVE_INFINITY);
    attackers.kill("SIGKILL");
    const ended = await until("the update has ended", 120_000, async () => {
      const { body } = await harness.send("GET", `/runs/${run}`).catch(() => ({ body: {} as Record<string, unknown> }));
      return body.finished_at ? body : undefined;
    });
    const peak = resident(harness, "VmHWM");
    const violations = [...wrong];
    if (ended.state !== "succeeded") violations.push(`the update ended as ${ended.state}`);
    if (ended.attempts !== 1) violations.push(`the update was begun ${ended.attempts} times`);
    const longest = Math.max(...times);
    if (!(longest <= ACCEPTED_WITHIN)) violations.push(`a signed deploy was accepted after ${longest.toFixed(0)} ms`);
    if (peak >= MEMORY) violations.push(`the runner's memory came to ${peak} MiB`);
    return {
      seconds,
      connections,
      deploys: { sent: times.length, ...quantiles(times), longest },
      memory: { before, peak },
      longestBlock,
      violations,
    };
  } finally {
    attackers?.kill("SIGKILL");
    await harness.stop();
  }
}

/** Sends a signed deploy every half second. */
async function deployMeanwhile(harness: Harness, ms: number): Promise<{ times: number[]; wrong: string[] }> {
  const times: number[] = [];
  const wrong = new Set<string>();
  for (const end = performance.now() + ms; performance.now() < end; await delay(500)) {
    const since = performance.now();
    const answer = await harness
      .deploy("staging", "v1.0.2", {}, { waitSeconds: 0 })
      .catch((error: Error) => ({ status: error.message, body: {} }));
    times.push(performance.now() - since);
    if (answer.status !== 202)
      wrong.add(`a signed deploy was answered ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return { times, wrong: [...wrong] };
}

async function blockedFor(harness: Harness): Promise<number> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const text = await (await fetch(new URL("/metrics", harness.runner.url), { headers })).text();
  return Number(/^nodejs_eventloop_lag_max_seconds (.*)$/m.exec(text)?.[1]) * 1000;
}

function resident({ runner }: Harness, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${runner.pid}/status`, "utf8");
  return Math.round(Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024);
}
