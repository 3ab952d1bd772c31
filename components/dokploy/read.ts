import { decodeEnv } from "./api/env.ts";
import { ownedBy, parseMarker, parseWrote } from "./api/marker.ts";
import type { ComposeRecord, ContainerRow } from "./api/schema.ts";
import { volumesOf } from "./api/volumes.ts";
import type { Context } from "./context.ts";
import { readLayout } from "./rules/data/held-data.ts";
import { deployedData } from "./rules/data/keep-data.ts";
import { same } from "./rules/diff.ts";
import { foreignRoutes, type LiveDomain, readDomains, routeOf } from "./rules/domains.ts";
import { contentDigest, fingerprint, parseDeployment, unixLines } from "./rules/fingerprint.ts";
import type { Domain } from "./rules/inputs.ts";
import { settle } from "./rules/may-differ.ts";
import { type ComposeOutputs, DEPLOYED, SCHEMA_VERSION } from "./rules/outputs.ts";
import { broughtOther, differingKeys, handMade, lastDeployment } from "./rules/plan.ts";
import { differingSettings, liveSettings } from "./rules/settings.ts";
import { digestParts, mayDiffer, wroteIt } from "./rules/writing.ts";
import { describeContainers } from "./verify.ts";

/**
 * The outputs as they are live, compared with what the state says. Whatever Dokploy only writes differently stays as the state has
 * it, so that an untouched service shows no difference; whatever was changed by hand is named in `drift`, and what an update of ours
 * wrote before it was cut off in `unfinished`. `stray` are routes that the running containers have and Dokploy has not.
 */
export function readOutputs(
  olds: ComposeOutputs,
  record: ComposeRecord,
  containers: ContainerRow[],
  key: Context["key"],
  stray: readonly string[] = [],
): ComposeOutputs {
  const { owned, live, differs, written, left } = compare(olds, record, key);
  const { composeFile, env: liveEnv } = live;
  const foreign = foreignTo(olds, record);
  const kept = olds.routes === "any";
  const strays = stray.filter((route) => !mayDiffer(olds.ignore, `domains.${route}`));

  // What may differ is seen as the state has it, so that nothing that compares finds it.
  const settled = settle(live, olds, left);
  const seen: ComposeOutputs = {
    ...olds,
    schemaVersion: SCHEMA_VERSION,
    name: settled.name,
    owner: owned ? olds.owner : { project: "", stack: "", keyId: "" },
    composeFile:
      unixLines(settled.composeFile) === unixLines(olds.composeFile) ? olds.composeFile : settled.composeFile,
    env: visibleEnv(settled.env, olds, key),
    domains: (same(settled.domains, olds.domains) ? olds.domains : settled.domains) as Domain[],
    settings: settled.settings,
    // Where they may stay they are no difference; the next update takes note of them.
    foreignDomains: kept ? olds.foreignDomains : foreign,
  };
  const found = [
    ...(owned ? [] : ["owner"]),
    ...differs.filter((each) => !written.includes(each) && !left.has(each)),
    ...(kept ? [] : foreign.map(handMade)),
    ...strays.map((route) => `domains.${route} (gone from Dokploy, and still in the labels of its containers)`),
  ];
  const cutOff = written.length > 0 || startedByAnother(olds, record);
  const digest = contentDigest(settled, key);
  // The containers may be of either text: a hand changes it without deploying, and the next deployment brings it.
  const texts = left.has("composeFile") ? [composeFile, olds.composeFile] : [composeFile];
  const trouble = notDeployed(olds, record, containers, texts, digest) ?? (strays.length > 0 ? "content" : undefined);
  // What was changed without deploying explains itself; only a deployment that is not ours, or not well, needs a word of its own.
  const explained = cutOff || (found.length > 0 && trouble === "content");
  const drift = [
    ...olds.drift,
    ...found,
    ...(trouble && olds.deployed && !explained ? [`${DEPLOYED}${WORDS[trouble] ?? trouble}`] : []),
  ];
  // Once they differ, text and env tell no more what our deployment gave the containers, unless one that was cut off brought just these.
  const isOther = seen.composeFile !== olds.composeFile || differingKeys(olds.env, seen.env).length > 0;
  const data = broughtByAnother(olds, record, digest)
    ? readLayout({ composeFile, env: liveEnv, appName: record.appName }).data
    : deployedData(olds);
  return {
    ...seen,
    ...(isOther && { data }),
    deployed: trouble === undefined && !cutOff,
    drift: [...new Set(drift)],
    // It may have made these: their definitions are no less fixed than those that the state knows, which no hand changes.
    ...(cutOff && { volumes: { ...volumesOf(composeFile, record.appName), ...olds.volumes } }),
    ...(cutOff && { cutOff, unfinished: [...new Set([...(olds.unfinished ?? []), ...written, "deployment"])] }),
  };
}

