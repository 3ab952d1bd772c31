import { refuseVolumeChanges, volumesOf } from "../api/volumes.ts";
import { readGivenUp } from "./data/give-up.ts";
import { refuseToLeaveState } from "./data/keep-data.ts";
import { routeOf } from "./domains.ts";
import { unixLines } from "./fingerprint.ts";
import { type ComposeInputs, hasUnknown } from "./inputs.ts";
import { changedByProgram, staying } from "./may-differ.ts";
import { type ComposeOutputs, requireKnownSchema } from "./outputs.ts";
import { differingKeys, handMade } from "./plan.ts";
import { ServiceError } from "./service-error.ts";
import { differingSettings, rightSettings } from "./settings.ts";
import { mayDiffer } from "./writing.ts";

/**
 * What an update would change, by key; empty when nothing. Values that a preview does not know yet count as changed.
 * Throws for changes that would cost data, or by which a container would start without data that is not in `givenUp` (null: not asked):
 * nothing ever replaces a service.
 */
export function changedKeys(
  olds: ComposeOutputs,
  news: ComposeInputs,
  givenUp: ReadonlySet<string> | null = readGivenUp(),
): string[] {
  requireKnownSchema(olds);
  refuseMove(olds, news);
  if (!hasUnknown(news.composeFile)) refuseVolumeChanges(olds.volumes ?? {}, volumesOf(news.composeFile, olds.appName));
  if (givenUp !== null) refuseToLeaveState(olds, news, givenUp);

  const right = rightSettings(olds.appName, news.waitTimeout, olds.environmentId);
  const stays = staying(news.ignore, changedByProgram(olds, { wanted: news, settings: right }));
  const open = <D extends { host: string; path: string }>(domains: D[]) =>
    hasUnknown(domains) ? domains : domains.filter((domain) => !stays(`domains.${routeOf(domain)}`));
  return [
    ...(olds.name === news.name || stays("name") ? [] : ["name"]),
    ...(same(olds.owner, news.owner) && olds.service === news.service ? [] : ["owner"]),
    ...(unixLines(olds.composeFile) === unixLines(news.composeFile) || stays("composeFile") ? [] : ["composeFile"]),
    ...(hasUnknown(news.env)
      ? ["env"]
      : differingKeys(olds.env, news.env)
          .map((name) => `env.${name}`)
          .filter((part) => !stays(part))),
    ...(same(open(olds.domains), open(news.domains)) ? [] : ["domains"]),
    ...takenRoutes(olds, news).map(handMade),
    ...(olds.routes === news.routes ? [] : ["routes"]),
    ...(same(olds.ignore ?? [], news.ignore ?? []) ? [] : ["ignore"]),
    ...(same(olds.checks, news.checks) ? [] : ["checks"]),
    ...(olds.stages === news.stages ? [] : ["stages"]),
    ...differingSettings(olds.settings, right)
      .map((key) => `settings.${key}`)
      .filter((part) => !stays(part)),
    ...(olds.deployed === true ? [] : ["deployed"]),
  ];
}

/** Routes made by hand that an update takes away. */
export function takenRoutes(olds: ComposeOutputs, news: ComposeInputs): string[] {
  const found = news.routes === "any" ? [] : (olds.foreignDomains ?? []);
  return found.filter((route) => !mayDiffer(news.ignore, `domains.${route}`));
}

function refuseMove(olds: ComposeOutputs, news: ComposeInputs): void {
  if (hasUnknown(news.environmentId) || olds.environmentId === news.environmentId) return;
  throw new ServiceError(
    "config_invalid",
    `${news.service} lives in Dokploy environment ${olds.environmentId} and would have to move to ${news.environmentId}`,
    "change project or environment back; to move on purpose, remove the service from the state (pulumi state delete) and adopt it there",
  );
}

/** Structural equality for JSON values; the order of keys does not matter, that of lists does. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [left, right] = [a, b] as Record<string, unknown>[];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Array.isArray(a) === Array.isArray(b) && [...keys].every((key) => same(left?.[key], right?.[key]));
}
