import { nextState, type Run, type RunState } from "./domain/run.ts";
import { decideEvents, toNotices } from "./notices.ts";
import { readTargets } from "./outbox.ts";
import type { Runner } from "./runner.ts";
import { type Claim, type Notice, StoreConflict } from "./store/store.ts";
import { type Ending, performRun } from "./update.ts";
import type { StopReason } from "./verdict.ts";
import { countRun } from "./watch-metrics.ts";

/** How long a stack stays ours without a sign of life, and how often we give one, in milliseconds. */
const LEASE = 8_000;
const HEARTBEAT = 2_000;

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
  const active = new Map<string, { stop: AbortController; done: Promise<void> }>();
  let stopping = false;
  let looking: Promise<void> | undefined;
  let again = false;

  const look = async () => {
    do {
      again = false;
      while (!stopping && active.size < config.concurrency) {
        const claim = await store.claim(owner, LEASE, now());
        if (!claim) break;
        const stop = new AbortController();
        const done = carryOut(runner, claim, stop, perform).finally(() => {
          active.delete(claim.run.id);
          wake();
        });
        active.set(claim.run.id, { stop, done });
      }
    } while (again);
  };
  const wake = () => {
    if (stopping) return;
    again = true;
    looking ??= look()
      .catch((err) => log.error({ err }, "queue unreadable"))
      .finally(() => {
        looking = undefined;
      });
  };
  const timer = setInterval(wake, POLL);
  wake();

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
  log.info({ kind: run.kind, tag: run.tag, commit: run.commit, attempts: run.attempts }, "run started");
  runner.changed(run.id);
  if (run.attempts === 0)
    runner.metrics.phases.observe({ env: run.stack, phase: "queue" }, (runner.now() - run.createdAt) / 1000);
  try {
    const ending = await perform(runner, claim, stop.signal);
    await conclude(runner, claim, ending);
  } catch (err) {
    if (err instanceof StoreConflict) log.warn({ reason: err.message }, "run left to another worker");
    else {
      log.error({ err }, "run failed by a mistake of the runner");
      await fail(runner, claim, err).catch((err) => log.error({ err }, "run not ended"));
    }
  } finally {
    endWatch();
    await runner.store.release(lease, runner.now()).catch((err) => log.error({ err }, "lease not given back"));
    runner.changed(run.id);
  }
}

/** Renews the lease and watches for a cancel request, the run's time limit and the loss of the lease. */
function watch({ store, config, now, log }: Runner, { run, lease }: Claim, stop: AbortController): () => void {
  const abort = (reason: StopReason) => {
    if (!stop.signal.aborted) log.info({ run: run.id, reason }, "run stopped");
    stop.abort(reason);
  };
  let renewed = now();
  const beat = async () => {
    try {
      if (!(await store.renew(lease, LEASE, now()))) return abort("lease");
      renewed = now();
      if (await store.cancelRequested(run.id)) abort("cancel");
    } catch (err) {
      log.error({ err, run: run.id }, "lease not renewed");
      // Another worker may take the stack from now on.
      if (now() - renewed > LEASE) abort("lease");
    }
  };
  const heart = setInterval(beat, HEARTBEAT);
  const left = (run.startedAt ?? now()) + config.runTimeoutMs - now();
  const limit = setTimeout(() => abort("timeout"), Math.max(0, left));
  void beat();
  return () => {
    clearInterval(heart);
    clearTimeout(limit);
  };
}

async function conclude(runner: Runner, { run, lease }: Claim, { verdict, outcomes }: Ending): Promise<void> {
  if (verdict.next === "leave") return;
  const now = runner.now();
  const patch = verdict.next === "requeue" ? {} : { outcomes, cause: verdict.cause };
  const notices = await planNotices(runner, {
    ...run,
    ...patch,
    state: nextState(run.state, verdict.next) ?? run.state,
  });
  const ended = await runner.store.transition(run.id, verdict.next, patch, now, lease, notices);
  const log = runner.log.child({ run: run.id, stack: run.stack });
  countRun(runner, ended);
  const told = run.kind === "deploy" || run.kind === "sync" ? "service changed" : "service differs";
  for (const { service, result, reason } of outcomes) {
    if (result !== "unchanged") log.info({ service, result, reason }, told);
  }
  const seconds = (now - (run.startedAt ?? now)) / 1000;
  const cause = verdict.cause ? { code: verdict.cause.code, message: verdict.cause.message } : undefined;
  log[level(ended.state)]({ state: ended.state, tag: run.tag, seconds, ...cause }, "run finished");
}

/** What people are told of a run's end; written with it, so that it is told once and never forgotten. */
async function planNotices(runner: Runner, run: Run): Promise<Notice[]> {
  const targets = readTargets(runner);
  if (targets.length === 0) return [];
  const [before] = await runner.store.runs({
    stack: run.stack,
    kinds: ["deploy", "sync"],
    states: ["succeeded", "failed"],
    limit: 1,
  });
  return toNotices(run, decideEvents(run, before?.state), targets);
}

function level(state: RunState): "warn" | "info" {
  return state === "failed" ? "warn" : "info";
}

async function fail(runner: Runner, { run, lease }: Claim, error: unknown): Promise<void> {
  const message = runner.mask(error instanceof Error ? error.message : String(error));
  const hint = "this is a mistake of the runner: its log has the details; please report it";
  await runner.store.transition(
    run.id,
    "fail",
    { cause: { code: "program_error", message, hint } },
    runner.now(),
    lease,
  );
}
