import { randomUUID } from "node:crypto";
import type { RunRequest } from "../domain/run.ts";
import { kindsWith } from "../domain/run-kinds.ts";
import { decideHeal, type HealDecision, isForgiven, MOST_HEALS, WATCH } from "../domain/watching/heal.ts";
import type { Log } from "../log.ts";
import { type Store, StoreConflict } from "../store/store.ts";
import type { ReadHealed } from "./drift-modes.ts";
import type { LookedAt } from "./look-at-stack.ts";

/** What healing is decided and asked for with. */
export interface Healing {
  store: Pick<Store, "newestAccepted" | "runs" | "accept">;
  healed: ReadHealed;
  /** Whether somebody holds a stack: then nothing is brought back. */
  isHeld(stack: string): Promise<boolean>;
  log: Pick<Log, "info" | "error">;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What becomes of a stack that was looked at; `newest` is what it was decided against. */
export type PlannedHeal = HealDecision & { newest?: { id: string; tag: string | null; commit: string } };

/** How many syncs are looked through for the watch's own. */
const COUNTED = 50;

/** What brings a stack back to the release that it has. */
const SYNCS = kindsWith({ changesStack: true, choosesRelease: false });

/** Decides whether the stack is brought back, and takes note in its memory when that is given up, or forgiven. */
export async function planHeal(on: Healing, stack: string, looked: LookedAt): Promise<PlannedHeal> {
  const { open, memory, at } = looked;
  const left = looked.left && { commit: looked.left.commit, hasState: looked.left.left.state !== null };
  const troubled = open.filter(({ confirmedAt, kind }) => confirmedAt !== null && kind !== "restarted");
  if (troubled.length === 0 && memory.gaveUpAt === undefined) return { do: "nothing" };
  const newest = await on.store.newestAccepted(stack);
  const asLeft = memory.verdict === "left";
  if (memory.gaveUpAt !== undefined && isForgiven(memory.gaveUpAt, { asLeft, newest })) delete memory.gaveUpAt;
  const healed = await on.healed(stack, [...new Set(troubled.map(({ service }) => service))]);
  if (healed.size === 0) return { do: "nothing" };
  const syncs = await on.store.runs({ stack, kinds: SYNCS, limit: COUNTED });
  const before = syncs.filter(({ triggeredBy }) => triggeredBy === WATCH).map(({ createdAt }) => createdAt);
  const held = await on.isHeld(stack);
  const { gaveUpAt } = memory;
  const decision = decideHeal({ open, healed, held, left, newest, before, gaveUpAt, now: at });
  if (decision.do === "stop") memory.gaveUpAt = at;
  return newest ? { ...decision, newest } : decision;
}

/** Asks for the sync that brings the stack back. Nothing when somebody asked for something else meanwhile. Returns whether it was accepted. */
export async function askForHeal({ store, log, now }: Healing, stack: string, heal: PlannedHeal): Promise<boolean> {
  if (heal.do !== "heal" || !heal.newest) return false;
  const { id, tag, commit } = heal.newest;
  const request: RunRequest = {
    ...{ kind: "sync", stack, tag, commit, services: null, rollback: false },
    ...{ triggeredBy: WATCH, reason: heal.reason, requestId: randomUUID() },
  };
  try {
    const { run } = await store.accept(request, now(), { newest: id });
    log.info({ event: "heal.asked", stack, run: run.id, services: heal.services, reason: heal.reason });
    return true;
  } catch (error) {
    // Theirs counts; the next look sees what became of it.
    if (error instanceof StoreConflict) return false;
    throw error;
  }
}

/** Why healing stops, for people. */
export function describeStop(stack: string, services: readonly string[]): string {
  return `${services.join(", ")} of ${stack} was brought back ${MOST_HEALS} times within an hour and is not as it was left again: no more is done until it is, or somebody deploys`;
}
