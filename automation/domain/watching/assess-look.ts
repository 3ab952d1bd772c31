import { timesBetween } from "../restarts.ts";
import { emptyMemory, leftKey, type Start, type WatchMemory } from "./memory.ts";
import type { LookVerdict, Observation, ObservationKind, ObservedContainer } from "./observation.ts";
import { isSameStart, type SeenContainer, type SeenLook, type SeenResource, type Starts, toStart } from "./seen.ts";

/** A look, and all that it is judged by. */
export interface LookFacts {
  stack: string;
  /** The record of what was left that was looked at. */
  left: { run: string; keptAt: number };
  /** The containers that the look compared with: those of the record, or later ones that were told of. */
  starts: Starts;
  look: SeenLook;
  /** What is open, and what was kept in mind. */
  open: readonly Observation[];
  memory: WatchMemory | null;
  /** Milliseconds since the epoch; later than anything that is written of an observation. */
  now: number;
  /** How long a container must not have been started again for its restarts to be over, in milliseconds. */
  quietMs: number;
  /** The id of the next observation. */
  nextId(): string;
}

/** What a look came to. An observation stands in one list at most. */
export interface Assessment {
  verdict: LookVerdict;
  /** Seen for the first time: nothing is told before a second look sees it too. */
  seen: Observation[];
  /** A second look saw it too: it counts, and is told. */
  confirmed: Observation[];
  /** Was confirmed, and is over: that is told as well. */
  over: Observation[];
  /** Goes on, and looks another way now. */
  changed: Observation[];
  /** Was never confirmed, and is not there any more. */
  dropped: Observation[];
  /** How often containers were started again, by service. */
  restarts: { service: string; times: number }[];
  memory: WatchMemory;
  /** Whether the next look shall come soon. */
  soon: boolean;
}

/** How long a service may say that it is starting before it is judged all the same, in milliseconds. */
const LONGEST_START = 5 * 60_000;

/** The key of a service as a whole among its parts. */
const WHOLE = "";

/** What is found of one service: parts by kind, with the containers they are about. */
type Found = Map<ObservationKind, Map<string, ObservedContainer | null>>;

/**
 * Judges a look at a stack. What could not be told makes no observation and ends none; neither does a service that is starting. Pure.
 */
export function assessLook(facts: LookFacts): Assessment {
  const { look, open, now } = facts;
  const key = leftKey(facts.left);
  const before = facts.memory ?? emptyMemory(now);
  const isSameLeft = before.left === key;
  const memory: WatchMemory = {
    ...before,
    left: key,
    proven: look.proven,
    known: isSameLeft ? { ...before.known } : {},
    starting: {},
  };
  const judged = look.resources.filter((resource) =>
    isJudged(resource, isSameLeft ? before : undefined, memory, facts),
  );
  const result: Assessment = {
    ...{ verdict: "left", seen: [], confirmed: [], over: [], changed: [], dropped: [], restarts: [] },
    ...{ memory, soon: false },
  };
  const names = new Set([...look.resources.map(({ name }) => name), ...open.map(({ service }) => service)]);
  for (const name of names) {
    const found = findAll(judged.filter((resource) => resource.name === name));
    const unsure = look.resources.some(
      (resource) => resource.name === name && (!judged.includes(resource) || resource.why !== undefined),
    );
    const isGone = found.get("gone")?.has(WHOLE) ?? false;
    const canEnd = (kind: ObservationKind) => look.resources.length > 0 && !unsure && (!isGone || kind === "gone");
    const lasting = open.filter(({ service, kind }) => service === name && kind !== "restarted");
    for (const kind of new Set([...lasting.map((each) => each.kind), ...found.keys()])) {
      const ofKind = lasting.filter((each) => each.kind === kind);
      settleParts(facts, result, {
        name,
        kind,
        open: ofKind,
        found: found.get(kind) ?? new Map(),
        canEnd: canEnd(kind),
      });
    }
    const news = judged.filter((each) => each.name === name).flatMap(({ containers }) => containers);
    settleRestarts(facts, result, { name, news, isSameLeft, canEnd: canEnd("restarted") });
  }
  result.verdict = toVerdict(look.resources, judged, result);
  memory.since = result.verdict === before.verdict ? before.since : now;
  memory.verdict = result.verdict;
  delete memory.why;
  const why = look.resources.find(({ is }) => is === "unknown")?.why;
  if (result.verdict === "unknown") memory.why = why ?? "nothing was seen";
  const pending =
    open.filter(({ confirmedAt }) => confirmedAt === null).length - result.confirmed.length - result.dropped.length;
  result.soon =
    result.verdict !== "unknown" && (result.seen.length > 0 || pending > 0 || Object.keys(memory.starting).length > 0);
  return result;
}

