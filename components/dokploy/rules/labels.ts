import type { Dokploy } from "../api/client.ts";
import type { ComposeRecord, ContainerRow } from "../api/schema.ts";
import { routeOf } from "./domains.ts";

/**
 * The routes that Dokploy wrote into a container's labels, as `host/path`. Its routers are named `<app>-<number>-<entry point>`
 * (packages/server/src/utils/docker/domain.ts, createDomainLabels); labels that the compose file says itself are nobody's route here.
 */
export function labelledRoutes(labels: Readonly<Record<string, string>>, appName: string): string[] {
  const router = new RegExp(`^traefik\\.http\\.routers\\.${RegExp.escape(appName)}-\\d+-[^.]+\\.rule$`);
  const rules = Object.entries(labels).flatMap(([label, rule]) => (router.test(label) ? [rule] : []));
  const routes = rules.flatMap((rule) => {
    const host = /\bHost\(`([^`]+)`\)/.exec(rule)?.[1];
    const path = /\bPathPrefix\(`([^`]+)`\)/.exec(rule)?.[1];
    return host === undefined ? [] : [routeOf({ host, path: path ?? "/" })];
  });
  return [...new Set(routes)].sort();
}

/**
 * Routes that running containers still have and Dokploy does not list any more, or lists as disabled: Traefik serves them until the
 * next deployment. One request per container.
 */
export async function strayRoutes(dokploy: Dokploy, record: ComposeRecord, rows: ContainerRow[]): Promise<string[]> {
  const running = rows.filter(({ state }) => state === "running");
  const configs = await Promise.all(running.map(({ containerId }) => dokploy.container(containerId)));
  const live = liveRoutes(record);
  const routes = configs.flatMap((config) => labelledRoutes(config?.Config?.Labels ?? {}, record.appName));
  return [...new Set(routes)].filter((route) => !live.has(route)).sort();
}

/** Routes that the next deployment writes into labels. */
export function liveRoutes({ domains }: Pick<ComposeRecord, "domains">): ReadonlySet<string> {
  return new Set(domains.filter(({ enabled }) => enabled !== false).map(routeOf));
}
