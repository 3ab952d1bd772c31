import { randomBytes } from "node:crypto";
import { say } from "../engine/say.ts";
import { mustDeployFound, type TakenOver, takenOver } from "./adoption.ts";
import type { Dokploy } from "./api/client.ts";
import { DokployError } from "./api/errors.ts";
import { maskFor } from "./api/mask.ts";
import type { ComposeRecord, ContainerRow, DeploymentRow } from "./api/schema.ts";
import { refuseVolumeChanges, volumesOf } from "./api/volumes.ts";
import { requireChecks } from "./checks.ts";
import type { Context } from "./context.ts";
import { deployAndWait, findUnderway } from "./deploy.ts";
import { plainFailure, recordedFailure } from "./failure.ts";
import { removeObstacles } from "./in-the-way.ts";
import { liveText, lookAtContainers, type Prove } from "./look-at-containers.ts";
import { ensureNetwork, externalNetworks } from "./networks.ts";
import { leastTime } from "./pace.ts";
import { readLayout } from "./rules/data/held-data.ts";
import { afterWrite, dataOf, deployedData, refuseToLeave } from "./rules/data/keep-data.ts";
import { changedKeys } from "./rules/diff.ts";
import { changesDomains, domainColumns, planDomains } from "./rules/domains.ts";
import { printDeployment } from "./rules/fingerprint.ts";
import { type ComposeInputs, composeInputs } from "./rules/inputs.ts";
import { printKept, reachesContainers, staying } from "./rules/may-differ.ts";
import { type ComposeOutputs, DEPLOYED, SCHEMA_VERSION } from "./rules/outputs.ts";
import { lastDeployment, type Plan, planConvergence, planFirst } from "./rules/plan.ts";
import { ServiceError } from "./rules/service-error.ts";
import { rightSettings } from "./rules/settings.ts";
import type { After } from "./seen/judge.ts";
import { verifyContainers } from "./verify.ts";

/** What is to be brought to where, from what. */
export interface Target {
  composeId: string;
  appName: string;
  organizationId: string;
  wanted: ComposeInputs;
  /** The live record; undefined right after it was made. */
  record: ComposeRecord | undefined;
  /** What the state says; undefined when the state does not know the object. */
  previous: ComposeOutputs | undefined;
  /** `__provider` of the inputs. */
  provider: unknown;
  /** We made the record, although only a later look told so. */
  made?: boolean;
  /** Filled in with what is seen after the deployment, where somebody wants to know. */
  after?: After;
  /** Told when the state does not know what was found, as soon as it is decided what becomes of it. */
  onTakenOver?: (taken: TakenOver) => void;
}

/**
 * Brings a compose to what the program says: record, routes, deployment, containers, checks, each only where it is needed.
 * Every failure after the first write is thrown with full outputs, so that the state never loses the object and the next update
 * goes on from there.
 */
