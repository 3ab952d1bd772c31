import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "../../cli/exit.ts";
import { startHarness } from "./harness.ts";
import { jsonPrinter, peoplePrinter, type StepReport } from "./print.ts";
import { STEPS } from "./steps.ts";

/**
 * Shows the whole way on loopback: real Git, real HTTP, the real engine; only Dokploy is emulated. Stays up until
 * Ctrl-C unless `exit` is set. Returns the exit code: 1 when a step did not do what it should.
 */
export async function demo(options: { exit?: boolean; json?: boolean }): Promise<number> {
  const printer = options.json ? jsonPrinter() : peoplePrinter();
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-demo-"));
  const interrupted = new Promise<"interrupted">((resolve) => {
    process.once("SIGINT", () => resolve("interrupted"));
    process.once("SIGTERM", () => resolve("interrupted"));
  });
  const harness = await startHarness(folder, printer.progress);
  let failed = false;
  try {
    harness.origin.release("v1.0.1", "chore: the first release");
    const reports: StepReport[] = [];
    for (const step of STEPS) {
      printer.start(step.name);
      const since = Date.now();
      const outcome = await Promise.race([
        step
          .run(harness)
          .catch((error) => ({ ok: false, result: error instanceof Error ? error.message : String(error) })),
        interrupted,
      ]);
      if (outcome === "interrupted") return EXIT.failed;
      const report = { step: step.name, ok: outcome.ok, seconds: (Date.now() - since) / 1000, result: outcome.result };
      printer.end(report);
      reports.push(report);
    }
    failed = reports.some((report) => !report.ok);
    printer.summary(reports, {
      "Dokploy (emulated)": harness.dokploy.url,
      runner: `${harness.runner.url}/health`,
      "logs and state": failed || !options.exit ? folder : "removed",
    });
    if (!options.exit) {
      if (!options.json) process.stdout.write("\n  Everything stays up until you press Ctrl-C.\n");
      await interrupted;
    }
    return failed ? EXIT.failed : EXIT.done;
  } finally {
    await harness.stop();
    // What went wrong is in the logs: keep them.
    if (!failed) rmSync(folder, { recursive: true, force: true });
  }
}
