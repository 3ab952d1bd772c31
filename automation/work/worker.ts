import { setTimeout as sleep } from "node:timers/promises";
import { whatWasDone } from "../domain/carry.ts";
import {
  isFinal,
  nextState,
  type Run,
  type RunState,
  SERVICE_RESULTS,
  type ServiceOutcome,
  type ServiceResult,
} from "../domain/run.ts";
import { RUN_KINDS, UPDATES } from "../domain/run-kinds.ts";
import { maskCause, maskOutcome } from "../mask.ts";
import { decideEvents, toNotices } from "../notify/notices.ts";
import { readTargets } from "../notify/outbox.ts";
import type { Runner } from "../runner.ts";
import { type Claim, type Lease, type Notice, StoreConflict, StoreUnavailable } from "../store/store.ts";
import { countRun } from "../watch/watch-metrics.ts";
import { isOwnerGone } from "./owner.ts";
import { type Ending, performRun } from "./update.ts";
import { judgeStop, type StopReason } from "./verdict.ts";

/** How long a stack stays ours without a sign of life, and how often we give one, in milliseconds. */
const LEASE = 8_000;
const HEARTBEAT = 2_000;

/** How long a store that is away is waited for before it is asked again, in milliseconds. */
const STORE_PAUSE = 500;

/** How often the queue is looked at without being told to, in milliseconds. */
const POLL = 1_000;

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

