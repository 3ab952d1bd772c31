import { say } from "../engine/say.ts";
import type { TakenOver } from "./adoption.ts";
import { DokployError } from "./api/errors.ts";
import { found } from "./api/found.ts";
import { listEnvironment } from "./api/list-environment.ts";
import { ownedBy, parseMarker } from "./api/marker.ts";
import { maskFor } from "./api/mask.ts";
import { requireWholeView } from "./api/rights.ts";
import type { ComposeRecord, EnvironmentRecord } from "./api/schema.ts";
import { escapesEnv, requireSupported } from "./api/version.ts";
import type { Context } from "./context.ts";
import { converge, type Target } from "./converge.ts";
import { seeEnvironment } from "./environment.ts";
import { plainFailure } from "./failure.ts";
import { foreignTo, keptParts, startedByAnother } from "./read.ts";
import { confirmRemoved, removeRecord, sayRemaining } from "./removal.ts";
import { chooseExisting } from "./rules/find.ts";
import { type ComposeInputs, composeInputs } from "./rules/inputs.ts";
import { printKept } from "./rules/may-differ.ts";
import { type ComposeOutputs, requireKnownSchema } from "./rules/outputs.ts";
import { requireOurs, strangersMarker, whose } from "./rules/ownership.ts";
import { markerFor } from "./rules/plan.ts";
import { ServiceError } from "./rules/service-error.ts";
import { refuseMistakes } from "./rules/validate.ts";
import { mayDiffer } from "./rules/writing.ts";
import { requireSameServer } from "./same-server.ts";
import { beside, type Listing } from "./seen/all-containers.ts";
import { type After, holdsSame, judge, judgeAfter, seeContainers, seeOwnContainers } from "./seen/judge.ts";
import { telling } from "./seen/left.ts";

/** Inputs as the engine hands them over: with the text of the provider. */
export type WithProvider<T> = T & { __provider?: unknown };

/** Finds the service's compose or makes it, then brings it to what the program says. `onTakenOver` is told what it found. */
export async function createCompose(
  context: Context,
  inputs: WithProvider<ComposeInputs>,
  onTakenOver: (taken: TakenOver) => void = () => {},
) {
  const wanted = composeInputs(inputs);
  const place = await findOrMake(context, wanted).catch((error: unknown) => {
    throw plainFailure(error, maskFor(context.secrets, wanted));
  });
  const target = { ...place, wanted, previous: undefined, provider: inputs.__provider, onTakenOver };
  return { id: place.composeId, outs: await convergeAndTell(context, target) };
}

/** Brings a compose that the state knows to what the program says. */
export async function updateCompose(
  context: Context,
  id: string,
  olds: ComposeOutputs,
  news: WithProvider<ComposeInputs>,
) {
  const wanted = composeInputs(news);
  const { record, previous } = await prepareUpdate(context, id, olds, wanted).catch((error: unknown) => {
    context.tell?.({ type: "service", service: olds.service, id, forget: true });
    throw plainFailure(error, maskFor(context.secrets, wanted, olds));
  });
  const place = { composeId: id, appName: record.appName, organizationId: olds.organizationId };
  const target = { ...place, wanted, record, previous, provider: news.__provider };
  return { outs: await convergeAndTell(context, target) };
}

function convergeAndTell(context: Context, target: Target) {
  const { composeId: id, wanted } = target;
  return telling(context, { type: "service", service: wanted.service, id }, async (leave) => {
    const after: After = { proven: {} };
    const outs = await converge(context, context.tell ? { ...target, after } : target);
    if (context.tell) leave(await judgeAfter(context, outs, after).catch(() => undefined));
    return outs;
  });
}

async function prepareUpdate(context: Context, id: string, olds: ComposeOutputs, wanted: ComposeInputs) {
  requireKnownSchema(olds);
  requireSameServer(context, olds.serverUrl);
  await refuseUnfit(context, wanted);
  const record = await found(context.dokploy.compose(id));
  if (record !== undefined) {
    requireOurs(record, olds.owner, wanted);
    // A refresh saw it; without one, volumes and data of an update that was killed are known only from what is live.
    const isUnheard = !olds.cutOff && startedByAnother(olds, record);
    const seen = isUnheard ? await readAnew(context, id, olds) : undefined;
    return { record, previous: seen?.props ?? olds };
  }
  throw new ServiceError(
    "program_error",
    `${wanted.service} was deleted in Dokploy by hand`,
    "update with refresh (pulumi up --refresh): it is made again, with its data",
  );
}

/** What a refresh takes over; nothing of it for an object that is gone. */
export interface ComposeRead {
  id?: string;
  props?: ComposeOutputs;
  inputs?: ComposeInputs;
}

/** The compose as it is live, or `{}` when it is confirmed to be gone. Throws whenever that cannot be told. */
export async function readCompose(context: Context, id: string, olds: ComposeOutputs): Promise<ComposeRead> {
  return beside(context.dokploy, () =>
    readAndTell(context, id, olds, (record) => seeContainers(context, record, olds)),
  );
}

