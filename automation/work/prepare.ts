import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import type { Run } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import type { Mirror } from "../git/mirror.ts";
import { placeOf, type StackPlace } from "../state/backend.ts";
import { lockFolder } from "../state/locks.ts";
import { stateCopies } from "../state/state-copies.ts";
import { checkOut } from "./checkout.ts";
import { linkDependencies } from "./dependencies.ts";
import type { WorkContext } from "./perform.ts";
import type { Recorder } from "./record.ts";

/** The release cannot be run, and trying again will not help. */
export class ReleaseError extends Error {
  override readonly name = "ReleaseError";
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** All that an engine needs to run a release. */
export interface Prepared {
  workDir: string;
  folder: RunFolder;
  /** Services that the release has for this stack. */
  services: string[];
  /** Where the backend keeps this stack; undefined when that is no folder. */
  place: StackPlace | undefined;
  /** Where the backend keeps this stack's locks; undefined when they are not files. */
  locks: string | undefined;
}

/**
 * Puts a run's commit into the stack's worktree with its dependencies. Throws RequestError `git_unreachable`,
 * ReleaseError, DependenciesError.
 */
export async function prepare(
  { mirror, catalogue, config, log, folder: runnerFolder, npmEnvironment: env }: WorkContext,
  run: Run,
  record: Pick<Recorder, "phase" | "engine">,
  signal: AbortSignal,
): Promise<Prepared> {
  record.phase("checkout", { commit: run.commit, tag: run.tag });
  // The request was decided on what the mirror knew then; what the remote says now is what counts.
  await untilAborted(mirror.fetch(), signal).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!canDoWithout(run)) throw error;
    log.warn({ event: "run.offline", err: error });
  });
  await requireSameTag(mirror, run);
  signal.throwIfAborted();
  const services = await catalogue.services(run.commit, run.stack);
  if (!services) {
    throw new ReleaseError(`the release has no Pulumi.${run.stack}.yaml`, "deploy a release that has this environment");
  }
  const workDir = await checkOut(mirror, config.dataDir, run.stack, run.commit);

  record.phase("dependencies");
  const { ignored } = await linkDependencies(workDir, { dataDir: config.dataDir, runnerFolder, env, signal });
  if (ignored.length > 0) {
    const message = `of the release's .npmrc only registries are used, not: ${ignored.slice(0, 20).join(", ")}`;
    record.engine({ event: { type: "diagnostic", severity: "warning", urn: null, message }, at: Date.now() });
  }
  const folder = await makeRunFolder(config.dataDir, run.id, workDir, run.stack);
  const place = placeOf(config.backendUrl, await readProject(workDir), run.stack);
  return { workDir, folder, services, place, locks: place && lockFolder(place) };
}

/** What the stack has, or had, needs no news: going back must work above all when nothing else does. */
function canDoWithout({ kind, rollback }: Run): boolean {
  return rollback || RUN_KINDS[kind].worksOffline;
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

async function requireSameTag(mirror: Mirror, run: Run): Promise<void> {
  if (run.tag === null) return;
  const commit = await mirror.tagCommit(run.tag);
  if (commit === run.commit) return;
  const found = commit === undefined ? "is gone from the repository" : `names ${commit.slice(0, 7)} now`;
  throw new ReleaseError(
    `${run.tag} was ${run.commit.slice(0, 7)} when it was accepted and ${found}`,
    "tags are never moved or removed here: make a new one",
  );
}

/** A run's own folder, for what the engine writes beside the state. */
interface RunFolder {
  /** The copy of the stack's file that the engine gets: it may write into it, and the checkout stays clean. */
  configFile: string;
  /** Where the state is copied to before a cut-off update is repaired. */
  stateCopy(attempt: number): string;
  /** Removes the copy of the stack's file. Copies of the state stay. */
  clean(): Promise<void>;
}

/** Makes the folder of a run. Throws when the checkout has no file for the stack. */
async function makeRunFolder(dataDir: string, run: string, workDir: string, stack: string): Promise<RunFolder> {
  const folder = join(dataDir, "runs", run);
  await mkdir(folder, { recursive: true });
  const name = `Pulumi.${stack}.yaml`;
  const configFile = join(folder, name);
  await copyFile(join(workDir, name), configFile);
  return {
    configFile,
    stateCopy: (attempt) => join(stateCopies(dataDir), `${stack}-${run}-${attempt}.json`),
    clean: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The program's name: `name` of its Pulumi.yaml. Throws when there is none. */
async function readProject(workDir: string): Promise<string> {
  const { name } = (parse(await readFile(join(workDir, "Pulumi.yaml"), "utf8")) ?? {}) as { name?: unknown };
  if (typeof name !== "string" || !/^[\w.-]+$/.test(name)) throw new Error("Pulumi.yaml has no name");
  return name;
}
