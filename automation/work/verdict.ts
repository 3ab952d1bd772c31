import { causeOf } from "../domain/cause.ts";
import type { TimedRecord } from "../domain/engine-record.ts";
import { afterPatience, findOutage, planWait, whileAway } from "../domain/outage.ts";
import type { Cause, OutageOf, ServiceOutcome } from "../domain/run.ts";
import { findCause } from "../engine/find-cause.ts";
import type { EngineResult } from "../engine/start.ts";
import { type FinalVerdict, judgeStop, type StopReason, type WorkSpec } from "./perform.ts";

/** How a run goes on after one try; `wait` until what is away may be there again. */
export type Verdict =
  | Exclude<FinalVerdict, { next: "hold" }>
  | { next: "recover"; cause: Cause }
  | { next: "wait"; of: OutageOf; cause: Cause };

/** What one try of the engine showed. */
export interface Evidence {
  result: EngineResult;
  records: TimedRecord[];
  outcomes: ServiceOutcome[];
  stopped: StopReason | undefined;
  timeoutMs: number;
  /** Whether the stack was ever brought to a release: then its Dokploy was there. */
  known: boolean;
}

/** How a run goes on after one try of the engine. Pure. */
export function judge({ result, records, outcomes, stopped, timeoutMs, known }: Evidence): Verdict {
  // Ended well before the stop reached it: that is how it is.
  if (result.result === "succeeded" && stopped !== "lease") return { next: "succeed", cause: null };
  if (stopped) return judgeStop(stopped, timeoutMs);
  if (result.result === "crashed") {
    const message = `the engine's process died: ${lastLine(result.said) || "without a word"}`;
    return {
      next: "recover",
      cause: causeOf("program_error", message, "deploy again; look at the runner's memory limit"),
    };
  }
  const cause = findCause(records, outcomes, result);
  const of = findOutage(cause, outcomes, { known });
  return of === undefined ? { next: "fail", cause } : { next: "wait", of, cause };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
}

/** How a run goes on that met something that is away: it waits, or has waited long enough. Pure. */
export function decideWait(
  { run: { outage = null }, outagePatienceMs: patienceMs }: Pick<WorkSpec, "run" | "outagePatienceMs">,
  { of, cause }: { of: OutageOf; cause: Cause },
  tried: { progressed: boolean; started: boolean },
  now: number,
): FinalVerdict {
  const planned = planWait(outage, { of, now, patienceMs, ...tried });
  if (planned === undefined) return { next: "fail", cause: afterPatience(outage, cause) };
  return { next: "hold", cause: whileAway(planned, cause), outage: planned };
}
