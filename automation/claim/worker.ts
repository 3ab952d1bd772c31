import type { Run } from "../domain/run.ts";
import { RUN_KINDS, UPDATES } from "../domain/run-kinds.ts";
import type { Log } from "../log.ts";
import { type Claim, type Store, StoreConflict, StoreUnavailable } from "../store/store.ts";
import type { Perform, RunEvents, StopReason } from "../work/perform.ts";
import { type Closing, conclude, fail } from "./conclude.ts";
import { type Holding, holdLease } from "./lease.ts";
import { LEASE } from "./lease-signs.ts";
import { isOwnerGone } from "./owner.ts";

/** How often the queue is looked at without being told to, in milliseconds. */
const POLL = 1_000;

/** How many looks are under way at once while all engines are at work: each takes some tens of milliseconds. */
const MOST_LOOKS = 8;

/** Takes runs from the queue and carries them out, several stacks at once. */
export interface Worker {
  /** Looks at the queue now. */
  wake(): void;
  /** Has a run that was asked to be canceled noticed at once when it runs here. */
  cancel(run: string): void;
  /** Runs under way here. */
  running(): string[];
  /** Takes no more work; lets what runs end within `graceMs`, then ends it cleanly and hands it back. */
  stop(graceMs: number): Promise<void>;
}

/** What the worker shares with the rest of the runner. */
export interface WorkerContext extends Closing, Holding {
  config: Holding["config"] & {
    /** How many runs are carried out at once. */
    concurrency: number;
  };
  /** Called when a run's record or state changed, so that who waits for it looks again. */
  changed(run: string): void;
}

/** Starts the worker. `owner` names this process in leases; `perform` carries out what it takes. */
export function startWorker(runner: WorkerContext, owner: string, perform: Perform): Worker {
  const { store, config, log, now } = runner;
  const active = new Map<
    string,
    { claim: Claim; stop: AbortController; done: Promise<void>; only: "look" | undefined }
  >();
  const count = (only: "look" | undefined) => [...active.values()].filter((each) => each.only === only).length;
  /** Runs that wait for an engine: a look did not answer them. */
  const unanswered = new Set<string>();
  let stopping = false;
  let again = false;
  // After a pause of the machine our own runs look like somebody's who died. Their heartbeat decides whether they are still ours.
  const hasSlept = () => [...active.values()].some(({ claim }) => claim.lease.expiresAt <= now());

  const look = async () => {
    do {
      again = false;
      while (!stopping && !hasSlept()) {
        // A look is no engine: it waits for none.
        const only = count(undefined) < config.concurrency ? undefined : "look";
        if (only && count(only) >= MOST_LOOKS) break;
        const claim = await store.claim(owner, LEASE, now(), only && { except: [...unanswered] });
        if (!claim) {
          // Nothing waits for an engine that could be had.
          if (!only) unanswered.clear();
          break;
        }
        const { id } = claim.run;
        const stop = new AbortController();
        const done = carryOut(runner, claim, { stop, perform, ...(only && { only }) }).finally(() => {
          active.delete(id);
          wake();
        });
        if (only) unanswered.add(id);
        else unanswered.delete(id);
        active.set(id, { claim, stop, done, only });
      }
    } while (again);
  };
  const wake = () => {
    if (stopping) return;
    again = true;
    looking ??= look()
      .catch((err) => log.error({ event: "queue.unreadable", err }))
      .finally(() => {
        looking = undefined;
      });
  };
  const timer = setInterval(wake, POLL);
  // What a killed runner of this machine held is free at once.
  let looking: Promise<void> | undefined = store
    .releaseGone(isOwnerGone, now())
    .then((stacks) => stacks.length > 0 && log.warn({ event: "leases.released", stacks }))
    .catch((err) => log.error({ event: "leases.unreadable", err }))
    .then(() => {
      looking = undefined;
      wake();
    });

  return {
    wake,
    cancel: (run) => active.get(run)?.stop.abort("cancel" satisfies StopReason),
    running: () => [...active.keys()],
    stop: async (graceMs) => {
      stopping = true;
      clearInterval(timer);
      await looking;
      const all = Promise.all([...active.values()].map(({ done }) => done));
      const late = setTimeout(() => {
        for (const { stop } of active.values()) stop.abort("shutdown" satisfies StopReason);
      }, graceMs);
      await all;
      clearTimeout(late);
    },
  };
}

/** Carries out one claimed run, keeps its lease alive meanwhile and writes how it ended. Never throws. */
async function carryOut(
  runner: WorkerContext,
  claim: Claim,
  { stop, perform, only }: { stop: AbortController; perform: Perform; only?: "look" },
): Promise<void> {
  const { store, metrics, changed, now } = runner;
  const { run, lease } = claim;
  const { id, stack } = run;
  const log: Log = runner.log.child({ run: id, stack });
  const letGo = holdLease(runner, claim, stop);
  log.info({ event: "run.started", kind: run.kind, tag: run.tag, commit: run.commit, attempts: run.attempts });
  changed(id);
  const phaseEnded = (phase: string, seconds: number) => metrics.phases.observe({ env: stack, phase }, seconds);
  if (run.attempts === 0) phaseEnded("queue", (now() - run.createdAt) / 1000);
  try {
    const before = RUN_KINDS[run.kind].changesStack ? await findLastStarted(store, run) : undefined;
    const known = (await store.stackRelease(stack)) !== undefined;
    const events: RunEvents = {
      append: async (added) => {
        await store.append(id, added);
        changed(id);
      },
      note: (patch) => store.update(id, patch, now(), lease),
      leaseUntil: () => lease.expiresAt,
      phaseEnded,
      lockRemoved: () => {
        metrics.lockBreaks.inc({ env: stack });
      },
    };
    const ending = await perform({ run, before, known, ...(only && { only }) }, events, stop.signal);
    await conclude(runner, claim, ending);
  } catch (err) {
    if (err instanceof StoreConflict) log.warn({ event: "run.left", reason: err.message });
    // It stays as it is, and whoever takes it up finds out how far it came.
    else if (err instanceof StoreUnavailable) log.warn({ event: "run.cut_off", err });
    else {
      log.error({ event: "run.mistaken", err });
      await fail(runner, claim, err).catch((err) => log.error({ event: "run.not_ended", err }));
    }
  } finally {
    letGo();
    await store.release(lease, now()).catch((err) => log.error({ event: "lease.not_released", err }));
    changed(id);
  }
}

/** How many runs are read at once. */
const PAGE = 20;

/**
 * The last deploy or sync before `run` whose engine came to the stack, however many since then never did: they ended
 * before it was started, or it found the stack locked.
 */
export async function findLastStarted(store: Pick<Store, "runs">, run: Run): Promise<Run | undefined> {
  for (let before: Run | undefined = run; before; ) {
    const earlier: Run[] = await store.runs({ stack: run.stack, kinds: UPDATES, before, limit: PAGE });
    const last = earlier.find(({ attempts, cause }) => attempts > 0 && cause?.code !== "stack_locked");
    if (last) return last;
    before = earlier.length < PAGE ? undefined : earlier.at(-1);
  }
  return undefined;
}
