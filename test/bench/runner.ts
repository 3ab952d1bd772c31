// How long the runner's own ways take (design §12). Everything is real but Dokploy.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { killSession } from "../../automation/engine/process-group.ts";
import { openStore } from "../../automation/store/open.ts";
import { createSimulatedContainers } from "../../emulator/containers/simulated.ts";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { findPostgres, startPostgres } from "../contract/store/postgres-server.ts";
import { findWorker } from "../integration/runner/engine/apart.ts";
import { type Harness, startHarness } from "../integration/runner/harness.ts";
import { platformProgram } from "../integration/runner/origin.ts";
import { until } from "../integration/runner/until.ts";
import { memoryOf } from "./memory.ts";
import type { Row } from "./report.ts";
import { measureRequests, type RequestTimes } from "./requests.ts";

const SERVICES = ["postgres", "redis", "minio", "authentik"];

/** How long Dokploy stops and pulls in the row that compares with its own time, before containers start, in milliseconds. */
const PULL = 5_000;

/** All rows of the runner; `note` is told each as it is there. */
export async function benchRunner(note: (row: Row) => void = () => {}): Promise<Row[]> {
  const rows: Row[] = [];
  const add = (what: string, seconds: number, more: Partial<Row> = {}) => {
    const row: Row = { services: SERVICES.length, what, seconds, requests: 0, peakMemory: 0, changes: 0, ...more };
    rows.push(row);
    note(row);
  };
  for (const [store, { accepted, disk }] of await measureStores()) {
    add(`request accepted on ${store}, 50 a second, p99`, accepted / 1000);
    add(`the disk alone after that, one small write, 50 a second, p99`, disk / 1000);
  }
  await measurePlatform(add);
  await measureChange(add);
  await measureRecovery(add);
  return rows;
}

/** How often a look is measured: one takes no longer than what else happens on the machine. */
const LOOKS = 41;

type Add = (what: string, seconds: number, more?: Partial<Row>) => void;

async function measureStores(): Promise<[string, RequestTimes][]> {
  const results: [string, RequestTimes][] = [["SQLite", await measureRequests({})]];
  const bin = findPostgres();
  if (!bin) return results;
  const server = await startPostgres(bin, { durable: true });
  try {
    results.push(["PostgreSQL", await measureRequests({ DATABASE_URL: await server.createDatabase() })]);
  } finally {
    await server.stop();
  }
  return results;
}

/** The platform's own program with four services, against the emulator. */
async function measurePlatform(add: Add): Promise<void> {
  await onPlatform(undefined, async ({ harness, timed }) => {
    const row = (what: string, { seconds, ...more }: Timed) => add(what, seconds, more);
    row("deploy of the first release, end to end", await timed("v1.0.1", {}, SERVICES));
    const started = measureStart(harness);
    row("deploy with nothing to change, by an engine (--full), end to end", await timed("v1.0.1", { full: true }, []));
    add("request accepted until the engine is started", await started);
    const full = await timed("v1.0.1", { full: true }, []);
    row("deploy with nothing to change, by an engine (--full), end to end, once more", full);
    const looks: Timed[] = [];
    for (let times = 0; times < LOOKS; times++) looks.push(await timed("v1.0.1", {}, []));
    looks.sort((a, b) => a.seconds - b.seconds);
    const middle = looks[LOOKS >> 1] as Timed;
    row(`deploy with nothing to change, by a look, end to end, median of ${LOOKS}`, middle);
    harness.origin.release("v1.0.2", editAll(harness));
    row("deploy that changes four services, end to end", await timed("v1.0.2", {}, SERVICES));
    row("rollback of four services, end to end", await timed("v1.0.1", { rollback: true }, SERVICES));
    // V8 gives back what the work took about a minute after it.
    await delay(90_000);
    const both = [harness.runner.pid, findWorker(harness.runner.pid)];
    add("runner at rest, both processes", 0, { peakMemory: memoryOf(both) });
  });
}

/** The same where Dokploy and containers take the time that they take: health checks at the pace of the compose files. */
async function measureChange(add: Add): Promise<void> {
  await onPlatform(1, async ({ harness, dokploy, timed }) => {
    await timed("v1.0.1", {}, SERVICES);
    harness.origin.release("v1.0.2", editAll(harness));
    for (const service of SERVICES) dokploy.control.addFault({ kind: "slow-deploy", service, ms: PULL, times: 1 });
    const before = await dokployTime(dokploy);
    const { seconds, ...more } = await timed("v1.0.2", {}, SERVICES);
    const own = (await dokployTime(dokploy)) - before;
    add(`four services that Dokploy needs ${own.toFixed(1)} s for`, seconds, more);
    add("the same, as a multiple of what Dokploy itself needs", seconds / own);
  });
}

interface Timed {
  seconds: number;
  requests: number;
  changes: number;
}

interface Platform {
  harness: Harness;
  dokploy: Emulator;
  /** Deploys a release to staging. Throws when it does not change these services. */
  timed(tag: string, more: Record<string, unknown>, changed: string[]): Promise<Timed>;
}

