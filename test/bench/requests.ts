import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { signPlain } from "../../automation/api/signature.ts";
import { type Harness, startHarness } from "../integration/runner/harness.ts";
import { quantiles } from "../stress/load.ts";

const PER_SECOND = 50;
const SECONDS = 20;
/** Seconds of the same before, until the runner's code is compiled. */
const WARM_UP = 2;

/** Seconds for which the disk alone is measured, and what is written each time, in bytes: two pages and what is around them. */
const DISK_SECONDS = 10;
const WRITTEN = 8_192;

/** Milliseconds (p99). */
export interface RequestTimes {
  /** Until `/deploy` and `/webhook` answer that a request is on disk, at a steady rate, in turn, a new release every second. */
  accepted: number;
  /** What the disk takes right after that for one small write at the same rate: no request can be accepted sooner. */
  disk: number;
}

/** Sends requests to a runner whose runs are done at once. */
export async function measureRequests(env: Record<string, string>): Promise<RequestTimes> {
  const harness = await startHarness(env, { apart: "test/bench/instant-runner.ts" });
  try {
    const tags = Array.from({ length: WARM_UP + SECONDS }, (_, index) => `v1.0.${index + 2}`);
    const commits = tags.map((tag) => harness.origin.release(tag, { "components/redis/compose.yaml": `# ${tag}\n` }));
    const first = harness.origin.git("rev-parse", "v1.0.1^{commit}");
    // The mirror has to know them; what is measured is no fetch.
    await harness.send("POST", "/preview", { env: "staging", tag: tags.at(-1) });
    const times = await Promise.all(
      Array.from({ length: tags.length * PER_SECOND }, async (_, index) => {
        await delay((index * 1000) / PER_SECOND);
        const at = Math.floor(index / PER_SECOND);
        const push = { ref: "refs/heads/main", before: commits[at - 1] ?? first, after: commits[at], commits: [] };
        const body = { env: "staging", tag: tags[at], triggered_by: "bench" };
        return index % 2 === 0 ? time(harness, "/deploy", body) : time(harness, "/webhook", push);
      }),
    );
    return { accepted: quantiles(times.slice(WARM_UP * PER_SECOND)).p99, disk: await measureDisk(harness.folder) };
  } finally {
    await harness.stop();
  }
}

async function measureDisk(folder: string): Promise<number> {
  const file = await open(join(folder, "written"), "w");
  const times: number[] = [];
  try {
    for (let n = 0; n < DISK_SECONDS * PER_SECOND; n += 1) {
      await delay(1000 / PER_SECOND);
      const since = performance.now();
      await file.write(Buffer.alloc(WRITTEN));
      await file.datasync();
      times.push(performance.now() - since);
    }
  } finally {
    await file.close();
  }
  return quantiles(times).p99;
}

let deliveries = 0;

async function time(harness: Harness, path: string, value: unknown): Promise<number> {
  const body = new TextEncoder().encode(JSON.stringify(value));
  const headers = {
    "content-type": "application/json",
    "x-hub-signature-256": signPlain(harness.secret, body),
    "x-github-event": "push",
    "x-github-delivery": `bench-${++deliveries}`,
    prefer: "wait=0",
  };
  const since = performance.now();
  const answer = await fetch(new URL(path, harness.runner.url), { method: "POST", body, headers });
  const text = await answer.text();
  const ms = performance.now() - since;
  if (answer.status !== 200 && answer.status !== 202) throw new Error(`${path} answered ${answer.status} ${text}`);
  return ms;
}
