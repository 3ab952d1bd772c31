import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { RunRequest } from "../../../../automation/domain/run.ts";
import type { LogFields } from "../../../../automation/log.ts";
import { createMask } from "../../../../automation/mask.ts";
import { createMetrics } from "../../../../automation/metrics.ts";
import type { LookAnswer, LookQuestion } from "../../../../automation/socket/messages.ts";
import { openConnection, openStore } from "../../../../automation/store/open.ts";
import type { KeptLeft, Store } from "../../../../automation/store/store.ts";
import { createDriftModes } from "../../../../automation/watch/drift-modes.ts";
import { lookOnce, type Watching } from "../../../../automation/watch/watching.ts";
import type { LeftResource, Look, Looked } from "../../../../components/look/left.ts";

/** A moment in 2026, in milliseconds since the epoch. */
export const T0 = 1_780_000_000_000;
export const MINUTE = 60_000;
export const SECRET = "correct-horse-battery";
const COMMIT = "a".repeat(40);

/** A service that is as it was left, unless said otherwise. */
export function looked(name: string, changes: Partial<Looked> = {}): Looked {
  return { type: "service", name, is: "left", differs: [], containers: [], starting: false, ...changes };
}

/** A service as it was left. */
export function leftService(service: string): LeftResource {
  const container = { id: "0123456789ab", startedAt: new Date(T0 - 9_000).toISOString(), restarts: 0 };
  return {
    ...{ type: "service", service, composeId: service, appName: service, environmentId: "e", organizationId: "o" },
    ...{ serverUrl: "http://dokploy", parts: {}, ignore: [], containers: { [service]: container } },
  };
}

export interface WatchedOptions {
  /** Of the database; default: one of its own. */
  url?: string;
  /** The stack's file on the main branch. */
  file?: string;
  held?: boolean;
  resources?: LeftResource[];
}

/** A door that watches stacks, with a clock and an engine worker that a test has in its hands. */
export async function watchStacks({ url, file = "config: {}", held = false, resources }: WatchedOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), "dockmaster-watch-"));
  const database = url ?? `sqlite:${join(folder, "store.db")}`;
  const store = await openStore(database);
  const db = await openConnection(database);
  const clock = { now: T0 };
  const lines: LogFields[] = [];
  const note = (fields: LogFields) => void lines.push(fields);
  const log = { debug: note, info: note, warn: note, error: note, child: () => log } as unknown as Watching["log"];
  const mask = createMask(() => [SECRET]);
  const questions: LookQuestion[] = [];
  const worker = {
    there: true,
    /** What Dokploy shows now; a function may do something meanwhile. */
    shows: (async () => [looked("redis")]) as (question: LookQuestion) => Promise<Looked[] | LookAnswer>,
  };
  const look = async (question: LookQuestion): Promise<LookAnswer> => {
    questions.push(question);
    const shown = await worker.shows(question);
    if (!Array.isArray(shown)) return shown;
    const seen: Look = { at: clock.now, took: 40, resources: shown, proven: { redis: clock.now } };
    return { look: seen };
  };
  const mirror = { branchHead: async () => "head", readText: async () => file } as unknown as Watching["mirror"];
  const wake = vi.fn();
  const changed = vi.fn();
  const on: Watching = {
    ...{ store, mirror, log, mask, changed, now: () => clock.now, metrics: createMetrics() },
    engines: { isThere: () => worker.there, find: async () => ({ look }) } as unknown as Watching["engines"],
    config: { gitBranch: "main", watchIntervalMs: MINUTE },
    variables: { get: (name) => (name === "NOTIFY_SLACK" ? "http://127.0.0.1:1/" : undefined) },
    isHeld: async () => held,
  };
  const healing = { ...on, healed: createDriftModes(on), isHeld: async () => held };
  const signal = new AbortController().signal;

  const run = async (changes: Partial<RunRequest> = {}, state: "succeed" | "fail" = "succeed", left?: KeptLeft) => {
    const { run: accepted } = await store.accept(
      {
        ...{ kind: "deploy", stack: "staging", tag: "v1.0.1", commit: COMMIT, services: null, rollback: false },
        ...{ triggeredBy: "ada", reason: null, requestId: "r", ...changes },
      },
      clock.now,
    );
    const claim = await store.claim("one", 60_000, clock.now);
    if (claim?.run.id !== accepted.id) throw new Error("it was not its turn");
    await store.transition(
      accepted.id,
      state,
      {},
      clock.now,
      claim.lease,
      [],
      left && { ...left, run: accepted.id, commit: accepted.commit },
    );
    await store.release(claim.lease, clock.now);
    return accepted.id;
  };
  const leftNow = (): KeptLeft => ({
    ...{ stack: "staging", run: "", keptAt: clock.now, commit: COMMIT, program: "p" },
    left: { format: 1, settings: "s", state: null, resources: resources ?? [leftService("redis")] },
    ...{ services: [], checked: { at: clock.now, version: "v1" } },
  });

  return {
    ...{ store, db, clock, worker, on, lines, questions, wake, changed },
    /** A deploy that ended well and told what it left. */
    deploy: (changes: Partial<RunRequest> = {}) => run(changes, "succeed", leftNow()),
    run,
    leftNow,
    events: () => lines.map(({ event }) => event),
    /** What people are told, each once. */
    told: async () => {
      const entries = await store.takeOutbox(100, 1_000_000_000, clock.now);
      return entries.map(({ payload }) => (payload as { text: string }).text);
    },
    /** Lets time pass, and looks whenever a look is due. Returns how often. */
    pass: async (ms: number) => {
      const until = clock.now + ms;
      for (let looks = 0; ; looks += 1) {
        const claimed = await store.claimWatch({ holdMs: 90_000, mostMs: 300_000 }, clock.now);
        if (claimed.watch) {
          await lookOnce(on, healing, claimed.watch, { signal, wake });
          continue;
        }
        if (claimed.next === undefined || claimed.next > until) {
          clock.now = until;
          return looks;
        }
        looks -= 1;
        clock.now = claimed.next;
      }
    },
    close: async () => {
      await db.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type WatchedStacks = Awaited<ReturnType<typeof watchStacks>>;

/** The syncs that the watch asked for, newest first. */
export async function heals(store: Store) {
  return (await store.runs({ kinds: ["sync"] })).filter(({ triggeredBy }) => triggeredBy === "watch");
}
