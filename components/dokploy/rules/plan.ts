import type { ComposeColumns } from "../api/client.ts";
import { decodeEnv, encodeEnv } from "../api/env.ts";
import { ownedBy, parseMarker, printMarker } from "../api/marker.ts";
import type { ComposeRecord, DeploymentRow } from "../api/schema.ts";
import { changesDomains, type DomainPlan, planDomains, routeOf } from "./domains.ts";
import { contentDigest, parseDeployment, unixLines } from "./fingerprint.ts";
import type { ComposeInputs } from "./inputs.ts";
import { differingSettings, liveSettings, needsDeployment, rightSettings, settingColumns } from "./settings.ts";
import { digestParts, type Written } from "./writing.ts";

/** What has to be written, and whether it has to be deployed, to bring a compose record to what the program says. */
export interface Plan {
  /** Columns to write; empty when none differs. */
  columns: Partial<ComposeColumns>;
  /** The record was moved to another environment and has to come back. */
  move: boolean;
  domains: DomainPlan;
  /** Routes that are ours, wanted or not. */
  ours: ReadonlySet<string>;
  /** Whether something is to be written that only a deployment brings to the containers. */
  writes: boolean;
  /** The containers do not have it yet, as far as record and deployments tell. */
  deploy: boolean;
  /** Digest of what a deployment brings; undefined without PLATFORM_KEY. */
  digest: string | undefined;
  /** What differs, by key. */
  differs: string[];
}

/**
 * Compares a live record with the inputs. `ours` are routes that the state knows to be ours; the record's own marker adds to them.
 * A deployment is needed unless the last one ended well and brought exactly this.
 */
export function planConvergence(
  record: ComposeRecord,
  wanted: ComposeInputs,
  ours: Iterable<string>,
  key: Buffer | undefined,
): Plan {
  const right = rightSettings(record.appName, wanted.waitTimeout, wanted.environmentId);
  const digest = contentDigest({ ...wanted, settings: right }, key);
  const settings = differingSettings(liveSettings(record), right);
  const routes = ownRoutes(record, wanted, ours);
  const domains = planDomains(record.domains, wanted.domains, routes, { taking: wanted.routes !== "any" });
  const liveRoutes = record.domains.map(routeOf).filter((route) => routes.has(route));
  const description = markerFor(wanted, liveRoutes, digestParts({ ...wanted, settings: right }, key));
  const env = differingKeys(decodeEnv(record.env), wanted.env);
  const last = lastDeployment(record.deployments);
  const text = unixLines(record.composeFile ?? "") !== unixLines(wanted.composeFile);

  const columns: Partial<ComposeColumns> = {
    ...(record.name !== wanted.name && { name: wanted.name }),
    ...(record.description !== description && { description }),
    ...(text && { composeFile: wanted.composeFile }),
    ...(env.length > 0 && { env: encodeEnv(wanted.env) }),
    ...(settings.some((setting) => setting !== "environmentId") && settingColumns(right)),
  };
  const writes = text || env.length > 0 || settings.some(needsDeployment) || changesDomains(domains);
  return {
    columns,
    move: settings.includes("environmentId"),
    domains,
    ours: routes,
    writes,
    deploy: writes || last?.status !== "done" || (digest !== undefined && parseDeployment(last.description) !== digest),
    digest,
    differs: [
      ...(record.name !== wanted.name ? ["name"] : []),
      ...(text ? ["composeFile"] : []),
      ...env.map((name) => `env.${name}`),
      ...settings.map((setting) => `settings.${setting}`),
      ...(changesDomains(domains) ? ["domains"] : []),
      ...(domains.taken ?? []).map(handMade),
    ],
  };
}

/** The plan for a record that was just made: everything is written and deployed. */
export function planFirst(appName: string, wanted: ComposeInputs, key: Buffer | undefined): Plan {
  const right = rightSettings(appName, wanted.waitTimeout, wanted.environmentId);
  return {
    columns: {
      description: markerFor(wanted, [], digestParts({ ...wanted, settings: right }, key)),
      composeFile: wanted.composeFile,
      env: encodeEnv(wanted.env),
      ...settingColumns(right),
    },
    move: false,
    domains: planDomains([], wanted.domains, new Set()),
    ours: new Set(wanted.domains.map(routeOf)),
    writes: true,
    deploy: true,
    digest: contentDigest({ ...wanted, settings: right }, key),
    differs: [],
  };
}

/** The description that marks a record as ours, with every route that is or will be ours: written before the routes are. */
export function markerFor(wanted: ComposeInputs, liveRoutes: string[] = [], wrote?: Written): string {
  const routes = [...new Set([...wanted.domains.map(routeOf), ...liveRoutes])];
  return printMarker({ ...wanted.owner, service: wanted.service, routes }, wrote);
}

/** Routes that are ours: wanted ones, those that the state names, those that the record's marker names if it is our marker. */
function ownRoutes(record: ComposeRecord, wanted: ComposeInputs, known: Iterable<string>): Set<string> {
  const marker = parseMarker(record.description);
  const marked = marker && ownedBy(marker, wanted.owner) ? marker.routes : [];
  return new Set([...wanted.domains.map(routeOf), ...known, ...marked]);
}

/** How a route that somebody made in Dokploy is named among what differs. */
export function handMade(route: string): string {
  return `domains.${route} (made by hand)`;
}

/** The newest deployment; Dokploy gives them in no order. */
export function lastDeployment(rows: DeploymentRow[]): DeploymentRow | undefined {
  return rows.reduce<DeploymentRow | undefined>(
    (best, row) => (best && best.createdAt >= row.createdAt ? best : row),
    undefined,
  );
}

/** Whether this deployment is known to have brought other content; unknown where it, or we, have no digest. */
export function broughtOther(row: DeploymentRow, digest: string | undefined): boolean {
  const brought = parseDeployment(row.description);
  return brought !== undefined && digest !== undefined && brought !== digest;
}

/** Names whose values differ, or that only one side has. */
export function differingKeys(a: Record<string, string>, b: Record<string, string>): string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].filter((name) => a[name] !== b[name]).sort();
}
