import type { DomainColumns } from "../api/client.ts";
import type { DomainRow } from "../api/schema.ts";
import type { Domain } from "./inputs.ts";

/** A live domain as inputs would say it, with the columns that only a person can have set when they are not at their default. */
export type LiveDomain = Omit<Domain, "certificate"> & {
  certificate: string;
  enabled?: false;
  customEntrypoint?: string;
  customCertResolver?: string;
  middlewares?: string[];
  forwardAuthEnabled?: true;
};

/** What makes two domains the same route. */
export function routeOf(domain: { host: string; path?: string | null }): string {
  return `${domain.host.toLowerCase()}${domain.path || "/"}`;
}

/** Reads a live row; what Dokploy answers as null is its default. */
export function liveDomain(row: DomainRow): LiveDomain {
  return {
    host: row.host,
    service: row.serviceName ?? "",
    port: row.port ?? 3000,
    path: row.path || "/",
    https: row.https ?? false,
    certificate: row.certificateType ?? "none",
    stripPath: row.stripPath ?? false,
    internalPath: row.internalPath || "/",
    ...(row.enabled === false && { enabled: false as const }),
    ...(row.customEntrypoint && { customEntrypoint: row.customEntrypoint }),
    ...(row.customCertResolver && { customCertResolver: row.customCertResolver }),
    ...(row.middlewares?.length && { middlewares: row.middlewares }),
    ...(row.forwardAuthEnabled && { forwardAuthEnabled: true as const }),
  };
}

/** Whether the live domain is exactly the wanted one. */
export function sameDomain(live: LiveDomain, wanted: Domain): boolean {
  const keys = new Set([...Object.keys(live), ...Object.keys(wanted)]);
  const [a, b] = [live, wanted] as unknown as Record<string, unknown>[];
  return [...keys].every((key) => JSON.stringify(a?.[key]) === JSON.stringify(b?.[key]));
}

/** What has to be done so that exactly the wanted routes are there, and which ones are none of our business. */
export interface DomainPlan {
  create: Domain[];
  update: { domainId: string; domain: Domain }[];
  /** Ids of domains that are not to be there any more. */
  remove: string[];
  /** Routes made by hand that stay. */
  foreign: string[];
  /** Routes made by hand that are taken away. */
  taken?: string[];
}

/**
 * Compares live rows with the wanted domains. `ours` are the routes that the record's marker or the state names as ours:
 * those not wanted any more are removed, other people's only with `taking`. A wanted route that exists is taken over. What `stays` is
 * left as it is, there or not, and named by nobody here.
 */
export function planDomains(
  rows: DomainRow[],
  wanted: Domain[],
  ours: ReadonlySet<string>,
  { taking = false, stays = (_route: string): boolean => false } = {},
): DomainPlan {
  const plan: DomainPlan = { create: [], update: [], remove: [], foreign: [] };
  const open = new Map(
    wanted.flatMap((domain) => (stays(routeOf(domain)) ? [] : [[routeOf(domain), domain] as const])),
  );
  const strange: string[] = [];
  for (const row of byAge(rows)) {
    const route = routeOf(row);
    if (stays(route)) continue;
    const domain = open.get(route);
    if (domain !== undefined) {
      open.delete(route);
      if (!sameDomain(liveDomain(row), domain)) plan.update.push({ domainId: row.domainId, domain });
    } else if (ours.has(route)) plan.remove.push(row.domainId);
    else {
      strange.push(route);
      if (taking) plan.remove.push(row.domainId);
    }
  }
  plan.create.push(...open.values());
  const routes = [...new Set(strange)].sort();
  if (!taking) plan.foreign = routes;
  else if (routes.length > 0) plan.taken = routes;
  return plan;
}

/** Whether carrying the plan out changes anything. */
export function changesDomains(plan: DomainPlan): boolean {
  return plan.create.length + plan.update.length + plan.remove.length > 0;
}

/**
 * The declared domains as they are live, in the declared order; missing ones are left out. Others of ours follow: an update that was
 * cut off left them, and the next one must see them to take them away.
 */
export function readDomains(rows: DomainRow[], declared: Domain[], ours: ReadonlySet<string>): LiveDomain[] {
  const open = byAge(rows);
  const found = declared.flatMap((domain) => {
    const index = open.findIndex((row) => routeOf(row) === routeOf(domain));
    return index < 0 ? [] : open.splice(index, 1);
  });
  return [...found, ...open.filter((row) => ours.has(routeOf(row)))].map(liveDomain);
}

/** Routes that are live and neither declared nor ours. */
export function foreignRoutes(rows: DomainRow[], ours: ReadonlySet<string>): string[] {
  return [...new Set(rows.map(routeOf))].filter((route) => !ours.has(route)).sort();
}

export function domainColumns(domain: Domain): DomainColumns {
  return {
    host: domain.host,
    path: domain.path,
    port: domain.port,
    https: domain.https,
    certificateType: domain.certificate,
    serviceName: domain.service,
    internalPath: domain.internalPath,
    stripPath: domain.stripPath,
    customEntrypoint: null,
    customCertResolver: null,
    middlewares: [],
    forwardAuthEnabled: false,
  };
}

/** The oldest first. */
export function byAge(rows: DomainRow[]): DomainRow[] {
  return [...rows].sort((a, b) => (a.createdAt ?? "").localeCompare(b.createdAt ?? ""));
}