/**
 * Whether a resource can be judged now. While it is starting it is not, unless that has gone on for long, or it was started yet again
 * since the look before: then it ends before it ever says that it is healthy.
 */
function isJudged(
  resource: SeenResource,
  before: WatchMemory | undefined,
  memory: WatchMemory,
  facts: LookFacts,
): boolean {
  const { name, is, containers, starting } = resource;
  const was = before?.starting[name];
  if (is === "unknown") {
    if (was) memory.starting[name] = was;
    return false;
  }
  if (!starting) return true;
  const base = facts.starts[name] ?? {};
  const starts: Record<string, Start> = {};
  for (const each of containers) {
    const start = toStart(each, base[each.container]);
    if (start) starts[each.container] = start;
  }
  const since = was?.since ?? facts.now;
  memory.starting[name] = { since, starts };
  const isAnew = Object.entries(starts).some(([container, start]) => {
    const old = was?.starts[container];
    return old !== undefined && !isSameStart(old, start);
  });
  return isAnew || facts.now - since >= LONGEST_START;
}

function findAll(resources: readonly SeenResource[]): Found {
  const found: Found = new Map();
  const add = (kind: ObservationKind, part: string, container: ObservedContainer | null = null) => {
    const parts = found.get(kind) ?? new Map();
    found.set(kind, parts.set(part, container));
  };
  for (const { is, differs, containers } of resources) {
    if (is === "gone") {
      add("gone", WHOLE);
      continue;
    }
    if (is !== "other") continue;
    for (const part of differs) add("changed", part);
    for (const each of containers) {
      const kind = kindOf(each.is);
      if (kind !== "restarted") add(kind, each.container, toObserved(each));
    }
  }
  return found;
}

function kindOf(is: string): ObservationKind {
  return is === "restarted" || is === "replaced" || is === "gone" ? is : "unhealthy";
}

function toObserved({ container, is, startedAt, exitCode }: SeenContainer): ObservedContainer {
  return {
    container,
    is,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(exitCode === undefined ? {} : { exitCode }),
  };
}

/** What was found of one kind, against the observations that are open of it: each part belongs to one of them at most. */
function settleParts(
  { stack, left, now, nextId }: LookFacts,
  result: Assessment,
  of: {
    name: string;
    kind: ObservationKind;
    open: Observation[];
    found: Map<string, ObservedContainer | null>;
    canEnd: boolean;
  },
): void {
  const fresh = new Map(of.found);
  for (const observation of of.open) {
    const keys = observation.parts.length > 0 ? observation.parts : [WHOLE];
    for (const key of keys) fresh.delete(key);
    const still = keys.filter((key) => of.found.has(key));
    if (still.length > 0) {
      const containers = observation.containers.map((each) => of.found.get(each.container) ?? each);
      const next = { ...observation, containers };
      if (observation.confirmedAt === null) result.confirmed.push({ ...next, confirmedAt: now });
      else if (!isSame(containers, observation.containers)) result.changed.push(next);
    } else if (of.canEnd) end(result, observation, now);
  }
  if (fresh.size === 0) return;
  const containers = [...fresh.values()].filter((each) => each !== null);
  const parts = [...fresh.keys()].filter((part) => part !== WHOLE).sort();
  const { name: service, kind } = of;
  const times = { seenAt: now, confirmedAt: null, endedAt: null };
  result.seen.push({ id: nextId(), stack, service, kind, parts, containers, run: left.run, ...times });
}

