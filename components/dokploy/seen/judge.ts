import { setTimeout as sleep } from "node:timers/promises";
import type { LeftService } from "../../look/left.ts";
import type { ComposeRecord, ContainerRow } from "../api/schema.ts";
import type { Context } from "../context.ts";
import { isAsKnown, lookAgain, lookAtContainers, type Prove } from "../look-at-containers.ts";
import { readOutputs } from "../read.ts";
import { areToldByName, calledLike, expectedServices } from "../rules/containers.ts";
import { same } from "../rules/diff.ts";
import { liveRoutes, strayRoutes } from "../rules/labels.ts";
import type { ComposeOutputs } from "../rules/outputs.ts";
import { askForContainers, type Listing, listContainers } from "./all-containers.ts";
import { leftService } from "./left.ts";

/** What an update saw of a service after its deployment. */
export interface After {
  /** The record as it was when the deployment was found to have ended. */
  record?: ComposeRecord;
  /** Its containers, all of them well. */
  rows?: ContainerRow[];
  /** When each of them was asked for. */
  proven: Record<string, number>;
}

/** What a refresh says of a record and its containers, and how they are left when that is nothing. */
export async function judge(context: Context, olds: ComposeOutputs, record: ComposeRecord, listing: Listing) {
  const { dokploy, key, tell } = context;
  const { rows } = listing;
  // What the last update left live may be in the containers' labels, though the row is gone: only then these are asked for.
  const live = liveRoutes(record);
  const gone = (olds.foreignDomains ?? []).some((route) => !live.has(route));
  const stray = gone ? await strayRoutes(dokploy, record, rows) : [];
  const props = readOutputs(olds, record, rows, key, stray);
  const proven: Record<string, number> = {};
  const prove: Prove = (container, at = listing.began) => {
    proven[container] = at;
  };
  // What an update of ours made is no restart.
  if (olds.containers && !props.cutOff) {
    props.containers = await lookAgain(dokploy, olds.containers, rows, listing.at, prove, context.proven);
  }
  if (!tell) return { props };
  const project = { appName: record.appName, composeFile: record.composeFile ?? "" };
  const containers = props.containers ?? (await lookAtContainers(context, project, rows, prove));
  return { props, left: leftService(context, { known: olds, found: props, record, containers, proven }) };
}

/**
 * A service as its update left it: judged by what was seen after its deployment, with all that a refresh would say; asked for once more
 * where nothing was deployed. Undefined when a hand was quicker.
 */
export async function judgeAfter(
  context: Context,
  outputs: ComposeOutputs,
  after: After,
): Promise<LeftService | undefined> {
  const { record, rows, proven } = after;
  if (record && rows) {
    const found = readOutputs(outputs, record, rows, context.key);
    return leftService(context, { known: outputs, found, record, containers: outputs.containers, proven });
  }
  const now = await context.dokploy.compose(outputs.composeId);
  const { props, left } = await judge(context, outputs, now, await askForContainers(context.dokploy, now.appName));
  return holdsSame(outputs, props) ? left : undefined;
}

/** Whether no container was started again; states of older releases do not know. */
export function holdsSame(olds: ComposeOutputs, props: ComposeOutputs): boolean {
  return olds.containers === undefined || same(olds.containers, props.containers);
}

/**
 * The containers of a project, by the one list that reads beside each other share, as long as that says that all of them are there, the
 * same and well. In every other case the project itself is asked for: by its label, and now.
 */
export async function seeContainers(context: Context, record: ComposeRecord, olds: ComposeOutputs): Promise<Listing> {
  const { appName } = record;
  const services = expectedServices(record.composeFile ?? "", appName);
  if (olds.containers && areToldByName(services, appName)) {
    const all = await listContainers(context.dokploy);
    const rows = all && calledLike(services, all.rows);
    if (rows && isAsKnown(services, rows, olds.containers)) return { ...all, rows };
  }
  return seeOwnContainers(context, record, olds);
}

/** Dokploy answers an empty list also when its Docker does not answer: where that would be drift it is asked once more. */
export async function seeOwnContainers(
  { dokploy, timing }: Context,
  record: ComposeRecord,
  olds: ComposeOutputs,
): Promise<Listing> {
  const listing = await askForContainers(dokploy, record.appName);
  const drift = olds.deployed && expectedServices(record.composeFile ?? "", record.appName).length > 0;
  if (listing.rows.length > 0 || !drift) return listing;
  await sleep(timing.pollMax);
  return askForContainers(dokploy, record.appName);
}
