import { DokployError } from "./api/errors.ts";
import { parseMarker } from "./api/marker.ts";
import type { ContainerRow } from "./api/schema.ts";
import type { Context } from "./context.ts";
import type { Job } from "./deploy.ts";
import { readLayout } from "./rules/data/held-data.ts";
import { ServiceError } from "./rules/service-error.ts";

/** Who has a container, as its labels and Dokploy say. */
export interface Holder {
  /** Compose project on its label; undefined when Compose did not make it, or Docker does not list it. */
  project: string | undefined;
  running: boolean;
  /** Id, when Docker lists it. */
  id: string | undefined;
  /** Name of that project's service on Dokploy; undefined when Dokploy knows no such project. */
  service: string | undefined;
}

/** What is to be done about a container whose name a deployment needs. */
export type Remedy = { remove: string; stop: boolean } | { hint: string };

/**
 * Decides about a container in the way. What the own project left is removed, as Compose would have done; of another service's
 * nobody is ever told to remove it. `holder` is undefined when Dokploy could not say.
 */
export function decideRemedy(name: string, appName: string, holder: Holder | undefined): Remedy {
  const look = `docker inspect ${name} --format '{{json .Config.Labels}}'`;
  if (holder === undefined) return { hint: `see on the server whose it is: ${look}` };
  if (holder.id !== undefined && holder.project === appName) return { remove: holder.id, stop: holder.running };
  if (holder.service !== undefined) {
    return {
      hint: `it belongs to ${holder.service} (Compose project ${holder.project}): leave it there, and give one of the two another name; dockmaster check tells where names meet`,
    };
  }
  if (holder.id === undefined) {
    return {
      hint: `Docker holds the name for a container that it does not list: run docker rm -f ${name} on the server, and when it finds none, systemctl restart docker`,
    };
  }
  const whose =
    holder.project === undefined ? "no Compose project made it" : `Dokploy has no project ${holder.project}`;
  return { hint: `${whose}: look at it, then run docker rm -f ${name} on the server (volumes stay)` };
}

/** The container whose name a deployment could not get, by its log. */
export function nameInUse(log: readonly string[]): string | undefined {
  return log.map((line) => /container name "\/?([^"]+)" is already in use/i.exec(line)?.[1]).find(Boolean);
}

/** What Docker says of a container that its own crash has left half made or half removed. */
const HALF_MADE =
  /marked for removal|network \S+ not found|AlreadyExists|already exists|OCI runtime create failed.*exist/i;

/** Containers of the own project that Docker left so and that no later start gets running. */
export function leftHalfMade(log: readonly string[], rows: readonly ContainerRow[]): ContainerRow[] {
  const halfMade = log.some((line) => HALF_MADE.test(line));
  return rows.filter(({ state }) => state === "dead" || state === "removing" || (halfMade && state === "created"));
}

/**
 * Takes away what made a deployment fail and is nobody's but the own project's. Resolves with whether something was, so that the
 * deployment is worth another try; rejects with the failure and what to do on the server when it is for people.
 */
export async function removeObstacles(context: Context, job: Job, failure: ServiceError): Promise<boolean> {
  if (failure.code !== "deployment_failed") return false;
  const name = nameInUse(failure.log);
  if (name !== undefined) {
    const remedy = decideRemedy(name, job.appName, await findHolder(context, name));
    const message = `${failure.message}: the container name ${name} is in use`;
    if ("hint" in remedy) throw new ServiceError(failure.code, message, remedy.hint, failure.log);
    await remove(context, job, { id: remedy.remove, name, stop: remedy.stop }, failure);
    return true;
  }
  const rows = await context.dokploy.containers(job.appName).catch(() => []);
  const left = leftHalfMade(failure.log, rows);
  for (const row of left) await remove(context, job, { id: row.containerId, name: row.name, stop: false }, failure);
  return left.length > 0;
}

/** A container that stands in the way. `stop`: it runs. */
interface Obstacle {
  id: string;
  name: string;
  stop: boolean;
}

async function remove(context: Context, job: Job, { id, name, stop }: Obstacle, failure: ServiceError) {
  const { dokploy } = context;
  const kept = await dataThatGoes(context, job, id);
  if (kept !== undefined) {
    const hint = `${name} has data in ${kept}, and its next container would not get it: copy it from that volume, then run docker rm -f ${id} on the server (volumes stay)`;
    throw new ServiceError(failure.code, failure.message, hint, failure.log);
  }
  try {
    // Its own grace period first: what is removed at once is killed.
    if (stop) await dokploy.stopContainer(id);
    await dokploy.removeContainer(id);
  } catch (error) {
    if (!(error instanceof DokployError)) throw error;
    const hint = `Docker has left ${name} unusable and does not let it go: run docker rm -f ${id} on the server (volumes stay), and when that fails, systemctl restart docker`;
    throw new ServiceError(failure.code, failure.message, hint, failure.log);
  }
}

/**
 * The anonymous volumes that a container has where its compose file says so: Compose hands them on from the container that it replaces,
 * and has none to take them from once that is removed. Asks only where the file has any; what Docker does not tell may be there.
 */
async function dataThatGoes({ dokploy }: Context, job: Job, id: string): Promise<string | undefined> {
  const data = readLayout({ composeFile: job.composeFile, env: {}, appName: job.appName }).data;
  const paths = new Set(data.flatMap(({ kind, path }) => (kind === "anonymous" ? [path] : [])));
  if (paths.size === 0) return undefined;
  const { Mounts } = (await dokploy.container(id).catch(() => undefined)) ?? {};
  if (!Mounts) return `an anonymous volume at ${[...paths].join(" or ")}, as far as its file tells`;
  const kept = Mounts.filter(({ Destination }) => paths.has(Destination));
  const told = kept.map(({ Name, Destination }) => `the anonymous volume ${Name ?? ""} at ${Destination}`);
  return told.length > 0 ? told.join(" and ") : undefined;
}

/** Undefined when Dokploy could not say. */
async function findHolder({ dokploy }: Context, name: string): Promise<Holder | undefined> {
  try {
    const found = await dokploy.container(name);
    const project = found?.Config?.Labels?.["com.docker.compose.project"];
    const theirs =
      project === undefined ? undefined : (await dokploy.composes()).find((one) => one.appName === project);
    const service = theirs && (parseMarker(theirs.description)?.service || theirs.name);
    return { project, service, id: found?.Id, running: found?.State.Running === true };
  } catch (error) {
    if (error instanceof DokployError) return undefined;
    throw error;
  }
}
