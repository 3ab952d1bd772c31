import { randomBytes } from "node:crypto";
import { runChecks } from "./checks.ts";
import type { Dokploy } from "./client.ts";
import type { Context } from "./context.ts";
import { deployAndWait } from "./deploy.ts";
import { changesDomains, domainColumns, planDomains, routeOf } from "./domains.ts";
import { DokployError } from "./errors.ts";
import { plainFailure, recordedFailure } from "./failure.ts";
import { printDeployment } from "./fingerprint.ts";
import { type ComposeInputs, composeInputs } from "./inputs.ts";
import { strayRoutes } from "./labels.ts";
import { maskFor } from "./mask.ts";
import { type ComposeOutputs, SCHEMA_VERSION } from "./outputs.ts";
import { leastTime } from "./pace.ts";
import { lastDeployment, type Plan, planConvergence, planFirst } from "./plan.ts";
import type { ComposeRecord, DeploymentRow } from "./schema.ts";
import { rightSettings } from "./settings.ts";
import { describeContainers, verifyContainers } from "./verify.ts";
import { refuseVolumeChanges, volumesOf } from "./volumes.ts";

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
}

/**
 * Brings a compose to what the program says: record, routes, deployment, containers, checks, each only where it is needed.
 * Every failure after the first write is thrown with full outputs, so that the state never loses the object and the next update
 * goes on from there.
 */
export async function converge(context: Context, target: Target): Promise<ComposeOutputs> {
  const { composeId, appName, wanted, record, previous } = target;
  const mask = maskFor(context.secrets, wanted, previous);
  // What was just made must not be lost; what was only found is not ours until something is written.
  let recorded = record === undefined;
  const outputs = initialOutputs(context, target);
  try {
    refuseVolumeChanges(existingVolumes(target), volumesOf(wanted.composeFile, appName));
    const known = (previous?.domains ?? []).map(routeOf);
    const plan = record ? planConvergence(record, wanted, known, context.key) : planFirst(appName, wanted, context.key);
    outputs.foreignDomains = plan.domains.foreign;

    recorded = true;
    await write(context, target, plan);
    if (await mustDeploy(context, target, plan)) {
      outputs.deployment = deploymentTitle(context.release);
      const row = await deploy(context, target, plan, outputs.deployment);
      await verifyContainers(context, { ...identity(target), took: duration(row), limit: wanted.waitTimeout * 1000 });
    } else if (record) outputs.deployment = lastDeployment(record.deployments)?.title ?? outputs.deployment;
    await runChecks(wanted.service, wanted.checks);
    return { ...outputs, deployed: true };
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
    volumes: { ...existingVolumes(target), ...volumesOf(wanted.composeFile, appName) },
    foreignDomains: [],
    deployment: previous?.deployment ?? "",
    deployed: false,
    drift: [],
  };
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
async function writeDomains(dokploy: Dokploy, { composeId, wanted }: Target, { domains, ours }: Plan): Promise<void> {
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
      plan = planDomains(live, wanted.domains, ours, { taking: wanted.routes !== "any" });
    }
  }
}

/** An object that the state knows is deployed again when the state says it is not well; one it does not know is looked at. */
async function mustDeploy(context: Context, { record, previous, appName }: Target, plan: Plan): Promise<boolean> {
  if (plan.deploy || record === undefined) return true;
  if (previous !== undefined) return !previous.deployed;
  if (plan.digest === undefined) return true;
  const rows = await context.dokploy.containers(appName);
  if (describeContainers(record.composeFile ?? "", rows, appName).state !== "well") return true;
  return (await strayRoutes(context.dokploy, record, rows)).length > 0;
}

async function deploy(context: Context, target: Target, plan: Plan, title: string): Promise<DeploymentRow> {
  const { wanted } = target;
  return deployAndWait(context, {
    ...identity(target),
    title,
    description: printDeployment(context.release, plan.digest),
    // One stage more than the file has, for pulling images before the waiting begins.
    limit: (wanted.stages + 1) * wanted.waitTimeout * 1000,
    // Only where every container has to be made first.
    ...(target.record === undefined && { least: leastTime(wanted.composeFile) }),
  });
}

/** Says which release it is for, and is like no other: the title is how our deployment is found again. */
function deploymentTitle(release: string): string {
  const token = randomBytes(5).toString("hex");
  return `${release || "dockmaster"} [${token}]`;
}

function identity({ composeId, appName, wanted }: Target) {
  return { composeId, appName, service: wanted.service, composeFile: wanted.composeFile };
}

function duration(row: DeploymentRow): number {
  const [from, to] = [Date.parse(row.startedAt ?? row.createdAt), Date.parse(row.finishedAt ?? "")];
  return to > from ? to - from : 0;
}
