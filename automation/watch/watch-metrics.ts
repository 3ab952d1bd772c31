import { countDrifted, type Described, describeStacks } from "../answer/stacks.ts";
import type { Run } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import type { Variables } from "../environment.ts";
import type { Metrics } from "../metrics.ts";
import { SECRET_VARIABLES } from "../variables.ts";

/** What the gauges are read from. */
export interface Gauged extends Described {
  metrics: Metrics;
  variables: Pick<Variables, "changedAt">;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Brings the gauges up to date that are read from the store and Git. */
export async function refreshGauges(on: Gauged): Promise<void> {
  const { store, metrics, variables, now } = on;
  const waiting = await store.runs({ states: ["queued", "waiting"] });
  metrics.queueDepth.reset();
  metrics.queueAge.reset();
  metrics.release.reset();
  metrics.findings.reset();
  for (const { stack: env, service, kind, confirmedAt } of await store.openObservations()) {
    if (confirmedAt !== null) metrics.findings.inc({ env, service, kind });
  }
  for (const stack of await describeStacks(on)) {
    const env = stack.env;
    const queued = waiting.filter((run) => run.stack === env);
    metrics.queueDepth.set({ env }, queued.length);
    metrics.queueAge.set({ env }, Math.max(0, ...queued.map((run) => (now() - run.createdAt) / 1000)));
    metrics.hold.set({ env }, stack.holds?.length ? 1 : 0);
    if (stack.behind_by !== null) metrics.behindBy.set({ env }, stack.behind_by);
    // What an update came after is fixed, as far as anybody knows.
    metrics.drift.set({ env }, (await countDrifted(store, env)) ?? 0);
    if (stack.since === null) continue;
    const since = Date.parse(stack.since) / 1000;
    metrics.lastSuccess.set({ env }, since);
    metrics.release.set({ env, tag: stack.tag ?? "none", commit: stack.commit ?? "none" }, since);
  }
  for (const name of SECRET_VARIABLES) {
    const changedAt = variables.changedAt(name);
    if (changedAt !== undefined) metrics.secretAge.set({ name }, (now() - changedAt) / 1000);
  }
}

/** Counts a run that ended. */
export function countRun({ metrics }: { metrics: Metrics }, run: Run): void {
  const { stack: env, kind, state } = run;
  metrics.runs.inc({ env, kind, state, cause: run.cause?.code ?? "none" });
  if (!RUN_KINDS[kind].changesStack) return;
  for (const { result } of run.outcomes) metrics.services.inc({ env, result });
}

/**
 * Counts how long a commit took to come to a stack: from when it was made or, where Git does not tell, from when it was asked for.
 * `first`: whether the stack never had it before.
 */
export async function countLeadTime(
  {
    metrics,
    committedAt,
  }: { metrics: Metrics; committedAt?: ((commit: string) => Promise<number | undefined>) | undefined },
  { kind, stack: env, commit, rollback, state, createdAt, finishedAt }: Run,
  first: boolean,
): Promise<void> {
  if (!first || state !== "succeeded" || rollback || !RUN_KINDS[kind].choosesRelease || finishedAt === null) return;
  const since = (await committedAt?.(commit).catch(() => undefined)) ?? createdAt;
  metrics.leadTime.observe({ env }, Math.max(0, finishedAt - since) / 1000);
}