/** Starts the worker. `owner` names this process in leases. */
export function startWorker(runner: Runner, owner: string, perform: typeof performRun = performRun): Worker {
  const { store, config, log, now } = runner;
  const active = new Map<string, { claim: Claim; stop: AbortController; done: Promise<void> }>();
  let stopping = false;
  let again = false;
  // After a pause of the machine our own runs look like somebody's who died. Their heartbeat decides whether they are still ours.
  const hasSlept = () => [...active.values()].some(({ claim }) => claim.lease.expiresAt <= now());

  const look = async () => {
    do {
      again = false;
      while (!stopping && active.size < config.concurrency && !hasSlept()) {
        const claim = await store.claim(owner, LEASE, now());
        if (!claim) break;
        const stop = new AbortController();
        const done = carryOut(runner, claim, stop, perform).finally(() => {
          active.delete(claim.run.id);
          wake();
        });
        active.set(claim.run.id, { claim, stop, done });
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
  runner: Runner,
  claim: Claim,
  stop: AbortController,
  perform: typeof performRun,
): Promise<void> {
  const { run, lease } = claim;
  const log = runner.log.child({ run: run.id, stack: run.stack });
  const endWatch = watch(runner, claim, stop);
  log.info({ event: "run.started", kind: run.kind, tag: run.tag, commit: run.commit, attempts: run.attempts });
  runner.changed(run.id);
  if (run.attempts === 0)
    runner.metrics.phases.observe({ env: run.stack, phase: "queue" }, (runner.now() - run.createdAt) / 1000);
  try {
    const ending = await perform(runner, claim, stop.signal);
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
    endWatch();
    await runner.store.release(lease, runner.now()).catch((err) => log.error({ event: "lease.not_released", err }));
    runner.changed(run.id);
  }
}

/** Renews the lease and watches for a cancel request, the run's time limit and the loss of the lease. */
function watch({ store, config, now, log }: Runner, { run, lease }: Claim, stop: AbortController): () => void {
  const abort = (reason: StopReason) => {
    if (!stop.signal.aborted) log.info({ event: "run.stopped", run: run.id, reason });
    stop.abort(reason);
  };
  let renewed = now();
  const beat = async () => {
    const at = now();
    try {
      if (!(await store.renew(lease, LEASE, at))) return abort("lease");
      renewed = at;
      lease.expiresAt = at + LEASE;
      if (await store.cancelRequested(run.id)) abort("cancel");
    } catch (err) {
      log.error({ event: "lease.not_renewed", err, run: run.id });
      // Another worker may take the stack from now on.
      if (now() - renewed > LEASE) abort("lease");
    }
  };
  const heart = setInterval(beat, HEARTBEAT);
  // Counted from here, not from the first start: a runner that was away for an hour has not used the run's time.
  const limit = setTimeout(() => abort("timeout"), config.runTimeoutMs);
  void beat();
  return () => {
    clearInterval(heart);
    clearTimeout(limit);
  };
}

async function conclude(runner: Runner, claim: Claim, { verdict: found, outcomes: all }: Ending): Promise<void> {
  // Asked for while the try came to its end: nobody waits for what is not wanted any more.
  const isUnwanted = found.next === "hold" && (await runner.store.cancelRequested(claim.run.id));
  const verdict = isUnwanted ? judgeStop("cancel", 0) : found;
  const log = runner.log.child({ run: claim.run.id, stack: claim.run.stack });
  if (verdict.next === "leave") return log.warn({ event: "run.left", reason: "the lease was lost" });
  // From here it goes to the store, to answers and to notices.
  const outcomes = all.map((outcome) => maskOutcome(runner.mask, outcome));
  const cause = verdict.cause && maskCause(runner.mask, verdict.cause);
  const outage = verdict.next === "hold" ? { outage: verdict.outage } : {};
  // What was done before it was handed back is told when it ends.
  const done = RUN_KINDS[claim.run.kind].changesStack ? whatWasDone(outcomes) : [];
  const patch = verdict.next === "requeue" ? { outcomes: done } : { outcomes, cause, ...outage };
  const { kind, state } = await end(runner, claim, verdict.next, patch);
  if (cause?.code === "vault_unreachable") log.warn({ event: "vault.unreachable", reason: cause.message });
  if (!isFinal(state)) return;
  const told = RUN_KINDS[kind].changesStack ? "service.changed" : "service.differs";
  for (const { service, result, reason } of outcomes) {
    if (result !== "unchanged") log.info({ event: told, service_name: service, service, result, reason });
  }
}

/** Writes how a run ended together with what people are told of it, and counts it. */
async function end(
  runner: Runner,
  { run, lease }: Claim,
  event: Exclude<Ending["verdict"]["next"], "leave">,
  patch: Pick<Partial<Run>, "outcomes" | "cause" | "outage">,
): Promise<Run> {
  const now = runner.now();
  const notices = await whileHeld(runner, lease, () =>
    planNotices(runner, { ...run, ...patch, state: nextState(run.state, event) ?? run.state }, run.outage),
  );
  const ended = await whileHeld(runner, lease, () =>
    runner.store.transition(run.id, event, patch, now, lease, notices),
  );
  if (isFinal(ended.state)) tellEnd(runner, ended, now);
  else if (ended.state === "waiting") tellWaiting(runner, ended);
  else runner.log.info({ event: "run.handed_back", run: run.id, stack: run.stack, tag: run.tag });
  return ended;
}

function tellWaiting(runner: Runner, { id: run, stack, tag, cause, outage }: Run): void {
  const of = { waits_for: outage?.of, next: toTime(outage?.next), until: toTime(outage?.until), tries: outage?.tries };
  runner.log.warn({ event: "run.waiting", run, stack, tag, ...of, code: cause?.code, reason: cause?.message });
}

function toTime(ms: number | null | undefined): string | undefined {
  return ms === null || ms === undefined ? undefined : new Date(ms).toISOString();
}

function tellEnd(runner: Runner, ended: Run, now: number): void {
  countRun(runner, ended);
  const { id: run, stack, state, tag, cause } = ended;
  const seconds = (now - (ended.startedAt ?? now)) / 1000;
  const why = cause ? { code: cause.code, message: cause.message } : {};
  const services = countResults(ended.outcomes);
  runner.log[level(state)]({
    event: "run.finished",
    run,
    stack,
    kind: ended.kind,
    state,
    tag,
    seconds,
    services,
    ...why,
  });
}

/** How many services came out how; every result is there, so that nobody has to ask whether. */
function countResults(outcomes: readonly ServiceOutcome[]): Record<ServiceResult, number> {
  const counts = Object.fromEntries(SERVICE_RESULTS.map((result) => [result, 0])) as Record<ServiceResult, number>;
  for (const { result } of outcomes) counts[result] += 1;
  return counts;
}

/** Asks the store again while it is away and the stack is ours: how a run ended is not forgotten for a hiccup. */
async function whileHeld<T>({ now }: Runner, lease: Lease, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || now() + STORE_PAUSE >= lease.expiresAt) throw error;
      await sleep(STORE_PAUSE);
    }
  }
}

/** What people are told of a run's end; written with it, so that it is told once and never forgotten. */
async function planNotices(runner: Runner, run: Run, outageBefore: Run["outage"]): Promise<Notice[]> {
  const targets = readTargets(runner);
  if (targets.length === 0) return [];
  const [before] = await runner.store.runs({
    stack: run.stack,
    kinds: UPDATES,
    states: ["succeeded", "failed"],
    limit: 1,
  });
  return toNotices(run, decideEvents(run, before?.state, outageBefore), targets);
}

function level(state: RunState): "warn" | "info" {
  return state === "failed" ? "warn" : "info";
}

async function fail(runner: Runner, claim: Claim, error: unknown): Promise<void> {
  const message = runner.mask(error instanceof Error ? error.message : String(error));
  const hint = "this is a mistake of the runner: its log has the details; please report it";
  await end(runner, claim, "fail", { cause: { code: "program_error", message, hint } });
}
