import { isDrift } from "../../automation/domain/drift.ts";
import type { AnsweredBy, Cause, ServiceOutcome } from "../../automation/domain/run.ts";
import { EXIT } from "../exit.ts";
import { printMark } from "./live.ts";
import { printJson, printLines } from "./print.ts";
import { formatTable } from "./table.ts";

/** What a look for drift brought. */
export interface DriftFound {
  stack: string;
  /** Whether all of it could be looked at. */
  ok: boolean;
  services: ServiceOutcome[];
  /** Why it could not. */
  cause: Omit<Cause, "code"> | null;
  /** What looked: at Dokploy alone, or an engine. */
  by?: AnsweredBy | undefined;
  /** The engine's own account, when it was asked for. */
  diff?: string;
}

/** Prints what is not as the last update left it. Returns 1 when something is, or when nobody could tell. */
export function presentDrift(found: DriftFound, { json = false } = {}): number {
  const { stack, ok, services, cause, by, diff } = found;
  const drifted = services.some(isDrift);
  if (json) {
    const status = ok ? (drifted ? "drift" : "no_drift") : "failed";
    const more = { ...(by && { by }), ...(diff === undefined ? {} : { diff }) };
    printJson({ command: "drift", status, env: stack, services, cause, ...more });
  } else if (ok) {
    if (diff !== undefined) printLines([diff.trimEnd(), ""]);
    printLines([...formatDrift(services), "", summarise(stack, drifted)]);
  } else {
    printLines([`${printMark("failed")} ${stack}: ${cause?.message}`, `  → ${cause?.hint}`]);
  }
  return ok && !drifted ? EXIT.done : EXIT.failed;
}

function formatDrift(services: ServiceOutcome[]): string[] {
  const rows = services.map((outcome) => [
    `${printMark(isDrift(outcome) ? "skipped" : "same")} ${outcome.service}`,
    outcome.reason === "equal" ? "–" : outcome.reason,
  ]);
  return formatTable(["  service", "since the last update"], rows);
}

function summarise(stack: string, drifted: boolean): string {
  return drifted
    ? `${printMark("skipped")} ${stack} has drift: the next update fixes it`
    : `${printMark("ok")} ${stack} is as the last update left it`;
}
