import { type Assessment, assessLook } from "../../../../../automation/domain/watching/assess-look.ts";
import { leftKey, type WatchMemory } from "../../../../../automation/domain/watching/memory.ts";
import type { Observation } from "../../../../../automation/domain/watching/observation.ts";
import type { SeenContainer, SeenResource, Starts } from "../../../../../automation/domain/watching/seen.ts";

/** A moment in 2026, in milliseconds since the epoch. */
export const T0 = 1_780_000_000_000;

/** A service that is as it was left, unless said otherwise. */
export function service(name: string, changes: Partial<SeenResource> = {}): SeenResource {
  return { name, is: "left", differs: [], containers: [], starting: false, ...changes };
}

/** A service that is not as it was left. */
export function other(name: string, differs: string[], containers: SeenContainer[] = []): SeenResource {
  return service(name, { is: "other", differs, containers });
}

/** A container that runs and was started again so often, the last time at this second. */
export function restarted(container: string, restarts: number, second: number, changes: Partial<SeenContainer> = {}) {
  const startedAt = new Date(T0 + second * 1000).toISOString();
  return { container, is: "restarted", id: "0123456789ab", startedAt, restarts, ...changes };
}

/** A stack that is watched, as its store would keep it. */
export function watchStack() {
  let open: Observation[] = [];
  let memory: WatchMemory | null = null;
  let ids = 0;
  let now = T0;
  let left = { run: "run-1", keptAt: T0 - 1000 };
  const begun: Starts = {
    redis: { redis: { id: "0123456789ab", startedAt: new Date(T0 - 5000).toISOString(), restarts: 0 } },
  };
  return {
    get open() {
      return open;
    },
    get memory() {
      return memory;
    },
    /** An update that ended well left something else. */
    leave: (run: string) => {
      left = { run, keptAt: now };
    },
    look: (resources: SeenResource[], seconds = 60): Assessment => {
      now += seconds * 1000;
      const known = memory?.left === leftKey(left) ? memory.known : {};
      const starts = { ...begun };
      for (const [name, its] of Object.entries(known)) starts[name] = { ...starts[name], ...its };
      const assessment = assessLook({
        ...{ stack: "staging", left, starts, look: { resources, proven: {} }, open, memory, now },
        ...{ quietMs: 600_000, nextId: () => String(++ids).padStart(4, "0") },
      });
      const { seen, confirmed, changed, over, dropped } = assessment;
      const ended = new Set([...over, ...dropped].map(({ id }) => id));
      const next = new Map([...open, ...seen, ...confirmed, ...changed].map((each) => [each.id, each]));
      open = [...next.values()].filter(({ id }) => !ended.has(id));
      // What is kept is JSON.
      memory = JSON.parse(JSON.stringify(assessment.memory)) as WatchMemory;
      return assessment;
    },
  };
}

/** What a look came to, in a few words. */
export function brief({ seen, confirmed, over, changed, dropped }: Assessment): string[] {
  const word = (is: string, each: Observation) => [is, each.service, each.kind, ...each.parts].join(" ");
  return [
    ...seen.map((each) => word("seen", each)),
    ...confirmed.map((each) => word("confirmed", each)),
    ...changed.map((each) => word("changed", each)),
    ...over.map((each) => word("over", each)),
    ...dropped.map((each) => word("dropped", each)),
  ];
}
