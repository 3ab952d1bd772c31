import { randomBytes } from "node:crypto";
import type { LeftBehind, Look } from "../../components/look/left.ts";
import type { Engines } from "../dispatch/engines.ts";
import type { Run } from "../domain/run.ts";
import { UPDATES } from "../domain/run-kinds.ts";
import { type Assessment, assessLook } from "../domain/watching/assess-look.ts";
import { emptyMemory, leftKey, type Start, type WatchMemory } from "../domain/watching/memory.ts";
import { endByUpdate, explainNothing } from "../domain/watching/not-watched.ts";
import type { Observation } from "../domain/watching/observation.ts";
import type { Starts } from "../domain/watching/seen.ts";
import type { Mask } from "../mask.ts";
import type { Metrics } from "../metrics.ts";
import { nextRunId } from "../store/run/accept.ts";
import type { Watch } from "../store/stack/observing.ts";
import type { KeptLeft, Store } from "../store/store.ts";

/** What looks are made with. */
export interface Looking {
  store: Pick<Store, "leftBehind" | "runs" | "standing">;
  engines: Pick<Engines, "find" | "isThere">;
  metrics: Pick<Metrics, "looks" | "lookSeconds">;
  mask: Mask;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What a look at a stack came to, before it is written. */
export interface LookedAt
  extends Pick<Assessment, "seen" | "confirmed" | "over" | "changed" | "dropped" | "restarts" | "soon"> {
  /** What was looked at; null: there is nothing. */
  left: KeptLeft | null;
  memory: WatchMemory;
  /** What is open after it. */
  open: Observation[];
  /** When it counts as made, later than all that is written of the stack. */
  at: number;
  /** The last update of the stack that ended. */
  last: Run | undefined;
}

/** How long a look may take, in milliseconds. */
export const LOOK_WITHIN = 60_000;

/**
 * Looks at a stack and judges what was seen. Undefined while an update is under way: nothing is judged then. Never throws for what is away:
 * that could not be told.
 */
export async function lookAtStack(
  on: Looking,
  watch: Watch,
  { quietMs, signal }: { quietMs: number; signal: AbortSignal },
): Promise<LookedAt | undefined> {
  const { store, now } = on;
  const { stack } = watch;
  if (await isChanged(on, stack)) return undefined;
  const left = (await store.leftBehind(stack)) ?? null;
  const answer = left ? await ask(on, watch, left, signal) : undefined;
  const [{ open, latestAt, latestId }, [last]] = await Promise.all([
    store.standing(stack),
    store.runs({ stack, kinds: UPDATES, states: ["succeeded", "failed", "canceled"], limit: 1 }),
  ]);
  const at = Math.max(now(), latestAt + 1);
  let id = latestId;
  const nextId = () => {
    id = nextRunId(at, id, randomBytes(8));
    return id;
  };
  const none = { seen: [], confirmed: [], over: [], changed: [], dropped: [], restarts: [], soon: false };
  if (left === null) {
    const lastSuccess = last?.state === "succeeded" ? last.finishedAt : null;
    const ended = endByUpdate(open, lastSuccess, at);
    const why = explainNothing(last);
    const before = watch.memory ?? emptyMemory(at);
    const since = before.verdict === null ? before.since : at;
    const memory: WatchMemory = { ...emptyMemory(at), ...keepGaveUp(before), since, why };
    return { ...none, ...ended, left, memory, open: stillOpen(open, { ...none, ...ended }), at, last };
  }
  if (answer === undefined || "why" in answer) {
    on.metrics.looks.inc({ env: stack, verdict: "unknown" });
    const before = watch.memory ?? emptyMemory(at);
    const since = before.verdict === "unknown" ? before.since : at;
    const why = on.mask(answer?.why ?? "");
    return { ...none, left, memory: { ...before, verdict: "unknown", since, why }, open, at, last };
  }
  const { starts } = compareWith(watch.memory, left);
  const look = maskLook(on.mask, answer.look);
  const assessment = assessLook({ stack, left, starts, look, open, memory: watch.memory, now: at, quietMs, nextId });
  on.metrics.looks.inc({ env: stack, verdict: assessment.verdict });
  on.metrics.lookSeconds.observe(look.took / 1000);
  const { verdict: _, ...rest } = assessment;
  return { ...rest, left, open: stillOpen(open, assessment), at, last };
}

/** Whether an update of the stack is under way. */
async function isChanged({ store }: Looking, stack: string): Promise<boolean> {
  return (await store.runs({ stack, kinds: UPDATES, states: ["running"], limit: 1 })).length > 0;
}

/** Asks the stack's engine worker. What it saw, or why nobody can tell. */
async function ask(
  { engines }: Looking,
  { stack, memory }: Watch,
  left: KeptLeft,
  stop: AbortSignal,
): Promise<{ look: Look } | { why: string }> {
  if (!engines.isThere(stack)) return { why: "its engine worker is away" };
  const { resources } = compareWith(memory, left);
  const proven = memory?.left === leftKey(left) ? memory.proven : {};
  const late = AbortSignal.timeout(LOOK_WITHIN);
  const signal = AbortSignal.any([stop, late]);
  try {
    const engine = await engines.find(stack, signal);
    const question = {
      stack,
      left: { ...left.left, resources },
      proven,
      keptAt: left.keptAt,
      purpose: "watch",
    } as const;
    const { look, refused } = await engine.look(question, signal);
    return look ? { look } : { why: refused ?? "its engine worker did not say" };
  } catch (error) {
    if (late.aborted) return { why: `the look took longer than ${LOOK_WITHIN / 1000} s` };
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * What the look compares with: what was left, and of containers that were started again since the start that was told of already. So each
 * start shows once, and nobody has to ask Docker for it again at every look.
 */
function compareWith(
  memory: WatchMemory | null,
  left: KeptLeft,
): { resources: LeftBehind["resources"]; starts: Starts } {
  const known = memory?.left === leftKey(left) ? memory.known : {};
  const starts: Starts = {};
  const resources = left.left.resources.map((resource) => {
    if (resource.type !== "service" || !resource.containers) return resource;
    const containers = { ...resource.containers, ...pick(known[resource.service], resource.containers) };
    starts[resource.service] = Object.fromEntries(
      Object.entries(containers).map(([name, { id, startedAt, restarts }]): [string, Start] => [
        name,
        { id, startedAt, restarts },
      ]),
    );
    return { ...resource, containers };
  });
  return { resources, starts };
}

function pick<Value>(from: Record<string, Value> | undefined, names: Record<string, unknown>): Record<string, Value> {
  return Object.fromEntries(Object.entries(from ?? {}).filter(([name]) => Object.hasOwn(names, name)));
}

function keepGaveUp({ gaveUpAt }: WatchMemory): Pick<WatchMemory, "gaveUpAt"> {
  return gaveUpAt === undefined ? {} : { gaveUpAt };
}

type Lists = Pick<Assessment, "seen" | "confirmed" | "over" | "changed" | "dropped">;

function stillOpen(open: readonly Observation[], { seen, confirmed, changed, over, dropped }: Lists): Observation[] {
  const ended = new Set([...over, ...dropped].map(({ id }) => id));
  const now = new Map([...open, ...seen, ...confirmed, ...changed].map((each) => [each.id, each]));
  return [...now.values()].filter(({ id }) => !ended.has(id));
}

/** The names of parts are others' words, and so is why something could not be told. Those of services and containers are the program's. */
function maskLook(mask: Mask, look: Look): Look {
  const resources = look.resources.map(({ why, ...resource }) => ({
    ...resource,
    differs: resource.differs.map((part) => mask(part)),
    ...(why === undefined ? {} : { why: mask(why) }),
  }));
  return { ...look, resources };
}
