import { EXIT } from "../exit.ts";
import { printMark } from "../print/live.ts";
import { printJson, printLines } from "../print/print.ts";
import { formatTable } from "../print/table.ts";
import { assessDrift, hasDrift, type ServiceDrift } from "./drift-report.ts";
import type { PresentOptions } from "./present.ts";
import type { StackRun } from "./stack-run.ts";

/** Prints what a refresh found. Returns 1 when it could not look, else 0. */
export function presentDrift(stack: string, run: StackRun, options: PresentOptions): number {
  const services = assessDrift(run.records);
  const drifted = services.some(hasDrift);
  const { ok, cause, output } = run;
  if (options.json) {
    const status = ok ? (drifted ? "drift" : "no_drift") : "failed";
    printJson({ stack, command: "drift", status, services, cause, ...(options.diff ? { diff: output } : {}) });
  } else if (ok) {
    if (options.diff) printLines([output.trimEnd(), ""]);
    printLines([...formatDrift(services), "", summarise(stack, drifted)]);
  } else {
    printLines([`${printMark("failed")} ${stack}: ${cause?.message}`, `  → ${cause?.hint}`]);
  }
  return ok ? EXIT.done : EXIT.failed;
}

/** Drift as a table. */
export function formatDrift(services: ServiceDrift[]): string[] {
  const rows = services.map((drift) => [
    `${printMark(hasDrift(drift) ? "skipped" : "same")} ${drift.service}`,
    drift.gone ? "gone from Dokploy" : drift.keys.join(", ") || "none",
  ]);
  return formatTable(["  service", "changed by hand"], rows);
}

function summarise(stack: string, drifted: boolean): string {
  return drifted
    ? `${printMark("skipped")} ${stack} has drift: the next update mends it (dockmaster up ${stack})`
    : `${printMark("ok")} ${stack} is as the last update left it`;
}