/** The same with a question of its own for the containers: of what an update has begun already. */
export async function readAnew(context: Context, id: string, olds: ComposeOutputs): Promise<ComposeRead> {
  return readAndTell(context, id, olds, (record) => seeOwnContainers(context, record, olds));
}

function readAndTell(
  context: Context,
  id: string,
  olds: ComposeOutputs,
  see: (record: ComposeRecord) => Promise<Listing>,
): Promise<ComposeRead> {
  return telling(context, { type: "service", service: olds.service, id }, async (leave) => {
    requireKnownSchema(olds);
    requireSameServer(context, olds.serverUrl);
    const record = await found(context.dokploy.compose(id));
    if (record === undefined) {
      await confirmGone(context, olds);
      await sayRemaining(context, olds);
      return {};
    }
    const { props, left } = await judge(context, olds, record, await see(record));
    leave(left, holdsSame(olds, props));
    if (olds.routes === "any") sayKept(olds.service, foreignTo(olds, record));
    const kept = keptParts(olds, record, context.key);
    if (kept.length > 0) say(printKept(olds.service, kept));
    return { id, props, inputs: composeInputs(props) };
  });
}

function sayKept(service: string, routes: string[]): void {
  if (routes.length > 0) say(`${service} has routes that were made by hand, and keeps them: ${routes.join(", ")}`);
}

/** Parts that differ by a hand, with the leave of `olds`, and that may differ no more. */
export async function noLongerKept({ dokploy, key }: Context, id: string, olds: ComposeOutputs, news: ComposeInputs) {
  const record = await found(dokploy.compose(id));
  return record === undefined ? [] : keptParts(olds, record, key).filter((part) => !mayDiffer(news.ignore, part));
}

/**
 * Removes the compose and its containers; volumes always stay. One that is gone already is no error, and one that another stack
 * took over is left to it.
 */
export async function deleteCompose(context: Context, id: string, olds: ComposeOutputs): Promise<void> {
  requireKnownSchema(olds);
  requireSameServer(context, olds.serverUrl);
  const record = await found(context.dokploy.compose(id));
  const stranger = record && strangersMarker(record, [olds.owner]);
  if (stranger !== undefined) {
    say(`${olds.service} belongs to ${whose(stranger)} by now: it is left running, and only forgotten here`);
    return;
  }
  if (record !== undefined) await removeRecord(context, id);
  await confirmRemoved(context, olds);
}

/** What was not found counts as deleted only where the rest of the stack was seen. */
async function confirmGone(context: Context, olds: ComposeOutputs): Promise<void> {
  const environment = await seeEnvironment(context, olds.environmentId, olds.organizationId);
  if (context.allowEmpty || (environment && holdsOurs(environment, olds))) return;
  throw new ServiceError(
    "config_invalid",
    `${olds.service} is gone from Dokploy, and so is every other service of ${olds.owner.project}/${olds.owner.stack}`,
    "check that this is the right server; if all were really deleted and shall be made anew, set DOCKMASTER_ALLOW_EMPTY=1 for one run",
  );
}

function holdsOurs(environment: EnvironmentRecord, olds: ComposeOutputs): boolean {
  return environment.compose.some((entry) => ownedBy(parseMarker(entry.description), olds.owner));
}

async function refuseUnfit(context: Context, wanted: ComposeInputs): Promise<void> {
  const version = await context.dokploy.version();
  requireSupported(version);
  refuseMistakes(wanted, escapesEnv(version));
  await requireWholeView(context.dokploy);
}

interface Place {
  composeId: string;
  appName: string;
  organizationId: string;
  record: ComposeRecord | undefined;
  made?: boolean;
}

async function findOrMake(context: Context, wanted: ComposeInputs): Promise<Place> {
  await refuseUnfit(context, wanted);
  const { dokploy } = context;
  const environment = await listEnvironment(dokploy, wanted.environmentId);
  const organizationId = environment.project.organizationId ?? "";
  const existing = chooseExisting(environment.compose, wanted);
  if (existing !== undefined) return { ...(await takeOver(context, existing.composeId)), organizationId };
  try {
    const made = await dokploy.createCompose({
      name: wanted.name,
      environmentId: wanted.environmentId,
      appName: appNameFor(wanted),
      description: markerFor(wanted),
      composeFile: wanted.composeFile,
    });
    return { ...made, organizationId, record: undefined };
  } catch (error) {
    if (!(error instanceof DokployError && error.ambiguous)) throw error;
    // The answer may only be lost: what is live tells. It is never sent a second time here; the next update looks first.
    const late = chooseExisting((await dokploy.environment(wanted.environmentId)).compose, wanted);
    if (late === undefined) throw error;
    return { ...(await takeOver(context, late.composeId)), organizationId, made: true };
  }
}

async function takeOver({ dokploy }: Context, composeId: string) {
  const record = await dokploy.compose(composeId);
  return { composeId, appName: record.appName, record };
}

/** Compose project name without its random end: what Compose allows, and short, because it is part of every container's name. */
function appNameFor({ name }: ComposeInputs): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return plain.slice(0, 40) || "service";
}
