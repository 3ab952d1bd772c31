import { join } from "node:path";
import { parse } from "yaml";
import { placeOf, type StackPlace } from "../state/backend.ts";
import { lockFolder } from "../state/locks.ts";
import { linkDependencies } from "./dependencies.ts";
import type { WorkContext, WorkSpec } from "./perform.ts";
import type { Place } from "./place.ts";
import { readPlainFile } from "./plain-file.ts";
import type { Recorder } from "./record.ts";
import { unpack } from "./unpack.ts";

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
  /** The copy of the stack's file that the engine gets: it may write into it, and the checkout stays clean. */
  configFile: string;
  stackFile: string;
  /** Services that the release has for this stack. */
  services: string[];
  /** Where the backend keeps this stack; undefined when that is no folder. */
  place: StackPlace | undefined;
  /** Where the backend keeps this stack's locks; undefined when they are not files. */
  locks: string | undefined;
}

/** Puts a run's commit into its worktree, with its dependencies. Throws ReleaseError, DependenciesError. */
export async function prepare(
  { config, folder: runnerFolder, npmEnvironment, files }: WorkContext,
  { run, services }: WorkSpec,
  place: Place,
  { record, signal }: { record: Pick<Recorder, "phase">; signal: AbortSignal },
): Promise<Prepared> {
  record.phase("dependencies");
  const { worktree } = place;
  await unpack(files(run.id), worktree, place.files, signal);
  const project = await readProject(worktree);

  await linkDependencies(worktree, {
    dataDir: join(place.dependencies, ".."),
    runnerFolder,
    env: { ...npmEnvironment, ...place.npm },
    signal,
  });
  const name = `Pulumi.${run.stack}.yaml`;
  const stackFile = await readPlainFile(join(worktree, name));
  if (!stackFile) throw new ReleaseError(`${name} of the release is no file`, "make it one, and make a new release");
  const configFile = await place.write(name, stackFile);
  const statePlace = placeOf(config.backendUrl, project, run.stack);
  return {
    workDir: worktree,
    configFile,
    stackFile: stackFile.toString("utf8"),
    services,
    place: statePlace,
    locks: statePlace && lockFolder(statePlace),
  };
}

/** The program's name: `name` of its Pulumi.yaml. It names folders of the state. Throws ReleaseError when there is none. */
async function readProject(workDir: string): Promise<string> {
  const text = (await readPlainFile(join(workDir, "Pulumi.yaml")))?.toString("utf8");
  const { name } = (parse(text ?? "") ?? {}) as { name?: unknown };
  if (typeof name === "string" && /^[\w-][\w.-]*$/.test(name)) return name;
  throw new ReleaseError(
    "the release's Pulumi.yaml has no name",
    "write one, e.g. `name: platform`, and make a new release",
  );
}
