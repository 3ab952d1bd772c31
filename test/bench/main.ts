// `npm run bench`: how long the provider's and the runner's ways take, and how the provider's grow with the number of
// services. Everything is real but Dokploy: the engine, the provider's process, HTTP. Writes docs/benchmarks.md unless --dry.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { cacheCode } from "../../automation/cli/code-cache.ts";
import { startBenchPlatform } from "./platform.ts";
import { type Row, renderReport } from "./report.ts";
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

const rows: Row[] = [];
for (const services of values.services.split(",").filter(Boolean).map(Number)) {
  const platform = await startBenchPlatform(services);
  try {
    const measure = async (
      what: string,
      args: string[],
      options: { expectChanges: number; skipCheckpoints?: boolean },
    ) => {
      const run = await platform.run(args, options.skipCheckpoints ?? false);
      if (run.changes !== options.expectChanges) {
        throw new Error(`${what} with ${services} services changed ${run.changes} instead of ${options.expectChanges}`);
      }
      rows.push({ services, what, ...run });
      console.error(`${String(services).padStart(4)}  ${what.padEnd(44)} ${run.seconds.toFixed(1)} s`);
    };
    const up = ["up", "--yes", "--skip-preview"];
    await measure("first update", up, { expectChanges: services + 2 });
    await measure("update with nothing to change, with refresh", [...up, "--refresh"], { expectChanges: 0 });
    platform.changeOne();
    await measure("update that changes one service, with refresh", [...up, "--refresh"], { expectChanges: 1 });
    await measure("drift check", ["refresh", "--preview-only", "--expect-no-changes"], { expectChanges: 0 });
    await platform.startOver();
    await measure("first update without checkpoints", up, { expectChanges: services + 2, skipCheckpoints: true });
  } finally {
    await platform.stop();
  }
}

const tell = ({ what, seconds }: Row) => console.error(`runner  ${what}: ${seconds.toFixed(2)} s`);
const report = [renderReport(rows), ...(values.runner ? [renderRunnerReport(await benchRunner(tell))] : [])].join("\n");
console.log(report);
if (!values.dry) writeFileSync(new URL("../../docs/benchmarks.md", import.meta.url), report);
