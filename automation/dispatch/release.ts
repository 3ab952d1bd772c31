import { causeOf } from "../domain/cause.ts";
import type { Run } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { RequestError } from "../errors.ts";
import type { Catalogue } from "../git/catalogue.ts";
import type { Mirror } from "../git/mirror.ts";
import { isTrustedCommit } from "../git/trusted.ts";
import type { Log } from "../log.ts";
import { type Ending, judgeStop, type RunSpec, type StopReason } from "../work/perform.ts";
import { decideWait } from "../work/verdict.ts";

/** Where a run's release is read from. */
export interface ReleaseSource {
  mirror: Mirror;
  catalogue: Catalogue;
  log: Log;
  config: {
    /** The branch that releases are cut from. */
    gitBranch: string;
    /** How long a run may take, and how long is waited for what is away, in milliseconds. */
    runTimeoutMs: number;
    outagePatienceMs: number;
  };
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What the repository says of a run's commit. */
export interface FoundRelease {
  services: string[];
  /** Whether main contains it. */
  merged: boolean;
}

/**
 * Asks the origin what a run's release is now: the request was decided on what the mirror knew then. Answers how the run ends where it
 * cannot be carried out.
 */
export async function findRelease(
  source: ReleaseSource,
  { run }: RunSpec,
  stop: AbortSignal,
): Promise<{ release: FoundRelease } | { ending: Ending }> {
  const { mirror, catalogue, config, log, now } = source;
  const end = (verdict: Ending["verdict"]) => ({ ending: { verdict, outcomes: [] } });
  const refuse = (message: string, hint: string) =>
    end({ next: "fail", cause: causeOf("config_invalid", message, hint) });
  try {
    await untilAborted(mirror.fetch(), stop).catch((error: unknown) => {
      stop.throwIfAborted();
      if (!canDoWithout(run)) throw error;
      log.warn({ event: "run.offline", err: error });
    });
    const moved = await findMove(mirror, run);
    if (moved) return refuse(moved, "tags are never moved or removed here: make a new one");
    stop.throwIfAborted();
    const services = await catalogue.services(run.commit, run.stack);
    if (!services) {
      return refuse(`the release has no Pulumi.${run.stack}.yaml`, "deploy a release that has this environment");
    }
    return { release: { services, merged: await isTrustedCommit(mirror, config.gitBranch, run.commit) } };
  } catch (error) {
    if (stop.aborted) return end(judgeStop(stop.reason as StopReason, config.runTimeoutMs));
    if (!(error instanceof RequestError && error.code === "git_unreachable")) throw error;
    const cause = causeOf("config_invalid", error.message, error.hint);
    const patience = { run, outagePatienceMs: config.outagePatienceMs };
    return end(decideWait(patience, { of: "git", cause }, { progressed: false, started: false }, now()));
  }
}

/** What the stack has, or had, needs no news: going back must work above all when nothing else does. */
function canDoWithout({ kind, rollback }: Run): boolean {
  return rollback || RUN_KINDS[kind].worksOffline;
}

/** How a run's tag is another one than when it was accepted. */
async function findMove(mirror: Mirror, run: Run): Promise<string | undefined> {
  if (run.tag === null) return undefined;
  const commit = await mirror.tagCommit(run.tag);
  if (commit === run.commit) return undefined;
  const found = commit === undefined ? "is gone from the repository" : `names ${commit.slice(0, 7)} now`;
  return `${run.tag} was ${run.commit.slice(0, 7)} when it was accepted and ${found}`;
}

/** What `work` gives, unless `signal` is aborted first: a remote may take minutes to say nothing. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    work.catch(() => {});
  }
}
