import { join } from "node:path";
import { parse } from "yaml";
import { placeOf, type StackPlace } from "../state/backend.ts";
import { lockFolder } from "../state/locks.ts";
import { giveFolder } from "../state/ownership.ts";
import { type DependenciesOptions, linkDependencies } from "./dependencies.ts";
import { readInput } from "./npm/read-input.ts";
import type { WorkContext, WorkSpec } from "./perform.ts";
import type { Place } from "./place.ts";
import type { Recorder } from "./record.ts";
import { unpack } from "./unpack.ts";
import { type RunUser, removeAs, runAs } from "./users.ts";

/** Largest stack file or Pulumi.yaml, in bytes. */
const FILE_LIMIT = 1024 ** 2;

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
  /** Name of the program. */
  project: string;
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
  { record, signal }: { record: Pick<Recorder, "phase" | "engine">; signal: AbortSignal },
): Promise<Prepared> {
  record.phase("dependencies");
  const { worktree, files: owner } = place;
  await unpack(files(run.id), worktree, owner, signal);
  const project = await readProject(worktree);

  const env = { ...npmEnvironment, ...place.npm };
  const installing = { folder: place.dependencies, runnerFolder, env, signal, owner: ownerOf(owner) };
  const { ignored } = await linkDependencies(worktree, installing);
  if (ignored.length > 0) {
    const message = `of the release's .npmrc only registries are used, not: ${ignored.slice(0, 20).join(", ")}`;
    record.engine({ event: { type: "diagnostic", severity: "warning", urn: null, message }, at: Date.now() });
  }
  const name = `Pulumi.${run.stack}.yaml`;
  const stackFile = await readFileOf(worktree, name);
  const configFile = await place.write(name, stackFile);
  const statePlace = placeOf(config.backendUrl, project, run.stack);
  return {
    workDir: worktree,
    configFile,
    stackFile: stackFile.toString("utf8"),
    services,
    project,
    place: statePlace,
    locks: statePlace && lockFolder(statePlace),
  };
}

/** The program's name: `name` of its Pulumi.yaml. It names folders of the state. Throws ReleaseError when there is none. */
async function readProject(worktree: string): Promise<string> {
  const { name } = (parse(String(await readFileOf(worktree, "Pulumi.yaml"))) ?? {}) as { name?: unknown };
  if (typeof name === "string" && /^[\w-][\w.-]*$/.test(name)) return name;
  throw new ReleaseError(
    "the release's Pulumi.yaml has no name",
    "write one, e.g. `name: platform`, and make a new release",
  );
}

async function readFileOf(worktree: string, name: string): Promise<Buffer> {
  const content = await readInput(join(worktree, name), FILE_LIMIT).catch((cause: Error) => {
    throw new ReleaseError(
      `the release's ${name} cannot be read: it ${cause.message}`,
      "mend it, and make a new release",
    );
  });
  if (content) return content;
  throw new ReleaseError(`the release has no ${name}`, "deploy a release that has it");
}

/** How files become somebody's, and go, where that is not this process's own user. */
function ownerOf(user: RunUser | undefined): DependenciesOptions["owner"] {
  return (
    user && {
      run: (command, words, options) => runAs(user, command, words, options),
      give: (folder) => giveFolder(folder, user.id),
      remove: (path) => removeAs(path, [user]),
    }
  );
}
