import type { ContainerConfig, ContainerRow } from "../dokploy/api/schema.ts";
import { isSameStart, sameId } from "../dokploy/look-at-containers.ts";
import { type ExpectedService, leastSeconds, lookAt } from "../dokploy/rules/containers.ts";
import type { Listing } from "../dokploy/seen/all-containers.ts";
import type { ContainerNews, LeftService } from "./left.ts";

type Containers = NonNullable<LeftService["containers"]>;
type Left = Containers[string];

/** What a listing says of a service's containers, beside those that were left. */
export interface Sight {
  news: ContainerNews[];
  starting: boolean;
  /** Containers that must be the process that was left, and when. */
  proven: Record<string, number>;
  /** Only Docker's own words tell: whether it was started again, or how what is not well came to it. */
  questions: Question[];
  /** Called like the service's and not well, but not among those that were left: only their label tells whose they are. */
  strange: Question[];
}

export interface Question {
  row: ContainerRow;
  /** Absent for a one-shot. */
  was?: Left;
  /** What is wrong with it; absent where it runs well. */
  is?: ContainerNews["is"];
}

/**
 * Compares the containers that were left with a listing. `proven`: until when each was known to be the process that was left. One that
 * has run for longer than since then was not started again in between, whatever else Docker's rough words leave open.
 */
export function compareContainers(
  left: Containers,
  services: readonly ExpectedService[],
  listing: Listing,
  proven: Readonly<Record<string, number>>,
): Sight {
  const sight: Sight = { news: [], starting: false, proven: {}, questions: [], strange: [] };
  const rows = new Map(listing.rows.map((row) => [row.name, row]));
  for (const [name, was] of Object.entries(left)) {
    const row = rows.get(name);
    const state = row && lookAt(row, false);
    if (row === undefined || state === undefined) {
      sight.news.push({ container: name, is: "gone", id: was.id });
      continue;
    }
    sight.starting ||= state === "starting";
    const is = trouble(row, state);
    const provenAt = lastProof(was, proven[name], listing);
    if (provenAt !== undefined) sight.proven[name] = provenAt;
    if (is !== undefined) sight.questions.push({ row, was, is });
    else if (!sameId(row.containerId, was.id)) {
      sight.news.push({ container: name, is: "replaced", id: row.containerId });
    } else if (hasRunSince(was, row, listing, provenAt)) sight.proven[name] = listing.began;
    else sight.questions.push({ row, was });
  }
  for (const { name, pattern, oneShot, waits } of services) {
    const own = listing.rows.filter((row) => pattern.test(row.name));
    const isMissed = sight.news.some((news) => pattern.test(news.container));
    // A one-shot may have been tidied away after its end, which an update takes no note of either.
    if (own.length === 0 && !oneShot && !isMissed) sight.news.push({ container: name, is: "gone" });
    for (const row of own.filter((each) => !Object.hasOwn(left, each.name))) {
      const is = trouble(row, lookAt(row, oneShot || waits));
      if (is === undefined) continue;
      (oneShot ? sight.questions : sight.strange).push({ row, is });
    }
  }
  return sight;
}

/** When it was seen last to be that process. What lies before us in time was told by another clock. */
function lastProof({ seenAt }: Left, proven: number | undefined, { at }: Listing): number | undefined {
  const times = [seenAt, proven].filter((time) => time !== undefined && time <= at) as number[];
  return times.length > 0 ? Math.max(...times) : undefined;
}

function hasRunSince(was: Left, row: ContainerRow, { at }: Listing, provenAt: number | undefined): boolean {
  if (provenAt === undefined) return false;
  // Where the server says of it that it started after we saw it run, its clock is ahead of ours: then only ours tells.
  if (Date.parse(was.startedAt) <= provenAt && isSameStart(was, row, at)) return true;
  return at - leastSeconds(row.status) * 1000 <= provenAt;
}

const STATES: readonly string[] = ["exited", "restarting", "paused", "created", "dead"] satisfies ContainerNews["is"][];

/** What is wrong with a container that is as `state` says; undefined for one that is well, or does not say yet. */
function trouble(row: ContainerRow, state: string): ContainerNews["is"] | undefined {
  if (["healthy", "starting", "silent"].includes(state)) return undefined;
  if (state === "unhealthy" || state === "paused") return state;
  // Docker says `removing` of one that is about to be gone.
  if (row.state === "removing") return "gone";
  return STATES.includes(row.state) ? (row.state as ContainerNews["is"]) : "exited";
}

/**
 * What Docker itself says of a container in question; undefined when it is the process that was left, and well. `config` is undefined
 * when Docker did not answer, which for one that the listing calls well is `unknown`.
 */
export function answerOf(
  { row, was, is }: Question,
  config: ContainerConfig | undefined,
): ContainerNews | undefined | "unknown" {
  const exit = /exited \((-?\d+)\)|restarting \((-?\d+)\)/i.exec(row.status);
  const listed = exit ? { exitCode: Number(exit[1] ?? exit[2]) } : {};
  if (config === undefined) return is ? { container: row.name, is, id: row.containerId, ...listed } : "unknown";
  const { Running, StartedAt, ExitCode } = config.State;
  const told = { container: row.name, id: config.Id.slice(0, 12), startedAt: StartedAt, restarts: config.RestartCount };
  const code = Running ? listed : { exitCode: ExitCode };
  if (is !== undefined) return { ...told, is, ...code };
  if (!Running) return { ...told, is: "exited", ...code };
  if (was === undefined) return undefined;
  if (!sameId(config.Id, was.id)) return { ...told, is: "replaced" };
  const isSame = StartedAt === was.startedAt && config.RestartCount === was.restarts;
  return isSame ? undefined : { ...told, is: "restarted" };
}