export async function converge(context: Context, target: Target): Promise<ComposeOutputs> {
  const { composeId, appName, wanted, record, previous, made, onTakenOver } = target;
  let mask = maskFor(context.secrets, wanted, previous);
  // What was just made must not be lost; what was only found is not ours until something is written.
  let recorded = record === undefined;
  const outputs = initialOutputs(context, target);
  try {
    const plan = record
      ? planConvergence(record, wanted, previous, context.key)
      : planFirst(appName, wanted, context.key);
    const { brings } = plan;
    // A container's log may hold what a hand put into env, too.
    mask = maskFor(context.secrets, wanted, previous, brings);
    refuseVolumeChanges(existingVolumes(target), volumesOf(brings.composeFile, appName));
    outputs.volumes = { ...existingVolumes(target), ...volumesOf(brings.composeFile, appName) };
    const live = record && (await liveText(context, record));
    outputs.data = previous ? deployedData(previous) : live ? readLayout(live).data : [];
    for (const line of refuseToLeave({ previous, live, wanted: brings, appName }, context.givenUp)) say(line);
    outputs.foreignDomains = plan.domains.foreign;
    outputs.unfinished = broughtBy(target, plan);
    for (const line of tellKept(target, plan)) say(line);

    recorded = true;
    await write(context, target, plan);
    // What is written will be deployed, by whomever: what was given up is given up from here.
    outputs.data = afterWrite(outputs.data, context.givenUp);
    const deploys = await mustDeploy(context, target, plan);
    if (record && !previous && !made) onTakenOver?.(takenOver(record, wanted, plan, deploys));
    let rows: ContainerRow[] | undefined;
    if (deploys) {
      const row = await deploy(context, target, plan, outputs);
      rows = await verifyContainers(context, {
        ...identity(target, plan),
        took: duration(row),
        limit: wanted.waitTimeout * 1000,
      });
    } else if (record) outputs.deployment = lastDeployment(record.deployments)?.title ?? outputs.deployment;
    await requireChecks(wanted.service, wanted.checks, context);
    const { unfinished: _, ...finished } = outputs;
    const isSame = outputs.deployment === previous?.deployment && !previous.cutOff;
    const known = isSame ? previous.containers : undefined;
    const { after } = target;
    const prove: Prove = (container, at) => {
      if (after && at !== undefined) after.proven[container] = at;
    };
    const containers = known ?? (await lookAtContainers(context, identity(target, plan), rows, prove));
    if (after && rows) after.rows = rows;
    return { ...finished, data: dataOf(brings, appName), ...(containers && { containers }), deployed: true };
  } catch (error) {
    throw recorded ? recordedFailure(composeId, outputs, target.provider, error, mask) : plainFailure(error, mask);
  }
}

function initialOutputs(context: Context, target: Target): ComposeOutputs {
  const { composeId, appName, organizationId, wanted, previous } = target;
  return {
    ...composeInputs(wanted),
    schemaVersion: SCHEMA_VERSION,
    composeId,
    appName,
    serverUrl: previous?.serverUrl ?? context.dokploy.url,
    organizationId,
    settings: rightSettings(appName, wanted.waitTimeout, wanted.environmentId),
    declared: Object.keys(wanted.env).sort(),
    volumes: existingVolumes(target),
    data: previous ? deployedData(previous) : [],
    foreignDomains: [],
    deployment: previous?.deployment ?? "",
    deployed: false,
    drift: [],
  };
}

/** What this update is to bring, also what one before it was to and did not: kept until one comes to its end. */
function broughtBy({ record, previous, wanted, made }: Target, { brought }: Plan): string[] {
  if (previous === undefined) return record === undefined || made ? ["new"] : ["taken over"];
  const stays = staying(wanted.ignore, brought);
  const drift = previous.drift.filter((entry) => !entry.startsWith(DEPLOYED) && !stays(entry));
  const changed = changedKeys(previous, wanted).filter((key) => key !== "deployed");
  return [...new Set([...(previous.unfinished ?? []), ...drift, ...changed, ...brought])];
}

/** A refresh has told already what a service keeps that the state knows. */
function tellKept({ wanted: { service }, previous }: Target, { kept, overruled }: Plan): string[] {
  return [
    ...(previous === undefined && kept.length > 0 ? [printKept(service, kept)] : []),
    ...(overruled.length > 0
      ? [
          `${service}: ${overruled.join(", ")} was changed by hand, and the program changed it too: the program's is brought`,
        ]
      : []),
  ];
}

/** Volumes that may exist: those of earlier deployments, or of the text that was found. */
function existingVolumes({ previous, record, appName }: Target): Record<string, string> {
  return previous?.volumes ?? (record ? volumesOf(record.composeFile ?? "", appName) : {});
}

async function write({ dokploy }: Context, target: Target, plan: Plan): Promise<void> {
  const { composeId, wanted } = target;
  if (plan.move) await dokploy.moveCompose(composeId, wanted.environmentId);
  // The marker names the routes and is written before they are made: whatever happens in between, they are known as ours.
  if (Object.keys(plan.columns).length > 0) await dokploy.updateCompose(composeId, plan.columns);
  if (changesDomains(plan.domains)) await writeDomains(dokploy, target, plan);
}

