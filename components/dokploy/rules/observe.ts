import { createHmac } from "node:crypto";
import { decodeEnv } from "../api/env.ts";
import { parseMarker } from "../api/marker.ts";
import type { ComposeRecord, DomainRow, EnvironmentRecord } from "../api/schema.ts";
import { byAge, liveDomain, routeOf } from "./domains.ts";
import { parseDeployment, sorted, unixLines } from "./fingerprint.ts";
import { handMade, lastDeployment } from "./plan.ts";
import { liveSettings } from "./settings.ts";

/** A keyed digest of each part of an object, by the names that drift has. */
export type Parts = Record<string, string>;

/** The part that says whose deployment was the last, and how it ended. */
export const DEPLOYMENT = "deployment";

/** The part that says which key the digests are made with: with another one nothing can be compared. */
export const KEY = "PLATFORM_KEY";

/**
 * What a refresh looks at of a service's record (`readOutputs`), part by part: no more, so that nothing else counts as a difference, and
 * no less, so that equal parts mean the same answer. A digest says whether two are equal and nothing else, not even between two services.
 * `ours`: routes that are the program's; of others only counts that they are there.
 *
 * What any of these digests means is frozen: whoever changes it raises `LEFT_FORMAT` (components/look/left.ts).
 */
export function observeService(record: ComposeRecord, key: Buffer, ours: Iterable<string>): Parts {
  const marker = parseMarker(record.description);
  const known = new Set([...ours, ...(marker?.routes ?? [])]);
  const last = lastDeployment(record.deployments);
  return digested(key, record.composeId, {
    name: record.name,
    appName: record.appName,
    owner: marker ? [marker.project, marker.stack, marker.keyId, marker.service] : null,
    composeFile: unixLines(record.composeFile ?? ""),
    ...under("env", decodeEnv(record.env)),
    ...routes(record.domains, known),
    ...under("settings", liveSettings(record)),
    [DEPLOYMENT]: last ? [last.title, last.status, parseDeployment(last.description) ?? null] : null,
  });
}

/** What a refresh looks at of an environment. */
export function observeEnvironment(record: EnvironmentRecord, key: Buffer): Parts {
  const { name, project, projectId } = record;
  return digested(key, record.environmentId, { name, project: project.name, projectId });
}

/** Routes that a service was left with, by its parts. */
export function routesIn(parts: Parts): string[] {
  return Object.keys(parts).flatMap((part) => (part.startsWith("domains.") ? [part.slice("domains.".length)] : []));
}

function under(section: string, values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${section}.${name}`, value]));
}

/** All rows of a route count: a second one is a difference too. Which one is older decides when they differ. */
function routes(rows: DomainRow[], ours: ReadonlySet<string>): Record<string, unknown> {
  const all = Map.groupBy(byAge(rows), routeOf);
  return Object.fromEntries(
    [...all].map(([route, same]) =>
      ours.has(route)
        ? [`domains.${route}`, same.map((row) => sorted(liveDomain(row)))]
        : [handMade(route), same.some(({ enabled }) => enabled !== false)],
    ),
  );
}

/** A keyed digest of each value, of one object. */
export function digested(key: Buffer, id: string, values: Record<string, unknown>): Parts {
  return Object.fromEntries(
    Object.entries({ ...values, [KEY]: null }).map(([part, value]) => [
      part,
      createHmac("sha256", key)
        .update(JSON.stringify(["left", id, part, value]))
        .digest("hex")
        .slice(0, 24),
    ]),
  );
}