/** `speed`: how many times as fast as real ones containers get healthy. */
async function onPlatform(speed: number | undefined, measure: (platform: Platform) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "dockmaster-bench-runner-"));
  const containers = createSimulatedContainers({
    stateFile: join(dataDir, "containers.json"),
    ...(speed && { speed }),
  });
  const dokploy = await startEmulator({ dataDir, containers });
  // Compiled before, as on every start but the first two of a new release.
  const { NODE_COMPILE_CACHE = "" } = process.env;
  const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey, NODE_COMPILE_CACHE };
  const harness = await startHarness(access, { program: platformProgram(SERVICES), apart: true });
  const timed: Platform["timed"] = async (tag, more, changed) => {
    dokploy.control.resetStatistics();
    const since = performance.now();
    const answer = await harness.deploy("staging", tag, more, { form: "v2" });
    const seconds = (performance.now() - since) / 1000;
    const got = answer.body.changed_services as string[] | undefined;
    if (answer.status !== 200 || got?.length !== changed.length) {
      throw new Error(`${tag} was not what is measured: ${JSON.stringify(answer.body).slice(0, 2000)}`);
    }
    return { seconds, requests: dokploy.control.statistics().requests, changes: changed.length };
  };
  try {
    await measure({ harness, dokploy, timed });
  } finally {
    await harness.stop();
    await dokploy.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Edits that change every service a little. */
function editAll(harness: Harness): Record<string, string> {
  const files = SERVICES.map((service) => `components/${service}/compose.yaml`);
  return Object.fromEntries(
    files.map((file) => {
      const text = readFileSync(join(harness.origin.folder, file), "utf8");
      const edited = text.replace(/retries: (\d+)/, (_, n: string) => `retries: ${Number(n) + 1}`);
      if (edited === text) throw new Error(`${file} has no retries`);
      return [file, edited];
    }),
  );
}

/** Seconds from the acceptance of the next run until its engine's process is there. */
async function measureStart(harness: Harness): Promise<number> {
  const isUp = () =>
    readdirSync("/proc").some((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      try {
        const isEngine = readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("pulumi\0up\0");
        return isEngine && readFileSync(`/proc/${pid}/environ`, "latin1").includes(harness.folder);
      } catch {
        return false;
      }
    });
  const before = harness.logged().length;
  await until("a run is accepted", 30_000, () => harness.logged().slice(before).includes('"msg":"run accepted"'));
  const line = harness
    .logged()
    .slice(before)
    .split("\n")
    .find((each) => each.includes('"msg":"run accepted"'));
  const { time } = JSON.parse(line ?? "{}") as { time: string };
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(5)) {
    if (isUp()) return (Date.now() - Date.parse(time)) / 1000;
  }
  throw new Error("no engine was started");
}

/** Seconds that Dokploy spent in deployments so far, by its own clock. */
async function dokployTime({ url, apiKey }: Emulator): Promise<number> {
  const ask = async <T>(path: string) =>
    (await (await fetch(new URL(`/api/${path}`, url), { headers: { "x-api-key": apiKey } })).json()) as T;
  type Project = { environments: { compose: { composeId: string }[] }[] };
  const projects = await ask<Project[]>("project.all");
  const ids = projects.flatMap((p) => p.environments.flatMap((e) => e.compose.map(({ composeId }) => composeId)));
  let sum = 0;
  for (const composeId of ids) {
    type Row = { startedAt: string | null; finishedAt: string | null };
    for (const { startedAt, finishedAt } of await ask<Row[]>(`deployment.allByCompose?composeId=${composeId}`)) {
      if (startedAt && finishedAt) sum += Date.parse(finishedAt) - Date.parse(startedAt);
    }
  }
  return sum / 1000;
}

/** From SIGKILL of runner and engine in the middle of an update until the run goes on: a service is deployed again. */
async function measureRecovery(add: Add): Promise<void> {
  const harness = await startHarness({}, { apart: true });
  try {
    await harness.deploy("staging", "v1.0.1");
    harness.origin.release("v1.0.2", { "env.json": JSON.stringify({ postgres: { N: "2" }, redis: { N: "2" } }) });
    harness.script("staging/postgres", { delayMs: 120_000 });
    const { body } = await harness.deploy("staging", "v1.0.2", {}, { waitSeconds: 0 });
    const actions = () =>
      harness.actions().filter(({ id, release }) => id === "staging/postgres" && release.startsWith("v1.0.2"));
    await until("postgres is being deployed", 60_000, () => actions().length === 1);
    const store = await openStore(`sqlite:${join(harness.folder, "data/dockmaster.db")}`);
    const session = (await store.run(String(body.run)))?.session;
    await store.close();
    await harness.runner.kill();
    if (session) await killSession(session);
    harness.script("staging/postgres", null);
    const since = performance.now();
    await harness.restart();
    const phase = () => harness.logged().split('"msg":"run started"').length > 3;
    await until("the run is taken up", 60_000, phase);
    add(
      "SIGKILL of runner and engine until the run is taken up, the runner's start included",
      (performance.now() - since) / 1000,
    );
    await until("postgres is deployed again", 120_000, () => actions().length === 2);
    add("SIGKILL of runner and engine until a service is deployed again", (performance.now() - since) / 1000);
  } finally {
    await harness.stop();
  }
}

if (process.argv[1] === import.meta.filename) {
  const rows = await benchRunner(({ what, seconds, peakMemory, requests }) =>
    console.error(`${what.padEnd(90)} ${seconds.toFixed(3)} ${requests} ${peakMemory}`),
  );
  if (process.argv[2]) writeFileSync(process.argv[2], JSON.stringify(rows, null, 2));
}
