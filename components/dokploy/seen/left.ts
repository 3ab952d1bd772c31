import type { Forgotten, Seen } from "../../engine/seen.ts";
import type { LeftResource, LeftService } from "../../look/left.ts";
import { sealChecks } from "../../look/watch-checks.ts";
import type { ComposeRecord, EnvironmentRecord } from "../api/schema.ts";
import type { Context } from "../context.ts";
import { checksDuring } from "../rules/checks/during.ts";
import { same } from "../rules/diff.ts";
import { foreignRoutes, routeOf } from "../rules/domains.ts";
import { observeEnvironment, observeService } from "../rules/observe.ts";
import type { ComposeOutputs, EnvironmentOutputs, SeenContainer } from "../rules/outputs.ts";
import { handMade } from "../rules/plan.ts";

/** What stands for every route that a person made in Dokploy, among parts that may differ. */
export const ANY_ROUTE = handMade("*");

/** Reads or changes a resource, and tells how it was left, or that nothing is known of it any more. */
export async function telling<T>(
  { tell }: Context,
  about: Omit<Forgotten, "forget">,
  work: (leave: (left: LeftResource | undefined, isKnown?: boolean) => void) => Promise<T>,
): Promise<T> {
  let seen: Seen = { ...about, forget: true };
  try {
    const done = await work((left, isKnown = true) => {
      if (left) seen = isKnown ? left : { ...about, forget: true, once: left };
    });
    tell?.(seen);
    return done;
  } catch (error) {
    tell?.({ ...about, forget: true });
    throw error;
  }
}

/**
 * A service as it was left, by exactly the record that was judged; undefined unless `found` is the good state that `known` is, but for
 * containers that were started again since. `proven`: when each container was seen to be the process that `found` has.
 */
export function leftService(
  { key }: Pick<Context, "key">,
  { known, found, record, containers, proven }: Judged,
): LeftService | undefined {
  const isClean = found.deployed && found.drift.length === 0 && !found.unfinished && !found.cutOff;
  if (key === undefined || containers === undefined || !isClean || !isSameBut(known, found)) return undefined;
  const parts = observeService(record, key, found.domains.map(routeOf));
  const keepsRoutes = found.routes === "any";
  // Where they may stay, only those count that the last update noticed: their labels may outlive them.
  const others = keepsRoutes
    ? foreignRoutes(record.domains, new Set([...found.domains.map(routeOf), ...found.foreignDomains]))
    : [];
  for (const route of others) delete parts[handMade(route)];
  const watched = checksDuring(found.checks, "watch");
  return {
    type: "service",
    ...(watched.length > 0 && { checks: sealChecks(watched, key) }),
    service: found.service,
    composeId: found.composeId,
    appName: found.appName,
    environmentId: found.environmentId,
    organizationId: found.organizationId,
    serverUrl: found.serverUrl,
    parts,
    ignore: [...(found.ignore ?? []), ...(keepsRoutes ? [ANY_ROUTE] : [])],
    containers: Object.fromEntries(
      Object.entries(containers).map(([name, container]) => {
        const seenAt = proven[name];
        return [name, { ...container, ...(seenAt !== undefined && { seenAt }) }];
      }),
    ),
  };
}

/** Equal, or the containers alone differ. */
function isSameBut(known: ComposeOutputs, found: ComposeOutputs): boolean {
  return same({ ...known, containers: null }, { ...found, containers: null });
}

/** Whether the state holds the very processes that a service was left with. */
export function holds({ containers = {} }: ComposeOutputs, left: LeftResource): boolean {
  const { containers: told = {} } = left as LeftService;
  const plain = Object.entries(told).map(([name, { seenAt: _, ...container }]) => [name, container]);
  return same(containers, Object.fromEntries(plain));
}

export interface Judged {
  /** What the state says, and what was found: equal when nothing is to be done. */
  known: ComposeOutputs;
  found: ComposeOutputs;
  record: ComposeRecord;
  /** Undefined where Docker did not tell of all. */
  containers: Record<string, SeenContainer> | undefined;
  proven: Readonly<Record<string, number>>;
}

/** An environment as it was left; undefined when it is not what the state says. */
export function leftEnvironment(
  { key }: Pick<Context, "key">,
  known: EnvironmentOutputs,
  found: EnvironmentOutputs,
  record: EnvironmentRecord,
): LeftResource | undefined {
  if (key === undefined || !same(known, found)) return undefined;
  const { environmentId, organizationId, serverUrl } = found;
  return {
    type: "environment",
    id: environmentId,
    organizationId,
    serverUrl,
    parts: observeEnvironment(record, key),
  };
}
