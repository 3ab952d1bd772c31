import type { Cause, CauseCode, Outage, OutageOf, ServiceOutcome } from "./run.ts";

/** What is away, by the cause that a try ended with. `config_invalid` is none: nobody but the caller knows that Git was meant. */
const AWAY: Partial<Record<CauseCode, OutageOf>> = {
  dokploy_unreachable: "dokploy",
  docker_unreachable: "docker",
  vault_unreachable: "vault",
  stack_locked: "stack",
};

/** Its name at the beginning of a sentence, with what is wrong with it. */
const WORDS: Record<OutageOf, string> = {
  dokploy: "Dokploy is away",
  docker: "Dokploy's Docker is away",
  vault: "Vault is away or sealed",
  git: "the Git repository is away",
  stack: "another update holds the stack",
};

/** Pauses between tries, in milliseconds; the last one counts from there on. */
const PAUSES = [5_000, 10_000, 20_000, 40_000, 60_000];

/** How long another update is waited for, in milliseconds: a lock that nobody holds any more is never let go. */
const LOCK_PATIENCE = 35_000;

/** How long something must be away before people are told, in milliseconds. */
const TELL_AFTER = 60_000;

/**
 * What a try's cause says is away, when waiting may fix it; undefined when it may not. Nothing waits while another service
 * failed for a reason of its own. At an address that led to Dokploy before (`known`) something else, or nobody, answers only for a
 * while: a proxy's page, a name that a container has only while it runs.
 */
export function findOutage(
  cause: Cause,
  outcomes: readonly ServiceOutcome[],
  { known }: { known: boolean },
): OutageOf | undefined {
  const toOutage = ({ code }: Cause) => (code === "dokploy_elsewhere" && known ? "dokploy" : AWAY[code]);
  const others = outcomes.some((outcome) => outcome.cause && toOutage(outcome.cause) === undefined);
  return others ? undefined : toOutage(cause);
}

/** What is known when a try ended because something is away. */
export interface OutageFacts {
  of: OutageOf;
  /** Milliseconds since the epoch. */
  now: number;
  /** How long a run may wait in all, in milliseconds. */
  patienceMs: number;
  /** Whether the try got somewhere: then what was away was there in between. */
  progressed: boolean;
  /** Whether the try came so far as to start an engine. */
  started: boolean;
}

/** The wait after a try that ended because something is away; undefined when the run has waited as long as it may. Pure. */
export function planWait(before: Outage | null, facts: OutageFacts): Outage | undefined {
  const { of, now, patienceMs, progressed, started } = facts;
  const until = planUntil(before, facts);
  if (now >= until) return undefined;
  const tries = (before?.tries ?? 0) + 1;
  const since = before?.of === of && !progressed ? before.since : now;
  return {
    of,
    since,
    until,
    next: Math.min(now + (PAUSES[tries - 1] ?? PAUSES.at(-1) ?? patienceMs), until),
    tries,
    attempts: (before?.attempts ?? 0) + (started ? 1 : 0),
    told: (before?.told ?? false) || (now - since >= TELL_AFTER && of !== "stack"),
  };
}

/** One end for all that a run waits for, so that something that comes and goes does not hold it for ever. */
function planUntil(before: Outage | null, { of, now, patienceMs }: OutageFacts): number {
  const isLock = of === "stack";
  const same = before !== null && (before.of === "stack") === isLock;
  if (same && before.until !== null) return before.until;
  return now + (isLock ? Math.min(LOCK_PATIENCE, patienceMs) : patienceMs);
}

/** `Dokploy is away since 2026-01-31T12:00:00.000Z`. */
export function describeOutage({ of, since }: Pick<Outage, "of" | "since">): string {
  return `${WORDS[of]} since ${new Date(since).toISOString()}`;
}

/** The cause while a run waits: what is away and since when, then what the try said. */
export function whileAway(outage: Outage, cause: Cause): Cause {
  return { ...cause, message: `${describeOutage(outage)}: ${cause.message}` };
}

/** The cause of a run that waited in vain. */
export function afterPatience(before: Outage | null, cause: Cause): Cause {
  return before === null
    ? cause
    : { ...cause, message: `${describeOutage(before)}, and was waited for: ${cause.message}` };
}
