import { found } from "./api/found.ts";
import { listEnvironment } from "./api/list-environment.ts";
import { ownedBy, parseMarker } from "./api/marker.ts";
import type { ComposeRecord } from "./api/schema.ts";
import type { Context } from "./context.ts";
import { liveText } from "./look-at-containers.ts";
import { refuseToLeave } from "./rules/data/keep-data.ts";
import { chooseExisting } from "./rules/find.ts";
import { type ComposeInputs, hasUnknown } from "./rules/inputs.ts";
import { strayRoutes } from "./rules/labels.ts";
import { type Plan, planConvergence } from "./rules/plan.ts";
import { describeContainers } from "./verify.ts";

/** What a creation does to a service that Dokploy has already. */
export interface TakenOver {
  service: string;
  name: string;
  composeId: string;
  /** Keys that differ; undefined while a preview does not know all inputs. */
  differs: string[] | undefined;
  deploys: boolean;
  /** It is ours and no deployment of it ever came to a good end: a creation was cut off. */
  unfinished: boolean;
  /** Of what is only foreseen: throws when a container would start without its data; what there is to tell of data given up. */
  leaves?(): string[];
}

/**
 * One line that says so. A preview creates nothing, the engine shows no differences for a creation, and the state of one that took
 * something over is like any other's: the runner reads it out of this line (automation/domain/taken-over.ts; a test holds them together).
 */
export function printTakenOver({ service, name, composeId, differs, deploys, unfinished }: TakenOver): string {
  if (unfinished) return `${service}: goes on with compose ${name} (${composeId}), which was never deployed to the end`;
  const what =
    differs === undefined
      ? "what is known only during the update"
      : differs.length > 0
        ? differs.join(", ")
        : "only the description";
  return `${service}: takes over compose ${name} (${composeId}), changes ${what}${deploys ? " and deploys it" : ""}`;
}

/** What taking a live record over means, by its plan. */
export function takenOver(record: ComposeRecord, wanted: ComposeInputs, plan: Plan, deploys: boolean): TakenOver {
  const ours = ownedBy(parseMarker(record.description), wanted.owner);
  return {
    service: wanted.service,
    name: record.name,
    composeId: record.composeId,
    differs: plan.differs,
    deploys,
    unfinished: ours && !record.deployments.some(({ status }) => status === "done"),
  };
}

/** Whether a record that the state does not know has to be deployed: unless all of it is live and well. */
export async function mustDeployFound({ dokploy, key }: Context, record: ComposeRecord, plan: Plan): Promise<boolean> {
  if (plan.deploy || key === undefined) return true;
  const rows = await dokploy.containers(record.appName);
  if (describeContainers(record.composeFile ?? "", rows, record.appName).state !== "healthy") return true;
  return (await strayRoutes(dokploy, record, rows)).length > 0;
}

/**
 * What a creation would take over; undefined when there is nothing to take over. `project`: the one to look in when the environment is
 * not known yet, because this stack's state does not have it either.
 */
export async function foreseeTakeOver(
  context: Context,
  inputs: ComposeInputs,
  project: string,
): Promise<TakenOver | undefined> {
  const { dokploy } = context;
  const environmentId = hasUnknown(inputs.environmentId)
    ? await findEnvironment(context, project, inputs.owner.stack)
    : inputs.environmentId;
  const environment = environmentId && (await found(listEnvironment(dokploy, environmentId)));
  const existing = environment && chooseExisting(environment.compose, inputs);
  if (!existing || !environmentId) return undefined;
  const record = await dokploy.compose(existing.composeId);
  const wanted = { ...inputs, environmentId };
  if (hasUnknown(wanted)) {
    const { service } = inputs;
    const { name, composeId } = existing;
    return { service, name, composeId, differs: undefined, deploys: false, unfinished: false };
  }
  const plan = planConvergence(record, wanted, undefined, context.key);
  const taken = takenOver(record, wanted, plan, await mustDeployFound(context, record, plan));
  const { appName } = record;
  const live = await liveText(context, record);
  return {
    ...taken,
    leaves: () => refuseToLeave({ previous: undefined, live, wanted: plan.brings, appName }, context.givenUp),
  };
}

/** The one environment of these names; undefined when there is none, or when only an update can tell which one is meant. */
async function findEnvironment({ dokploy }: Context, project: string, name: string): Promise<string | undefined> {
  const named = (await dokploy.projects()).filter((entry) => entry.name === project);
  const ids = named.flatMap(({ environments }) => environments.filter((entry) => entry.name === name));
  return ids.length === 1 ? ids[0]?.environmentId : undefined;
}