/** Creates and deletions are not repeated blindly: when an answer is missing, what is live says what is left to do. */
async function writeDomains(dokploy: Dokploy, { composeId, wanted }: Target, whole: Plan): Promise<void> {
  const { domains, ours, brought } = whole;
  const isKept = staying(wanted.ignore, brought);
  const stays = (route: string) => isKept(`domains.${route}`);
  let plan = domains;
  for (let round = 1; ; round++) {
    try {
      for (const domainId of plan.remove) await dokploy.deleteDomain(domainId);
      for (const { domainId, domain } of plan.update) {
        await dokploy.updateDomain(domainId, { ...domainColumns(domain), enabled: true });
      }
      for (const domain of plan.create) await dokploy.createDomain(composeId, domainColumns(domain));
      return;
    } catch (error) {
      const lookAgain = error instanceof DokployError && ["transient", "not-found"].includes(error.kind) && round < 3;
      if (!lookAgain) throw error;
      const { domains: live } = await dokploy.compose(composeId);
      plan = planDomains(live, wanted.domains, ours, { taking: wanted.routes !== "any", stays });
    }
  }
}

/**
 * An object that the state knows is deployed again when the state says it is not well; one it does not know, or whose update was cut
 * off, is looked at.
 */
async function mustDeploy(context: Context, { record, previous }: Target, plan: Plan): Promise<boolean> {
  if (plan.deploy || record === undefined) return true;
  if (previous !== undefined && !previous.cutOff) return !previous.deployed;
  return mustDeployFound(context, record, plan);
}

/** A deployment that fails because of what its own project's earlier containers left is repeated once without them. */
async function deploy(context: Context, target: Target, plan: Plan, outputs: ComposeOutputs): Promise<DeploymentRow> {
  const { wanted } = target;
  const { brings, digest, kept } = plan;
  // The environment made it, but what nobody is on for a moment may be gone by now (`docker network prune`).
  for (const network of externalNetworks(brings.composeFile)) await ensureNetwork(context.dokploy, network);
  let underway = await findCutOff(context, target, plan);
  for (let attempt = 1; ; attempt++) {
    outputs.deployment = underway ?? deploymentTitle(context.release);
    const job = {
      ...identity(target, plan),
      title: outputs.deployment,
      description: printDeployment(context.release, digest, kept.filter(reachesContainers)),
      // One stage more than the file has, for pulling images before the waiting begins.
      limit: (wanted.stages + 1) * wanted.waitTimeout * 1000,
      ...(target.after && { see: () => seeRows(context.dokploy, target.composeId, target.after) }),
      // Only where every container has to be made first.
      ...(target.record === undefined && { least: leastTime(brings.composeFile) }),
    };
    try {
      return await deployAndWait(context, job, underway !== undefined);
    } catch (error) {
      underway = undefined;
      if (!(error instanceof ServiceError) || attempt === 2) throw error;
      if (!(await removeObstacles(context, job, error))) throw error;
    }
  }
}

/** The rows of the deployments, by the whole record: what it is after the last of them is what is left. */
async function seeRows(dokploy: Dokploy, composeId: string, after: After | undefined): Promise<DeploymentRow[]> {
  const record = await dokploy.compose(composeId);
  if (after) after.record = record;
  return record.deployments;
}

/** The title of a deployment under way that an update began, of which the state knows nothing, and which brings all that is wanted. */
async function findCutOff(context: Context, { record, previous }: Target, plan: Plan): Promise<string | undefined> {
  if (record === undefined || plan.writes || plan.digest === undefined) return undefined;
  const { composeId, deployments: rows } = record;
  const title = await findUnderway(context, { composeId, rows, digest: plan.digest });
  return title === previous?.deployment ? undefined : title;
}

/** Says which release it is for, and is like no other: the title is how our deployment is found again. */
function deploymentTitle(release: string): string {
  const token = randomBytes(5).toString("hex");
  return `${release || "dockmaster"} [${token}]`;
}

function identity({ composeId, appName, wanted }: Target, { brings }: Plan) {
  return { composeId, appName, service: wanted.service, composeFile: brings.composeFile };
}

function duration(row: DeploymentRow): number {
  const [from, to] = [Date.parse(row.startedAt ?? row.createdAt), Date.parse(row.finishedAt ?? "")];
  return to > from ? to - from : 0;
}
