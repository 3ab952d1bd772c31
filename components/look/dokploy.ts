import { setTimeout as sleep } from "node:timers/promises";
import type { Dokploy } from "../dokploy/api/client.ts";
import { found } from "../dokploy/api/found.ts";
import type { ComposeRecord } from "../dokploy/api/schema.ts";
import { areToldByName, expectedServices } from "../dokploy/rules/containers.ts";
import { observeEnvironment, observeService, routesIn } from "../dokploy/rules/observe.ts";
import { ServiceError } from "../dokploy/rules/service-error.ts";
import { requireSameServer } from "../dokploy/same-server.ts";
import { askForContainers, type Listing } from "../dokploy/seen/all-containers.ts";
import { answerOf, compareContainers, type Question, type Sight } from "./containers.ts";
import { differingParts } from "./differing-parts.ts";
import type { ContainerNews, LeftResource, LeftService, Looked } from "./left.ts";
import { nameOf, type View } from "./view.ts";

type LeftEnvironment = Extract<LeftResource, { type: "environment" }>;

/** Pause before a project without any container is asked for once more, in milliseconds. */
const PAUSE = 500;

export async function lookAtEnvironment(left: LeftEnvironment, view: View): Promise<Looked> {
  const { key } = sameServer(left, view);
  const record = await view.environment(left.id);
  // A service below it must never look deleted only because the wrong place was asked.
  if (record === undefined) throw elsewhere(`environment ${left.id} is not there`);
  requireSameOrganization(left, record.project.organizationId);
  const differs = differingParts(left.parts, observeEnvironment(record, key));
  return looked(left, { differs });
}

export async function lookAtService(left: LeftService, view: View): Promise<Looked> {
  const { dokploy, key } = sameServer(left, view);
  const record = await found(dokploy.compose(left.composeId));
  if (record === undefined) {
    await requireGone(left, view);
    return looked(left, { is: "gone" });
  }
  requireSameOrganization(left, record.environment.project.organizationId);
  const now = observeService(record, key, routesIn(left.parts));
  const differs = differingParts(left.parts, now, left.ignore);
  // Of a text that a hand changed, and that may differ, the containers may be or not: only those that were left are known.
  const isOtherText = now.composeFile !== left.parts.composeFile;
  const { news, starting, why } = await lookAtContainers(left, record, view, isOtherText);
  // What was changed by hand is told, also while nobody knows of the containers.
  if (why !== undefined && differs.length === 0 && news.length === 0)
    return looked(left, { is: "unknown", starting, why });
  return looked(left, { differs, containers: news, starting, ...(why !== undefined && { why }) });
}

function looked(left: LeftResource, seen: Partial<Looked>): Looked {
  const { differs = [], containers = [], starting = false } = seen;
  const is = differs.length > 0 || containers.length > 0 ? "other" : "left";
  return { type: left.type, name: nameOf(left), is, differs, containers, starting, ...seen };
}

function sameServer({ serverUrl }: { serverUrl: string }, view: View) {
  const place = view.place();
  requireSameServer(place, serverUrl);
  return place;
}

function requireSameOrganization(left: { organizationId: string }, organizationId: string | null | undefined): void {
  if (!organizationId || !left.organizationId || organizationId === left.organizationId) return;
  throw elsewhere("the API key is one of another organization");
}

/** What Dokploy does not find is gone only where the environment that it was in is seen, and does not list it either. */
async function requireGone(left: LeftService, view: View): Promise<void> {
  const environment = await view.environment(left.environmentId);
  if (environment === undefined) throw elsewhere(`environment ${left.environmentId} is not there`);
  requireSameOrganization(left, environment.project.organizationId);
  if (!environment.compose.some(({ composeId }) => composeId === left.composeId)) return;
  throw elsewhere(`Dokploy lists ${left.service} and does not find it`);
}

function elsewhere(what: string): ServiceError {
  return new ServiceError("config_invalid", what, "check DOKPLOY_URL and DOKPLOY_API_KEY");
}

interface Containers {
  news: ContainerNews[];
  starting: boolean;
  /** Why it cannot be told of all. */
  why?: string;
}

async function lookAtContainers(
  left: LeftService,
  record: ComposeRecord,
  view: View,
  isOtherText: boolean,
): Promise<Containers> {
  const nothing = { news: [], starting: false };
  if (left.containers === undefined) return { ...nothing, why: "nobody knows which containers were left" };
  const { dokploy } = view.place();
  const services = isOtherText ? [] : expectedServices(record.composeFile ?? "", record.appName);
  const isExpected = services.length > 0 || Object.keys(left.containers).length > 0;
  if (!isExpected) return nothing;
  const byName = areToldByName(services, record.appName);
  const listing = byName ? await view.containers() : await listProject(dokploy, record.appName, view);
  if (listing === undefined)
    return { ...nothing, why: "docker_unreachable: Dokploy lists no container, and its Docker may not answer" };
  const sight = compareContainers(left.containers, services, listing, view.proven);
  return answer(sight, { dokploy, record, byName, view });
}

/** By its label. Nothing counts as gone by one empty list, nor while nobody knows whether Docker answers. */
async function listProject(dokploy: Dokploy, appName: string, view: View): Promise<Listing | undefined> {
  const first = await askForContainers(dokploy, appName);
  if (first.rows.length > 0) return first;
  await sleep(PAUSE);
  const again = await askForContainers(dokploy, appName);
  return again.rows.length > 0 || (await view.containers()) !== undefined ? again : undefined;
}

interface Asked {
  dokploy: Dokploy;
  record: ComposeRecord;
  byName: boolean;
  view: View;
}

/** Asks Docker what the listing left open. */
async function answer(sight: Sight, asked: Asked): Promise<Containers> {
  const { dokploy, view } = asked;
  Object.assign(view.seen, sight.proven);
  const questions = [...sight.questions, ...(await strangers(sight, asked))];
  const answers = await Promise.all(
    questions.map(async (question) => {
      const at = Date.now();
      const config = await dokploy.container(question.row.containerId);
      const told = answerOf(question, config);
      if (told === undefined && question.was) view.seen[question.row.name] = at;
      return told;
    }),
  );
  const news = [...sight.news, ...answers.filter((each) => typeof each === "object")];
  const open = questions.filter((_, index) => answers[index] === "unknown").map(({ row }) => row.name);
  const why = open.length > 0 ? `docker_unreachable: Docker did not tell of ${open.join(", ")}` : undefined;
  return { news, starting: sight.starting, ...(why !== undefined && { why }) };
}

/** What is called like one of the service's containers and not well counts only where it carries the project's label. */
async function strangers({ strange }: Sight, { dokploy, record, byName }: Asked): Promise<Question[]> {
  if (strange.length === 0) return [];
  const ours = byName ? (await dokploy.containers(record.appName)).map(({ name }) => name) : undefined;
  return strange.filter(({ row }) => ours === undefined || ours.includes(row.name));
}