/** How a live record differs from what the state says, part by part. */
function compare(olds: ComposeOutputs, record: ComposeRecord, key: Context["key"]) {
  const { owned, ours } = ownership(olds, record);
  const live = {
    name: record.name,
    composeFile: record.composeFile ?? "",
    env: decodeEnv(record.env),
    domains: readDomains(record.domains, olds.domains, ours),
    settings: liveSettings(record),
  };
  const differs = [
    ...(live.name === olds.name ? [] : ["name"]),
    ...(unixLines(live.composeFile) === unixLines(olds.composeFile) ? [] : ["composeFile"]),
    ...differingKeys(olds.env, visibleEnv(live.env, olds, key)).map((name) => `env.${name}`),
    ...differingDomains(olds.domains, live.domains).map((route) => `domains.${route}`),
    ...differingSettings(live.settings, olds.settings).map((name) => `settings.${name}`),
  ];
  const wrote = parseWrote(record.description);
  const digests = digestParts(live, key, wrote?.ignore);
  const written = differs.filter((each) => owned && wroteIt(each, wrote, digests));
  const left = differs.filter((each) => !written.includes(each) && mayDiffer(olds.ignore, each));
  return { owned, live, differs, written, left: new Set(left) };
}

/** Parts that somebody changed by hand, and that may differ. */
export function keptParts(olds: ComposeOutputs, record: ComposeRecord, key: Context["key"]): string[] {
  if (olds.ignore === undefined) return [];
  const routes = foreignRoutes(record.domains, ownership(olds, record).ours).map((route) => `domains.${route}`);
  return [...compare(olds, record, key).left, ...routes.filter((route) => mayDiffer(olds.ignore, route))];
}

/** Whether an update of ours, which the state knows nothing of, began a deployment. */
export function startedByAnother(olds: ComposeOutputs, { deployments }: ComposeRecord): boolean {
  const last = lastDeployment(deployments);
  return last !== undefined && last.title !== olds.deployment && parseDeployment(last.description) !== undefined;
}

/** Whether the deployment of an update that was cut off came to its end, and brought what is live. */
function broughtByAnother(olds: ComposeOutputs, record: ComposeRecord, digest: string | undefined): boolean {
  const last = lastDeployment(record.deployments);
  if (last?.status !== "done" || digest === undefined || !startedByAnother(olds, record)) return false;
  return parseDeployment(last.description) === digest;
}

/** Routes that nobody's program made, and that are no part that may differ. */
export function foreignTo(olds: ComposeOutputs, record: ComposeRecord): string[] {
  const routes = foreignRoutes(record.domains, ownership(olds, record).ours);
  return routes.filter((route) => !mayDiffer(olds.ignore, `domains.${route}`));
}

function ownership(olds: ComposeOutputs, record: ComposeRecord): { owned: boolean; ours: ReadonlySet<string> } {
  const marker = parseMarker(record.description);
  const owned = marker !== undefined && ownedBy(marker, olds.owner) && marker.service === olds.service;
  return { owned, ours: new Set([...olds.domains.map(routeOf), ...(owned ? marker.routes : [])]) };
}

/** Who deployed last; the rest of what `notDeployed` says is about the running service. */
export const WORDS: Record<string, string> = {
  never: "there is no deployment any more",
  title: "the last deployment was not ours",
  content: "the last deployment brought other content",
};

/** Why what is live does not count as deployed. What the state calls not deployed stays so until an update has fixed it. */
function notDeployed(
  olds: ComposeOutputs,
  record: ComposeRecord,
  containers: ContainerRow[],
  texts: readonly string[],
  digest: string | undefined,
): string | undefined {
  const last = lastDeployment(record.deployments);
  if (last === undefined) return "never";
  if (last.title !== olds.deployment) return "title";
  if (last.status !== "done") return `the last deployment is ${last.status}`;
  if (broughtOther(last, digest)) return "content";
  const seen = texts.map((text) => describeContainers(text, containers, record.appName));
  const { state, problems = [] } = seen.find((each) => each.state === "healthy") ?? seen[0] ?? {};
  if (state !== "healthy" && containers.length === 0) return "Dokploy lists no container";
  if (state !== "healthy") return problems.join(", ") || "a container is still starting";
  return olds.deployed ? undefined : "not well before";
}

/**
 * Env values that may be shown: those the program declares and the state holds, because there each is secret where the program says
 * so. All others were set by hand, nobody knows what they are, and only a fingerprint leaves this process.
 */
function visibleEnv(live: Record<string, string>, olds: ComposeOutputs, key: Context["key"]): Record<string, string> {
  const declared = new Set(olds.declared);
  const visible = (name: string) => declared.has(name) && Object.hasOwn(olds.env, name);
  return Object.fromEntries(
    Object.entries(live).map(([name, value]) => [name, visible(name) ? value : fingerprint(value, key)]),
  );
}

function differingDomains(olds: Domain[], live: LiveDomain[]): string[] {
  const routes = new Set([...olds, ...live].map(routeOf));
  // All of a route: a second one for it is a difference too.
  const at = (list: (Domain | LiveDomain)[], route: string) => list.filter((domain) => routeOf(domain) === route);
  return [...routes].filter((route) => !same(at(olds, route), at(live, route)));
}
