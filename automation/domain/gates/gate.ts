import { type Gate, nextState, type Run } from "../run.ts";
import { RUN_KINDS } from "../run-kinds.ts";
import { describeHold, type Hold, isOpen } from "./hold.ts";

/** All that may hold a run back. */
export interface GateFacts {
  /** Holds of the run's stack. */
  holds: readonly Hold[];
  now: number;
}

/**
 * What holds a run back; null: nothing. The only place that decides it. Of several gates the one that lasts longest is told. Who goes
 * back on purpose, and what only looks, is never held; nor is what is under way: it would leave a stack in the middle. Pure.
 */
export function findGate(
  { kind, rollback, state }: Pick<Run, "kind" | "rollback" | "state">,
  facts: GateFacts,
): Gate | null {
  if (!RUN_KINDS[kind].changesStack || rollback || state === "running") return null;
  const [longest] = facts.holds
    .filter((hold) => isOpen(hold, facts.now))
    .sort(
      (a, b) => (b.until ?? Number.POSITIVE_INFINITY) - (a.until ?? Number.POSITIVE_INFINITY) || compare(a.id, b.id),
    );
  if (!longest) return null;
  const { id, by, reason, until } = longest;
  return { kind: "hold", id, by, reason, until };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A run that is not under way, behind this gate or, with null, let go: then it waits only for what is away, or for its turn. Pure. */
export function behindGate(run: Run, gate: Gate | null): Run {
  if (gate) return { ...run, state: nextState(run.state, "hold") ?? run.state, gate };
  if (!run.gate) return run;
  const isAway = run.outage?.next !== null && run.outage?.next !== undefined;
  const { gate: _over, ...rest } = run;
  return { ...rest, state: isAway ? run.state : (nextState(run.state, "release") ?? run.state) };
}

/** Whether two gates are the same, or both are none. */
export function isSameGate(a: Gate | null | undefined, b: Gate | null | undefined): boolean {
  if (!a || !b) return !a && !b;
  return a.kind === b.kind && a.id === b.id && a.by === b.by && a.reason === b.reason && a.until === b.until;
}

/** `held by ada until …: the database is moved`. */
export function describeGate(gate: Gate): string {
  return describeHold(gate);
}
