// `npm run bench`: how long the provider's and the runner's ways take, and how the provider's grow with the number of
// services. Everything is real but Dokploy: the engine, the provider's process, HTTP. Writes docs/background/benchmarks.md unless --dry.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { cacheCode } from "../../cli/code-cache.ts";
import { BACKENDS } from "../engine/backends.ts";
import { keptPeers } from "./peers/section.ts";
import { type Measured, startBenchPlatform } from "./platform.ts";
import { NOTHING, SERVICES } from "./programs.ts";
import { measureYardstick, type Row, renderReport } from "./report.ts";
import { benchRunner } from "./runner.ts";
import { renderRunnerReport } from "./runner-report.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "10,100,400,800" },
    dry: { type: "boolean", default: false },
    runner: { type: "boolean", default: true },
    help: { type: "boolean", default: false },
  },
  allowNegative: true,
});
if (values.help) {
  console.log(
    "Usage: npm run bench -- [--services 10,100,400,800] [--no-runner] [--dry]\n\n--services ''  measures the runner only, --no-runner the provider only; --dry prints the page without writing it.",
  );
  process.exit(0);
}

// As the CLI and the runner do for every engine that they start.
cacheCode();

/** How many services a stack has whose first update is measured on every backend. */
const SHARED_STATE_AT = 400;

const rows: Row[] = [];
const yardsticks: number[] = [];
for (const services of values.services.split(",").filter(Boolean).map(Number)) {
  yardsticks.push(measureYardstick());
  const nothing = await measureAll(services, NOTHING, "with a provider that does nothing");
  const real = await measureAll(services, SERVICES, "");
  if (services === SHARED_STATE_AT) await measureSharedState(services, real);
  for (const [what, measured] of real) {
    rows.push({ services, what, nothing: nothing.get(what)?.seconds, ...measured });
  }
}

const runnerRows = values.runner ? await benchRunner(tell) : [];
yardsticks.push(measureYardstick());
const report = [
  renderReport(rows, yardsticks),
  ...(values.runner ? [renderRunnerReport(runnerRows)] : []),
  keptPeers(),
].join("\n");
console.log(report);
if (!values.dry) writeFileSync(new URL("../../docs/background/benchmarks.md", import.meta.url), report);

function tell({ what, seconds }: Row): void {
  console.error(`runner  ${what}: ${seconds.toFixed(2)} s`);
}

/** The first update with its state where teams share it. */
async function measureSharedState(services: number, all: Map<string, Measured>): Promise<void> {
  for (const backend of BACKENDS.slice(1)) {
    const what = `first update, state on ${backend.kind}`;
    if (!backend.found) {
      console.error(`not measured: ${what}`);
      continue;
    }
    const platform = await startBenchPlatform(services, SERVICES, backend);
    try {
      const run = await platform.run(["up", "--yes", "--skip-preview"]);
      console.error(`${String(services).padStart(4)}  ${what.padEnd(46)} ${run.seconds.toFixed(1).padStart(5)} s`);
      all.set(what, run);
    } finally {
      await platform.stop();
    }
  }
}

/** Everything that is measured of a program, by what it is. */
async function measureAll(services: number, program: string, note: string): Promise<Map<string, Measured>> {
  const all = new Map<string, Measured>();
  const platform = await startBenchPlatform(services, program);
  const measure = async (what: string, args: string[], expectChanges: number, options = {}) => {
    const run = await platform.run(args, options);
    if (run.changes !== expectChanges) {
      throw new Error(`${what} with ${services} services changed ${run.changes} instead of ${expectChanges}`);
    }
    all.set(what, run);
    console.error(
      `${String(services).padStart(4)}  ${what.padEnd(46)} ${run.seconds.toFixed(1).padStart(5)} s  ${note}`,
    );
  };
  try {
    const up = ["up", "--yes", "--skip-preview"];
    await measure("first update", up, services + 2);
    await measure("update with nothing to change, with refresh", [...up, "--refresh"], 0);
    platform.changeOne();
    await measure("update that changes one service, with refresh", [...up, "--refresh"], 1);
    await measure("drift check", ["refresh", "--preview-only", "--expect-no-changes"], 0);
    await platform.startOver();
    await measure("first update, the whole state after every step", up, services + 2, { checkpoints: true });
  } finally {
    await platform.stop();
  }
  return all;
}
