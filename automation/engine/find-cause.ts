import { causeOf, parseCause } from "../domain/cause.ts";
import type { TimedRecord } from "../domain/engine-record.ts";
import { toService } from "../domain/outcome.ts";
import type { Cause, ServiceOutcome } from "../domain/run.ts";
import { parseLocks } from "../state/locks.ts";
import type { EngineEnd } from "./messages.ts";

/** The cause of an engine's failure: what failed outside of any service stands before the services, which it stopped. Pure. */
export function findCause(records: TimedRecord[], outcomes: ServiceOutcome[], { problem, said }: EngineEnd): Cause {
  if (problem === "locked") return causeOf("stack_locked", wordLocked(said));
  const own = outcomes.find((outcome) => outcome.cause)?.cause;
  const errors = records.flatMap(({ event }) =>
    event.type === "diagnostic" && event.severity === "error" ? [event] : [],
  );
  const above = errors
    .filter(({ urn }) => urn === null || toService(urn) === undefined)
    .map((e) => parseCause(e.message));
  const told = above.find((cause) => cause.code !== "program_error");
  // "update failed" is all that the engine says of the stack when a service failed.
  return told ?? own ?? above[0] ?? parseCause(said);
}

/** Names who holds the stack, where the engine did. */
function wordLocked(said: string): string {
  const holders = parseLocks(said).map(({ user, host, pid, since }) => {
    const at = Number.isNaN(since) ? "" : ` since ${new Date(since).toISOString()}`;
    return `${user} on ${host} (process ${pid})${at}`;
  });
  return `another update holds this stack${holders.length > 0 ? `: ${holders.join(", ")}` : ""}`;
}
