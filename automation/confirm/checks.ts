import type { Engines } from "../dispatch/engines.ts";
import type { Confirmation } from "../domain/confirming/confirmation.ts";
import type { ChecksSay } from "../domain/confirming/watched.ts";
import type { Mask } from "../mask.ts";
import type { Store } from "../store/store.ts";
import type { Confirming } from "./confirming.ts";

/** What checks are asked with. */
export interface Asking {
  store: Pick<Store, "leftBehind">;
  engines: Pick<Engines, "find" | "isThere">;
  mask: Mask;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** How soon what held is asked again, and how long it is asked at least, in milliseconds. */
const AGAIN = 60_000;
const LEAST = 60_000;

/** What the checks of one watched release said last. */
interface Known {
  run: string;
  /** Whether it has any. */
  has: boolean;
  said: ChecksSay;
  /** When that was over; 0: they are asked for the first time. */
  at: number;
  busy: boolean;
}

const NOT_YET: ChecksSay = { say: "unknown", why: "they were not asked to their end yet" };

/**
 * Asks the checks that have to hold while a release is watched, in its stack's engine worker: once and again until its time is over, so
 * that what holds at the beginning only is found. They hold once they were asked to an end after that time. A runner that starts anew
 * asks them anew.
 */
export function createAskChecks(on: Asking): Confirming["askChecks"] {
  const known = new Map<string, Known>();
  return async (confirmation, _run, signal) => {
    const { run, stack } = confirmation;
    let state = known.get(stack);
    if (state?.run !== run) {
      const left = await on.store.leftBehind(stack);
      const has = !left || left.left.resources.some((each) => each.type === "service" && each.checks !== undefined);
      state = { run, has, said: NOT_YET, at: 0, busy: false };
      known.set(stack, state);
    }
    if (!state.has) return { say: "hold" };
    if (state.said.say === "failed") return state.said;
    const until = confirmation.until ?? confirmation.begunAt;
    if (!state.busy && on.now() - state.at >= AGAIN) {
      state.busy = true;
      const asked = state;
      void ask(on, confirmation, Math.max(LEAST, until - on.now()), signal)
        .then((said) => Object.assign(asked, { said, at: on.now() }))
        .finally(() => {
          asked.busy = false;
        });
    }
    if (state.said.say === "hold" && state.at < until) return NOT_YET;
    return state.said;
  };
}

/** Never rejects: who cannot be asked says nothing. */
async function ask(
  { store, engines, mask }: Asking,
  { stack }: Confirmation,
  forMs: number,
  signal: AbortSignal,
): Promise<ChecksSay> {
  try {
    const left = await store.leftBehind(stack);
    if (!left) return { say: "unknown", why: "what the update left is not known any more" };
    if (!engines.isThere(stack)) return { say: "unknown", why: "its engine worker is away" };
    const engine = await engines.find(stack, signal);
    const question = { stack, left: left.left, proven: {}, keptAt: left.keptAt, purpose: "checks", forMs } as const;
    const { checks, refused } = await engine.look(question, signal);
    if (checks?.say === "hold") return { say: "hold" };
    const why = mask(checks?.why ?? refused ?? "its engine worker is older than these checks");
    return { say: checks?.say ?? "unknown", why };
  } catch (error) {
    return { say: "unknown", why: mask(error instanceof Error ? error.message : String(error)) };
  }
}
