import { isFinal, type Run } from "../run.ts";
import { describeObservation, type Observation } from "./observation.ts";

/** Who asked, in the record of a run that nobody had to ask for: it brings back, or checks, what a look found. */
export const WATCH = "watch";

/** How often within which time a stack is brought back, and how long is waited after a time that failed, in milliseconds. */
export const MOST_HEALS = 3;
const WITHIN = 3_600_000;
const AFTER_FAILURE = 5 * 60_000;

/** What is known when it is decided whether to bring a stack back. */
export interface HealFacts {
  /** What is open of the stack. */
  open: readonly Observation[];
  /** Services, or what else has a name, that are brought back, as the stack's file on the main branch says. */
  healed: ReadonlySet<string>;
  /** Whether somebody holds the stack. */
  held: boolean;
  /** The release that was left, and whether its state can be told from another one; null: none is kept. */
  left: { commit: string; hasState: boolean } | null;
  /** The newest deploy or sync that was accepted. */
  newest: Pick<Run, "id" | "state" | "commit" | "triggeredBy" | "createdAt" | "finishedAt"> | undefined;
  /** When it was brought back before, in milliseconds since the epoch. */
  before: readonly number[];
  /** When that was given up. */
  gaveUpAt: number | undefined;
  /** Milliseconds since the epoch. */
  now: number;
}

/** `heal`: ask for a sync, in place of `newest`, for this reason · `stop`: it was done too often, people are told · `nothing`. */
export type HealDecision =
  | { do: "heal"; services: string[]; reason: string }
  | { do: "stop"; services: string[] }
  | { do: "nothing" };

/** The part that says whose deployment was the last (components/dokploy/rules/observe.ts; a test holds them together). */
export const DEPLOYMENT = "deployment";

const NOTHING: HealDecision = { do: "nothing" };

/**
 * Whether a stack is brought back to its release now. Only what was confirmed counts, and restarts alone need nothing. Nobody is fought:
 * not who holds the stack, nor who asked for something else meanwhile. Pure.
 */
export function decideHeal({ open, healed, held, left, newest, before, gaveUpAt, now }: HealFacts): HealDecision {
  const troubles = open.filter(
    ({ kind, confirmedAt, service }) => kind !== "restarted" && confirmedAt !== null && healed.has(service),
  );
  if (troubles.length === 0 || held || gaveUpAt !== undefined) return NOTHING;
  if (newest === undefined || !isFinal(newest.state)) return NOTHING;
  const isOurs = newest.triggeredBy === WATCH;
  // Something else was asked for, and came to nothing: what the stack shall have now, people decide.
  if (left ? newest.commit !== left.commit : !isOurs) return NOTHING;
  // Another deployment may be the update of a person elsewhere, which only the state tells from a hand in Dokploy.
  if (left?.hasState === false && troubles.some(({ parts }) => parts.includes(DEPLOYMENT))) return NOTHING;
  const services = [...new Set(troubles.map(({ service }) => service))];
  if (before.filter((at) => at > now - WITHIN).length >= MOST_HEALS) return { do: "stop", services };
  // Without what was left nobody can look: it is tried again because it failed.
  if (left === null && now - (newest.finishedAt ?? now) < AFTER_FAILURE) return NOTHING;
  return { do: "heal", services, reason: troubles.map(describeObservation).join("; ").slice(0, 1000) };
}

/** Whether giving up is forgotten: the stack was as it was left, or a person asked for something. */
export function isForgiven(
  gaveUpAt: number,
  { asLeft, newest }: { asLeft: boolean; newest: HealFacts["newest"] },
): boolean {
  return asLeft || (newest !== undefined && newest.triggeredBy !== WATCH && newest.createdAt > gaveUpAt);
}
