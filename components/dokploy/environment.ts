import { found } from "./api/found.ts";
import { requireWholeView } from "./api/rights.ts";
import { type EnvironmentRecord, holdsServices } from "./api/schema.ts";
import { requireSupported } from "./api/version.ts";
import type { Context } from "./context.ts";
import { type EnvironmentInputs, environmentMarker, findOrMakeEnvironment, madeByUs } from "./environment-find.ts";
import { ensureNetwork, leaveNetwork } from "./networks.ts";
import { same } from "./rules/diff.ts";
import { hasUnknown } from "./rules/inputs.ts";
import { type EnvironmentOutputs, requireKnownSchema, SCHEMA_VERSION } from "./rules/outputs.ts";
import { ServiceError } from "./rules/service-error.ts";
import { requireSameServer } from "./same-server.ts";
import { leftEnvironment, telling } from "./seen/left.ts";

/** Finds project and environment by name, or makes them, and the network of the environment. */
export async function createEnvironment(context: Context, inputs: EnvironmentInputs) {
  requireSupported(await context.dokploy.version());
  await requireWholeView(context.dokploy);
  const environmentId = await findOrMakeEnvironment(context, inputs);
  const record = await context.dokploy.environment(environmentId);
  const { project, projectId } = record;
  if (inputs.network !== undefined) await ensureNetwork(context.dokploy, inputs.network);
  const outs: EnvironmentOutputs = {
    schemaVersion: SCHEMA_VERSION,
    ...environmentInputs(inputs),
    bound: { project: inputs.project, name: inputs.name },
    environmentId,
    projectId,
    organizationId: project.organizationId ?? "",
    serverUrl: context.dokploy.url,
  };
  tellOf(context, outs, record);
  return { id: environmentId, outs };
}

/**
 * The environment as it is live. Throws when this is another server or the environment is not there: services below it must never
 * look deleted only because the wrong place was asked.
 */
export function readEnvironment(context: Context, id: string, olds: EnvironmentOutputs) {
  return telling(context, aboutEnvironment(id), async (leave) => {
    requireKnownSchema(olds);
    requireSameServer(context, olds.serverUrl);
    const record = await seeEnvironment(context, id, olds.organizationId);
    if (record === undefined) return {};
    const props = seenEnvironment(olds, record);
    leave(leftEnvironment(context, olds, props, record));
    return { id, props, inputs: environmentInputs(props) };
  });
}

function seenEnvironment(olds: EnvironmentOutputs, record: EnvironmentRecord): EnvironmentOutputs {
  const { name, project, projectId } = record;
  return { ...olds, schemaVersion: SCHEMA_VERSION, project: project.name, name, projectId };
}

function aboutEnvironment(id: string) {
  return { type: "environment" as const, service: "", id };
}

/** Tells how an update left it, by the record as it was read after all was written. */
function tellOf(context: Context, outs: EnvironmentOutputs, record: EnvironmentRecord): void {
  const left = leftEnvironment(context, outs, seenEnvironment(outs, record), record);
  context.tell?.(left ?? { ...aboutEnvironment(outs.environmentId), forget: true });
}

/** Renames what was renamed by hand, and makes the network where an older release left that to its services; other names in the program would be another environment and are refused. */
export async function updateEnvironment(
  context: Context,
  id: string,
  olds: EnvironmentOutputs,
  news: EnvironmentInputs,
) {
  context.tell?.({ ...aboutEnvironment(id), forget: true });
  environmentChanges(olds, news);
  requireSameServer(context, olds.serverUrl);
  await requireWholeView(context.dokploy);
  if (olds.name !== news.name) await context.dokploy.updateEnvironment({ environmentId: id, name: news.name });
  if (olds.project !== news.project) {
    await context.dokploy.updateProject({ projectId: olds.projectId, name: news.project });
  }
  if (!same(olds.owner, news.owner)) await handOver(context, id, olds, news);
  // Another one is made by the first deployment that is on it: a suffix by which services would lose their data is refused before that.
  const isOther = olds.network !== undefined && olds.network !== news.network;
  if (news.network !== undefined && !isOther) await ensureNetwork(context.dokploy, news.network);
  const outs: EnvironmentOutputs = { ...olds, ...environmentInputs(news), schemaVersion: SCHEMA_VERSION };
  if (context.tell) {
    const record = await context.dokploy.environment(id).catch(() => undefined);
    if (record) tellOf(context, outs, record);
  }
  return { outs };
}

