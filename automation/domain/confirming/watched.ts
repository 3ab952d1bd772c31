import type { LookVerdict, Observation } from "../watching/observation.ts";
import { isPending, type Trouble, troubleOfObservations } from "./trouble.ts";

/** What the checks of a watched release say; `unknown`: they could not be asked, or tell neither. */
export type ChecksSay = { say: "hold" } | { say: "failed" | "unknown"; why: string };

/** What is known of a watched release. Times are milliseconds since the epoch. */
export interface WatchedFacts {
  /** When it is to be confirmed. */
  until: number;
  /** Until when it is known how it ran: the last look that could tell, or the end of its update. */
  seenAt: number;
  /** The last look at its stack. */
  look: { at: number; verdict: LookVerdict | null } | null;
  /** What was found since its update. */
  observations: readonly Observation[];
  checks: ChecksSay;
  /** How long nobody may look without it counting, in milliseconds. */
  toleratedMs: number;
  now: number;
}

/** What becomes of it now. */
export type WatchedDecision =
  | { do: "wait"; until: number; seenAt: number }
  | { do: "confirm" }
  | { do: "trouble"; trouble: Trouble }
  | { do: "give up"; why: string };

/** How long it may stay unknown how a release runs, in milliseconds; then it is said to be. */
const GIVE_UP = 3_600_000;

/** Looks that could tell. What differs by hand (`found`) says nothing against a release. */
const TELLING: readonly (LookVerdict | null)[] = ["left", "found"];

/**
 * Whether a release is confirmed: a look that could tell has to have come after its time, nothing may have restarted or got unhealthy
 * before, and its checks have to hold. Time in which nobody could look does not count. No data is never a yes. Pure.
 */
export function decideWatched(facts: WatchedFacts): WatchedDecision {
  const { look, observations, checks, toleratedMs, now } = facts;
  const trouble = troubleOfObservations(observations);
  if (trouble) return { do: "trouble", trouble };
  if (checks.say === "failed") return { do: "trouble", trouble: { why: checks.why, ofRelease: true } };
  const told = look !== null && TELLING.includes(look.verdict) ? Math.max(look.at, facts.seenAt) : facts.seenAt;
  const gap = told - facts.seenAt;
  const until = gap > toleratedMs ? facts.until + gap : facts.until;
  if (now - told > GIVE_UP)
    return { do: "give up", why: `nobody could look at it since ${new Date(told).toISOString()}` };
  if (told < until || isPending(observations)) return { do: "wait", until, seenAt: told };
  if (checks.say === "hold") return { do: "confirm" };
  if (now - until > GIVE_UP) return { do: "give up", why: `its checks could not tell: ${checks.why}` };
  return { do: "wait", until, seenAt: told };
}
