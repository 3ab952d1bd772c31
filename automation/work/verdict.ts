import { causeOf, parseCause } from "../domain/cause.ts";
import type { TimedRecord } from "../domain/engine-record.ts";
import { findOutage } from "../domain/outage.ts";
import { toService } from "../domain/outcome.ts";
import type { Cause, Outage, OutageOf, RunEventType, ServiceOutcome } from "../domain/run.ts";
import type { EngineResult } from "../engine/start.ts";
import { parseLocks } from "../state/locks.ts";

/** Why a run is stopped from outside. `lease`: another process has the stack now, nothing may be written any more. */
export type StopReason = "cancel" | "timeout" | "lease" | "shutdown";

/** How a run goes on after one try; `wait` until what is away may be there again. */
export type Verdict =
  | Exclude<FinalVerdict, { next: "hold" }>
  | { next: "mend"; cause: Cause }
  | { next: "wait"; of: OutageOf; cause: Cause };

/** How a run ends here; `hold` has it taken up again later, `leave` writes nothing. */
export type FinalVerdict =
  | { next: Extract<RunEventType, "succeed" | "fail" | "cancel" | "requeue">; cause: Cause | null }
  | { next: Extract<RunEventType, "hold">; cause: Cause; outage: Outage }
  | { next: "leave" };

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
      next: "mend",
      cause: causeOf("program_error", message, "deploy again; look at the runner's memory limit"),
    };
  }
  const cause = findCause(records, outcomes, result);
  const of = findOutage(cause, outcomes, { known });
  return of === undefined ? { next: "fail", cause } : { next: "wait", of, cause };
}

/** How a run ends that is stopped from outside. */
export function judgeStop(reason: StopReason, timeoutMs: number): Exclude<FinalVerdict, { next: "hold" }> {
  switch (reason) {
    case "cancel":
      return { next: "cancel", cause: causeOf("canceled", "somebody canceled the run") };
    case "timeout":
      return { next: "fail", cause: causeOf("timeout", `the run took longer than ${timeoutMs / 1000} s`) };
    case "shutdown":
      return { next: "requeue", cause: null };
    case "lease":
      return { next: "leave" };
  }
}

/** The cause of the whole: what failed outside of any service stands before the services, which it stopped. */
function findCause(records: TimedRecord[], outcomes: ServiceOutcome[], result: EngineResult): Cause {
  if ("problem" in result && result.problem === "locked") {
    return causeOf("stack_locked", wordLocked(result.said));
  }
  const own = outcomes.find((outcome) => outcome.cause)?.cause;
  const errors = records.flatMap(({ event }) =>
    event.type === "diagnostic" && event.severity === "error" ? [event] : [],
  );
  const above = errors
    .filter(({ urn }) => urn === null || toService(urn) === undefined)
    .map((e) => parseCause(e.message));
  const told = above.find((cause) => cause.code !== "program_error");
  // "update failed" is all that the engine says of the stack when a service failed.
  return told ?? own ?? above[0] ?? parseCause(result.said);
}

/** Names who holds the stack, where the engine did. */
function wordLocked(said: string): string {
  const holders = parseLocks(said).map(({ user, host, pid, since }) => {
    const at = Number.isNaN(since) ? "" : ` since ${new Date(since).toISOString()}`;
    return `${user} on ${host} (process ${pid})${at}`;
  });
  return `another update holds this stack${holders.length > 0 ? `: ${holders.join(", ")}` : ""}`;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
}