function end(result: Assessment, observation: Observation, now: number): void {
  if (observation.confirmedAt === null) result.dropped.push(observation);
  else result.over.push({ ...observation, endedAt: now });
}

function isSame(a: readonly ObservedContainer[], b: readonly ObservedContainer[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * Restarts of a service's containers. Each start is counted once; one observation gathers those of a container until it has been quiet
 * for a while, so that one that ends again and again is told of once.
 */
function settleRestarts(
  facts: LookFacts,
  result: Assessment,
  { name, news, isSameLeft, canEnd }: { name: string; news: SeenContainer[]; isSameLeft: boolean; canEnd: boolean },
): void {
  const { stack, left, starts, open, now, quietMs, nextId } = facts;
  const troubled = new Set(news.filter(({ is }) => is !== "restarted").map(({ container }) => container));
  const going = open.filter(({ service, kind }) => service === name && kind === "restarted");
  const again = new Map<string, ObservedContainer>();
  for (const each of news.filter(({ is }) => is === "restarted")) {
    const base = starts[name]?.[each.container];
    const start = toStart(each, base);
    if (start === undefined || (base && isSameStart(base, start))) continue;
    const times = base ? timesBetween(base, start) : start.restarts;
    const { startedAt } = start;
    const exitCode = each.exitCode ?? lastExit(open, name, each.container);
    const code = exitCode === undefined ? {} : { exitCode };
    again.set(each.container, { container: each.container, is: "restarted", times, startedAt, ...code });
    result.restarts.push({ service: name, times: Math.max(times, 1) });
    result.memory.known[name] = { ...result.memory.known[name], [each.container]: start };
  }
  for (const observation of going) {
    const [old] = observation.containers;
    const more = old && again.get(old.container);
    if (!isSameLeft) end(result, observation, now);
    else if (old && more) {
      again.delete(old.container);
      const next = { ...old, ...more, times: (old.times ?? 0) + (more.times ?? 0) };
      const grown = { ...observation, containers: [next], lastAt: now };
      if (observation.confirmedAt === null) result.confirmed.push({ ...grown, confirmedAt: now });
      else result.changed.push(grown);
    } else if (!canEnd) continue;
    else if (observation.confirmedAt === null) result.confirmed.push({ ...observation, confirmedAt: now });
    else if (old && !troubled.has(old.container) && now - (observation.lastAt ?? 0) >= quietMs)
      end(result, observation, now);
  }
  for (const [container, observed] of again) {
    const times = { seenAt: now, confirmedAt: null, endedAt: null, lastAt: now };
    const what = { stack, service: name, kind: "restarted", parts: [container], containers: [observed] } as const;
    result.seen.push({ id: nextId(), ...what, parts: [container], containers: [observed], run: left.run, ...times });
  }
}

/** With which code a container ended last, where a look saw that: Docker forgets it at the next start. */
function lastExit(open: readonly Observation[], service: string, name: string): number | undefined {
  const seen = open.filter((each) => each.service === service).flatMap(({ containers }) => containers);
  return seen.findLast(({ container, exitCode }) => container === name && exitCode !== undefined)?.exitCode;
}

function toVerdict(
  resources: readonly SeenResource[],
  judged: readonly SeenResource[],
  result: Assessment,
): LookVerdict {
  const isOther = judged.some(({ is }) => is === "other" || is === "gone");
  if (isOther || result.restarts.length > 0) return "found";
  if (resources.length === 0 || resources.some(({ is }) => is === "unknown")) return "unknown";
  return judged.length < resources.length || resources.some(({ starting }) => starting) ? "starting" : "left";
}
