import type { ProvenContainers } from "../look/left.ts";
import type { Dokploy } from "./api/client.ts";
import { decodeEnv } from "./api/env.ts";
import type { ComposeRecord, ContainerRow } from "./api/schema.ts";
import type { Context } from "./context.ts";
import {
  assessContainers,
  type ExpectedService,
  expectedServices,
  lastingContainers,
  leastSeconds,
} from "./rules/containers.ts";
import type { DeployedText } from "./rules/data/held-data.ts";
import type { SeenContainer } from "./rules/outputs.ts";

/** A compose project on the server. */
interface Project {
  appName: string;
  composeFile: string;
}

/** Is told of each container that was seen to be the process that is answered: when, or by the listing. */
export type Prove = (container: string, at?: number) => void;

/**
 * The containers that have to stay up, as they are after an update: what a later look is compared with. Undefined when Docker did not
 * tell of all of them; nothing fails for that. `listed`: its containers, where somebody has just looked.
 */
export async function lookAtContainers(
  { dokploy }: Context,
  { appName, composeFile }: Project,
  listed?: ContainerRow[],
  prove: Prove = () => {},
): Promise<Record<string, SeenContainer> | undefined> {
  try {
    const all = listed ?? (await dokploy.containers(appName));
    const rows = lastingContainers(expectedServices(composeFile, appName), all);
    const seen = await Promise.all(
      rows.map(async (row) => {
        const at = Date.now();
        const container = await inspect(dokploy, row);
        if (container) prove(row.name, at);
        return [row.name, container] as const;
      }),
    );
    if (seen.some(([, container]) => container === undefined)) return undefined;
    return Object.fromEntries(seen.sort(([a], [b]) => (a < b ? -1 : 1))) as Record<string, SeenContainer>;
  } catch {
    return undefined;
  }
}

/**
 * The same containers once more. Asks Docker only about those that may have been started again: what the listing says of the others,
 * to the second in their first minute, leaves no room for it; nor for one that has run for longer than since a look saw it (`proven`).
 * What cannot be told stays as it was.
 */
export async function lookAgain(
  dokploy: Dokploy,
  before: Record<string, SeenContainer>,
  rows: ContainerRow[],
  now = Date.now(),
  prove: Prove = () => {},
  proven: ProvenContainers = {},
): Promise<Record<string, SeenContainer>> {
  const again = Object.entries(before).map(async ([name, was]) => {
    const row = rows.find((each) => each.name === name);
    if (row === undefined) return [name, was] as const;
    if (isSameStart(was, row, now) || hasRunSince(was, row, now, proven[name])) {
      prove(name);
      return [name, was] as const;
    }
    const at = Date.now();
    const seen = await inspect(dokploy, row).catch(() => undefined);
    if (seen) prove(name, at);
    return [name, seen ?? was] as const;
  });
  return Object.fromEntries(await Promise.all(again));
}

/** Whether a listing has exactly the containers that are known, by name and id, all of them well, and what has to have ended did. */
export function isAsKnown(
  services: ExpectedService[],
  rows: ContainerRow[],
  known: Readonly<Record<string, SeenContainer>>,
): boolean {
  const lasting = lastingContainers(services, rows);
  const isSame = ({ name, containerId }: ContainerRow) => sameId(known[name]?.id ?? "", containerId);
  return (
    lasting.length === Object.keys(known).length &&
    lasting.every(isSame) &&
    assessContainers(services, rows).state === "healthy"
  );
}

/** Docker rounds down, and an answer takes its time, in milliseconds. */
const SLACK = 2_000;

/** Whether a listed container must be the process that was started then: it says that it has run for as long. */
export function isSameStart(was: SeenContainer, row: ContainerRow, now: number): boolean {
  if (row.state !== "running" || !sameId(row.containerId, was.id)) return false;
  const latestStart = now - leastSeconds(row.status) * 1000;
  return latestStart <= Date.parse(was.startedAt) + SLACK;
}

/** Whether a listed container must be the process that a look saw: that is the one that is known, and nothing was started since. */
function hasRunSince(was: SeenContainer, row: ContainerRow, now: number, seen: ProvenContainers[string] | undefined) {
  if (seen === undefined || row.state !== "running" || !sameId(row.containerId, was.id)) return false;
  const isKnown = sameId(seen.id, was.id) && seen.startedAt === was.startedAt && seen.restarts === was.restarts;
  // What lies before us in time was told by another clock.
  return isKnown && seen.at <= now && now - leastSeconds(row.status) * 1000 <= seen.at;
}

/** Docker says an id with 12 digits or with 64. */
export function sameId(a: string, b: string): boolean {
  return a.slice(0, 12) === b.slice(0, 12);
}

async function inspect(dokploy: Dokploy, row: ContainerRow): Promise<SeenContainer | undefined> {
  const config = await dokploy.container(row.containerId);
  if (config === undefined) return undefined;
  const { Running, StartedAt, ExitCode } = config.State;
  const code = row.state === "running" && Running ? {} : { exitCode: ExitCode };
  return { id: config.Id.slice(0, 12), startedAt: StartedAt, restarts: config.RestartCount, ...code };
}

/**
 * The text that containers were made from; undefined for one that was never deployed. Deployments can be forgotten, and Dokploy lists
 * no container also while its Docker does not answer: only both together say it.
 */
export async function liveText(
  { dokploy }: Pick<Context, "dokploy">,
  record: ComposeRecord,
): Promise<DeployedText | undefined> {
  const { appName, composeFile, deployments } = record;
  if (deployments.length === 0 && (await dokploy.containers(appName)).length === 0) return undefined;
  return { composeFile: composeFile ?? "", env: decodeEnv(record.env), appName };
}
