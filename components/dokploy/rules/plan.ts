import type { ComposeColumns } from "../api/client.ts";
import { assignmentsIn, decodeEnv, encodeEnv } from "../api/env.ts";
import { ownedBy, parseMarker, printMarker } from "../api/marker.ts";
import type { ComposeRecord, DeploymentRow } from "../api/schema.ts";
import { changesDomains, type DomainPlan, liveDomain, planDomains, routeOf } from "./domains.ts";
import { contentDigest, parseDeployment, parseKept, unixLines } from "./fingerprint.ts";
import type { ComposeInputs } from "./inputs.ts";
import { changedByProgram, changedSinceMarked, staying } from "./may-differ.ts";
import type { ComposeOutputs } from "./outputs.ts";
import { ServiceError } from "./service-error.ts";
import { differingSettings, liveSettings, needsDeployment, rightSettings, settingColumns } from "./settings.ts";
import { type Content, differingParts, digestParts, type Written } from "./writing.ts";

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
  /** Digest of what the program says that a deployment brings; undefined without PLATFORM_KEY. */
  digest: string | undefined;
  /** What differs, by key. */
  differs: string[];
  /** What is live afterwards: what the program says, and as it is there what may differ and was changed by hand. */
  brings: ComposeInputs;
  /** Parts that stay as they were changed by hand. */
  kept: string[];
  /** Parts that may differ and are brought all the same, as the program changed them. */
  brought: ReadonlySet<string>;
  /** Those of them that were changed by hand, too. */
  overruled: string[];
}

/**
 * Compares a live record with the inputs. `previous`: what the state says of it; its routes are ours, and the record's own marker adds to
 * them. A deployment is needed unless the last one ended well and brought exactly this.
 */
export function planConvergence(
  record: ComposeRecord,
  wanted: ComposeInputs,
  previous: ComposeOutputs | undefined,
  key: Buffer | undefined,
): Plan {
  const right = rightSettings(record.appName, wanted.waitTimeout, wanted.environmentId);
  const says = { wanted, settings: right };
  const live = contentOf(record);
  const brought = previous ? changedByProgram(previous, says) : changedSinceMarked(record, says, key);
  const stays = staying(wanted.ignore, brought);
  const digest = contentDigest({ ...wanted, settings: right }, key);
  const differing = wanted.ignore === undefined ? [] : differingParts(live, { ...wanted, settings: right });
  const keptEnv = new Map(
    [...assignmentsIn(record.env)].filter(([name]) => Object.hasOwn(live.env, name) && stays(`env.${name}`)),
  );
  const brings: ComposeInputs = {
    ...wanted,
    name: stays("name") ? record.name : wanted.name,
    composeFile: stays("composeFile") ? live.composeFile : wanted.composeFile,
    env: {
      ...Object.fromEntries(Object.entries(wanted.env).filter(([name]) => !stays(`env.${name}`))),
      ...Object.fromEntries([...keptEnv].map(([name, { value }]) => [name, value])),
    },
  };
  const settings = differingSettings(live.settings, right).filter((setting) => !stays(`settings.${setting}`));
  const routes = ownRoutes(record, wanted, (previous?.domains ?? []).map(routeOf));
  const domains = planDomains(record.domains, wanted.domains, routes, {
    taking: wanted.routes !== "any",
    stays: (route) => stays(`domains.${route}`),
  });
  const liveRoutes = record.domains.map(routeOf).filter((route) => routes.has(route));
  const description = markerFor(wanted, liveRoutes, digestParts({ ...wanted, settings: right }, key, wanted.ignore));
  const env = differingKeys(live.env, brings.env);
  const last = lastDeployment(record.deployments);
  const text = unixLines(live.composeFile) !== unixLines(brings.composeFile);

  const columns: Partial<ComposeColumns> = {
    ...(record.name !== brings.name && { name: brings.name }),
    ...(record.description !== description && { description }),
    ...(text && { composeFile: brings.composeFile }),
    ...(env.length > 0 && { env: encodeKept(brings, keptEnv) }),
    ...(settings.some((setting) => setting !== "environmentId") && settingColumns(right, stays)),
  };
  const writes = text || env.length > 0 || settings.some(needsDeployment) || changesDomains(domains);
  return {
    columns,
    move: settings.includes("environmentId"),
    domains,
    ours: routes,
    writes,
    deploy:
      writes ||
      last?.status !== "done" ||
      (digest !== undefined && parseDeployment(last.description) !== digest) ||
      // What it brought as a hand had changed it may differ no more.
      parseKept(last.description).some((part) => !stays(part)),
    digest,
    differs: [
      ...(record.name !== brings.name ? ["name"] : []),
      ...(text ? ["composeFile"] : []),
      ...env.map((name) => `env.${name}`),
      ...settings.map((setting) => `settings.${setting}`),
      ...(changesDomains(domains) ? ["domains"] : []),
      ...(domains.taken ?? []).map(handMade),
    ],
    brings,
    kept: differing.filter(stays),
    brought,
    overruled: previous
      ? differingParts(live, previous).filter((part) => brought.has(part) && differing.includes(part))
      : [],
  };
}

function encodeKept({ service, env }: ComposeInputs, kept: Parameters<typeof encodeEnv>[1]): string {
  try {
    return encodeEnv(env, kept);
  } catch (error) {
    const hint = "correct it in Dokploy, or take it out of what may differ (`ignore` below `platform:drift`)";
    throw new ServiceError("config_invalid", `${service}: env ${(error as Error).message}`, hint);
  }
}

/** The plan for a record that was just made: everything is written and deployed. */
export function planFirst(appName: string, wanted: ComposeInputs, key: Buffer | undefined): Plan {
  const right = rightSettings(appName, wanted.waitTimeout, wanted.environmentId);
  return {
    columns: {
      description: markerFor(wanted, [], digestParts({ ...wanted, settings: right }, key, wanted.ignore)),
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
    brings: wanted,
    kept: [],
    brought: new Set(),
    overruled: [],
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

/** A live record, as far as we write it. */
function contentOf(record: ComposeRecord): Content {
  const { name, composeFile } = record;
  const domains = record.domains.map(liveDomain);
  return {
    name,
    composeFile: composeFile ?? "",
    env: decodeEnv(record.env),
    domains,
    settings: liveSettings(record),
  };
}

/** Names whose values differ, or that only one side has. */
export function differingKeys(a: Record<string, string>, b: Record<string, string>): string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].filter((name) => a[name] !== b[name]).sort();
}
