import type { ServiceOutcome, ServiceResult } from "./run.ts";

/** What was done to a service; a later try finds it done. */
const DONE: ServiceResult[] = ["created", "changed", "deleted", "retained"];

/** Those of services to which something was done. */
export function whatWasDone(outcomes: readonly ServiceOutcome[]): ServiceOutcome[] {
  return outcomes.filter(({ result }) => DONE.includes(result));
}

/**
 * The outcomes of a run of several tries: what an earlier one did to a service stands where the last one found nothing left to do,
 * or came to nothing. Pure.
 */
export function carryOutcomes(earlier: readonly ServiceOutcome[], last: readonly ServiceOutcome[]): ServiceOutcome[] {
  const done = new Map(whatWasDone(earlier).map((outcome) => [outcome.service, outcome]));
  const carried = last.map((outcome) => {
    const before = done.get(outcome.service);
    done.delete(outcome.service);
    const adds = outcome.result !== "unchanged" && outcome.result !== "skipped" && outcome.result !== "canceled";
    return before === undefined || adds ? outcome : before;
  });
  return [...carried, ...done.values()];
}
