// `node test/bench/watching.ts [--services 100] [--minutes 3] [--interval 60]`: what watching costs, of door and engine worker together;
// `--interval 0`: what they cost at rest without it.
// Everything is real but Dokploy and its containers.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startEmulator } from "../../emulator/emulator.ts";
import { findWorker } from "../integration/runner/engine/apart.ts";
import { startHarness } from "../integration/runner/harness.ts";
import { currentPlatform } from "../integration/runner/origin.ts";
import { until } from "../integration/runner/until.ts";
import { SERVICES } from "./programs.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "100" },
    minutes: { type: "string", default: "3" },
    interval: { type: "string", default: "60" },
  },
});
const services = Number(values.services);
const minutes = Number(values.minutes);

/** Clock ticks of a process's time, https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, which are hundredths of a second. */
const TICKS = 100;

/** Processor time of a process so far, in seconds, and its resident memory, in MiB. */
function usage(pid: number): { seconds: number; memory: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    seconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
    memory: (Number(fields[21]) * 4096) / 1024 ** 2,
  };
}

const dataDir = mkdtempSync(join(tmpdir(), "dockmaster-bench-watching-"));
const dokploy = await startEmulator({ dataDir });
const program = (folder: string) => {
  currentPlatform(folder);
  writeFileSync(join(folder, "stacks/index.ts"), SERVICES.replaceAll('"./', '"../'));
  writeFileSync(join(folder, "bench.json"), JSON.stringify({ services, changed: false }));
  writeFileSync(join(folder, "Pulumi.staging.yaml"), "config: {}\n");
};
const access = {
  DOKPLOY_URL: dokploy.url,
  DOKPLOY_API_KEY: dokploy.apiKey,
  WATCH_INTERVAL: values.interval,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "",
};
const harness = await startHarness(access, { program, apart: true });
try {
  const { body } = await harness.deploy("staging", "v1.0.1");
  if (body.status !== "success") throw new Error(JSON.stringify(body).slice(0, 2000));
  const state = async () => {
    const { watch } = (await harness.send("GET", "/stacks/staging/observations")).body as {
      watch: { state: string; why?: string };
    };
    return watch;
  };
  // With 0 nothing is watched: what the two cost at rest.
  const wanted = values.interval === "0" ? "not_watched" : "left";
  await until("the first look came", 180_000, async () => (await state()).state === wanted);
  // What the deploy took is given back, and code gets warm.
  await delay(60_000);
  const processes = { door: harness.runner.pid, worker: findWorker(harness.runner.pid) };
  const read = () => ({ door: usage(processes.door), worker: usage(processes.worker) });
  dokploy.control.resetStatistics();
  const before = read();
  await delay(minutes * 60_000);
  const after = read();
  const asked = dokploy.control.statistics();
  const seconds = (name: "door" | "worker") => after[name].seconds - before[name].seconds;
  console.log(
    JSON.stringify({
      ...{ services, minutes, state: (await state()).state },
      doorSeconds: seconds("door").toFixed(2),
      workerSeconds: seconds("worker").toFixed(2),
      percentOfOneCore: (((seconds("door") + seconds("worker")) / (minutes * 60)) * 100).toFixed(2),
      memoryBefore: Math.round(before.door.memory + before.worker.memory),
      memoryAfter: Math.round(after.door.memory + after.worker.memory),
      requests: asked.requests,
      procedures: asked.procedures,
    }),
  );
} finally {
  await harness.stop();
  await dokploy.close();
  rmSync(dataDir, { recursive: true, force: true });
}
