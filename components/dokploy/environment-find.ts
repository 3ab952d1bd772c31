import type { Dokploy } from "./api/client.ts";
import { DokployError } from "./api/errors.ts";
import { found } from "./api/found.ts";
import { ownedBy, parseMarker, printMarker } from "./api/marker.ts";
import type { ProjectEntry } from "./api/schema.ts";
import type { Context } from "./context.ts";
import type { Owner } from "./rules/inputs.ts";
import { ServiceError } from "./rules/service-error.ts";

/** The names that a stack's environment has in Dokploy, and whose it is. */
export interface EnvironmentInputs {
  project: string;
  name: string;
  owner: Owner;
  /** Docker network on which the services talk; made when it is missing. State of older releases lacks it. */
  network?: string;
}

/** Finds project and environment by name, or makes them. Returns the environment's id. */
export async function findOrMakeEnvironment({ dokploy }: Context, wanted: EnvironmentInputs): Promise<string> {
  const project = (await findProject(dokploy, wanted)) ?? (await makeProject(dokploy, wanted));
  const known = await environmentIn(dokploy, project, wanted);
  if (known !== undefined) return known;
  const description = environmentMarker(wanted);
  const { projectId } = project;
  const made = await answered(dokploy.createEnvironment({ name: wanted.name, projectId, description }));
  if (made !== undefined) return made.environmentId;
  const again = (await dokploy.projects()).find((entry) => entry.projectId === projectId);
  const late = again && (await environmentIn(dokploy, again, wanted));
  if (late !== undefined) return late;
  throw unanswered("the environment");
}

export function environmentMarker({ owner }: EnvironmentInputs): string {
  return printMarker({ ...owner, service: "", routes: [] });
}

/** Whether we made it: only then may we remove it. */
export function madeByUs(description: string | null | undefined, owner: Owner): boolean {
  return ownedBy(parseMarker(description), owner);
}

async function findProject(dokploy: Dokploy, wanted: EnvironmentInputs): Promise<ProjectEntry | undefined> {
  const named = (await dokploy.projects()).filter((entry) => entry.name === wanted.project);
  if (named.length <= 1) return named[0];
  const marked = await Promise.all(
    named.map(async (entry) => (await ourEnvironments(dokploy, called(entry, wanted.name), wanted)).length > 0),
  );
  const holding = named.filter((_, index) => marked[index]);
  if (holding.length === 1) return holding[0];
  const ours = named.filter((entry) => madeByUs(entry.description, wanted.owner));
  if (holding.length === 0 && ours.length === 1) return ours[0];
  const ids = named.map((entry) => entry.projectId).join(", ");
  throw new ServiceError(
    "config_invalid",
    `Dokploy has ${named.length} projects called ${wanted.project}: ${ids}`,
    "rename or remove the ones that are not meant, or set dokploy:project to another name",
  );
}

async function environmentIn(
  dokploy: Dokploy,
  project: ProjectEntry,
  wanted: EnvironmentInputs,
): Promise<string | undefined> {
  const named = called(project, wanted.name);
  if (named.length <= 1) return named[0];
  const ours = await ourEnvironments(dokploy, named, wanted);
  if (ours.length === 1) return ours[0];
  throw new ServiceError(
    "config_invalid",
    `project ${wanted.project} has ${named.length} environments called ${wanted.name}`,
    "rename or remove the ones that are not meant",
  );
}

function called(project: ProjectEntry, name: string): string[] {
  return project.environments.filter((entry) => entry.name === name).map((entry) => entry.environmentId);
}

/** Those that carry our marker. The list of projects does not say it: each is asked. */
async function ourEnvironments(dokploy: Dokploy, ids: string[], { owner }: EnvironmentInputs): Promise<string[]> {
  const records = await Promise.all(ids.map((id) => found(dokploy.environment(id))));
  return ids.filter((_, index) => madeByUs(records[index]?.description, owner));
}

/**
 * Two stacks may make the same project at once, because names are not unique: the older one stays, and whoever made the younger
 * one takes its own, still empty, away again.
 */
async function makeProject(dokploy: Dokploy, wanted: EnvironmentInputs): Promise<ProjectEntry> {
  const made = await answered(dokploy.createProject({ name: wanted.project, description: environmentMarker(wanted) }));
  const named = (await dokploy.projects()).filter((entry) => entry.name === wanted.project);
  const [oldest, ...younger] = named.sort((a, b) => (a.createdAt ?? "").localeCompare(b.createdAt ?? ""));
  if (oldest === undefined) throw unanswered("the project");
  const extra = younger.find((entry) => entry.projectId === made?.project.projectId);
  if (extra !== undefined) await dokploy.removeProject(extra.projectId);
  return oldest;
}

/** The answer of a creation, or undefined when only the answer may be missing: what is live tells. */
async function answered<T>(creation: Promise<T>): Promise<T | undefined> {
  try {
    return await creation;
  } catch (error) {
    if (error instanceof DokployError && error.ambiguous) return undefined;
    throw error;
  }
}

function unanswered(what: string): DokployError {
  return new DokployError(
    "transient",
    `Dokploy did not say whether it made ${what}`,
    "run the update again: it looks first",
  );
}