/**
 * Whether anything differs. Throws when the program now means another project or environment, or runs with another master key
 * without `DOCKMASTER_NEW_KEY=1`: every derived password would change, and a key mistyped on a laptop is the likelier reason.
 */
export function environmentChanges(
  olds: EnvironmentOutputs,
  news: EnvironmentInputs,
  newKey = process.env.DOCKMASTER_NEW_KEY === "1",
): boolean {
  requireKnownSchema(olds);
  const keyId = hasUnknown(news.owner) ? undefined : news.owner.keyId;
  if (keyId !== undefined && olds.owner.keyId !== "" && keyId !== olds.owner.keyId && !newKey) {
    throw new ServiceError(
      "config_invalid",
      "PLATFORM_KEY is not the key that this stack was made with",
      "use the right one; to change every derived password on purpose, set DOCKMASTER_NEW_KEY=1 for one run",
    );
  }
  for (const key of ["project", "name"] as const) {
    if (hasUnknown(news[key]) || news[key] === olds.bound[key]) continue;
    throw new ServiceError(
      "config_invalid",
      `the stack lives in Dokploy under ${olds.bound.project}/${olds.bound.name}, the program says ${news.project}/${news.name}`,
      "its services would have to be made anew there: change the name back, or use a new stack",
    );
  }
  return !same(environmentInputs(olds), environmentInputs(news));
}

/** Removes what we made, and only when nothing is left in it. */
export async function deleteEnvironment(context: Context, id: string, olds: EnvironmentOutputs): Promise<void> {
  requireKnownSchema(olds);
  requireSameServer(context, olds.serverUrl);
  const { dokploy } = context;
  await requireWholeView(dokploy);
  const record = await found(dokploy.environment(id));
  if (record === undefined) return;
  if (olds.network !== undefined && !holdsServices(record)) await leaveNetwork(dokploy, olds.network);
  if (!record.isDefault && !holdsServices(record) && madeByUs(record.description, olds.owner)) {
    await found(dokploy.removeEnvironment(id));
  }
  const project = (await dokploy.projects()).find((entry) => entry.projectId === record.projectId);
  if (project === undefined || !madeByUs(project.description, olds.owner)) return;
  const unused = project.environments.every((entry) => entry.isDefault && !holdsServices(entry));
  if (unused) await found(dokploy.removeProject(project.projectId));
}

/**
 * The environment, confirmed to be the one the state knows. Throws when Dokploy does not have it, unless everything may be gone
 * (`DOCKMASTER_ALLOW_EMPTY=1`): then undefined.
 */
export async function seeEnvironment(
  context: Context,
  environmentId: string,
  organizationId: string,
): Promise<EnvironmentRecord | undefined> {
  const record = await found(context.dokploy.environment(environmentId));
  if (record?.project.organizationId && organizationId && record.project.organizationId !== organizationId) {
    throw elsewhere(context, environmentId, "belongs to another organization");
  }
  if (record === undefined && !context.allowEmpty) throw elsewhere(context, environmentId, "is not there");
  return record;
}

function elsewhere({ dokploy }: Context, environmentId: string, what: string): ServiceError {
  return new ServiceError(
    "config_invalid",
    `environment ${environmentId} ${what} on the Dokploy at ${dokploy.url}`,
    "check DOKPLOY_URL and DOKPLOY_API_KEY; if it was really deleted and everything shall be made anew, set DOCKMASTER_ALLOW_EMPTY=1 for one run",
  );
}

async function handOver({ dokploy }: Context, id: string, olds: EnvironmentOutputs, news: EnvironmentInputs) {
  const record = await dokploy.environment(id);
  const description = environmentMarker(news);
  if (madeByUs(record.description, olds.owner)) await dokploy.updateEnvironment({ environmentId: id, description });
  if (madeByUs(record.project.description, olds.owner)) {
    await dokploy.updateProject({ projectId: record.projectId, description });
  }
}

function environmentInputs({ project, name, owner, network }: EnvironmentInputs): EnvironmentInputs {
  return { project, name, owner, ...(network === undefined ? {} : { network }) };
}
