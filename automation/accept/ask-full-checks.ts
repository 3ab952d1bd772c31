import { randomUUID } from "node:crypto";
import { dueFullCheck, FULL_CHECK_EVERY } from "../domain/look.ts";
import type { Run } from "../domain/run.ts";
import { WATCH } from "../domain/watching/heal.ts";
import type { Store } from "../store/store.ts";

/** What full checks are asked for with. */
export interface FullChecking {
  store: Pick<Store, "leftStacks" | "leftBehind" | "stackRelease" | "remember" | "accept">;
  /** This runner's. */
  version: string;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Asks for a drift check by an engine of each stack that is due for one; whether or not stacks are watched besides. Answers the runs. */
export async function askForFullChecks({ store, version, now }: FullChecking): Promise<Run[]> {
  const asked: Run[] = [];
  for (const stack of await store.leftStacks()) {
    const kept = await store.leftBehind(stack);
    if (!dueFullCheck({ checked: kept?.checked, version, now: now() })) continue;
    // What it has, not what was asked for last: that may wait, and none of its code runs before it may.
    const release = await store.stackRelease(stack);
    if (!release) continue;
    // One of several runners asks, and a check that comes to nothing is not asked for again and again.
    if (!(await store.remember(`full check ${stack} ${version}`, now() + FULL_CHECK_EVERY, now()))) continue;
    const { tag, commit } = release;
    const { run } = await store.accept(
      {
        ...{ kind: "drift", stack, tag, commit, services: null, rollback: false, full: true },
        ...{ triggeredBy: WATCH, reason: "an engine holds the looks to what it finds", requestId: randomUUID() },
      },
      now(),
    );
    asked.push(run);
  }
  return asked;
}
