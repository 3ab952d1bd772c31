import type { Dokploy } from "./api/client.ts";
import { DokployError } from "./api/errors.ts";
import { logTail } from "./api/log-tail.ts";
import { watchQueueOf } from "./api/queue-watch.ts";
import type { DeploymentRow, QueueEntry } from "./api/schema.ts";
import type { Context } from "./context.ts";
import { lookForNetworksAgain, missingNetwork } from "./networks.ts";
import { nextLook } from "./pace.ts";
import { parseDeployment } from "./rules/fingerprint.ts";
import { ServiceError } from "./rules/service-error.ts";
import type { Timing } from "./timing.ts";
import { illContainerLog, type Project } from "./verify.ts";

export interface Job extends Project {
  /** Unique: it is the only way to tell our deployment from others. */
  title: string;
  description: string;
  /** Milliseconds that the job may take from its start. */
  limit: number;
  /** Milliseconds that it takes at least. Default 0. */
  least?: number;
  /** Asks for the rows of its compose's deployments. Default: for these alone. */
  see?: () => Promise<DeploymentRow[]>;
}

/** How often a job is sent that gets lost before it starts, and one that is cut off while it runs. */
const MOST_LOST = 2;
const MOST_CUT_OFF = 3;

/**
 * Queues a deployment and waits for its end. Resolves with its row when it is `done`. One that a restart of Dokploy lost or cut off
 * is sent again. Throws for every other end, for one that is lost or cut off again and again, and for a job that runs beyond its
 * limit without its log growing any more. `sent`: it was queued before.
 */
export async function deployAndWait(context: Context, job: Job, sent = false): Promise<DeploymentRow> {
  // Rows of the title that were cut off stay, and are not the one that is waited for.
  const cutOff = new Set<string>();
  for (let lost = 0, isSent = sent; ; isSent = false) {
    const answered = isSent || (await trigger(context.dokploy, job));
    const row = await waitForEnd(context, job, answered ? context.timing.lost : context.timing.unanswered, cutOff);
    if (row !== "lost" && !isCutOff(row)) return row;
    if (row === "lost" && ++lost === MOST_LOST) throw lostAgain(job, "lost", "twice before it started");
    if (row !== "lost") cutOff.add(row.deploymentId);
    if (cutOff.size === MOST_CUT_OFF) throw lostAgain(job, "cut off", `${cutOff.size} times`);
  }
}

/**
 * The title of a deployment that waits or runs and brings just this content: of an update that was cut off, because Dokploy goes on all
 * the same. `rows` are those of the record.
 */
export async function findUnderway(
  { dokploy }: Context,
  { composeId, rows, digest }: { composeId: string; rows: DeploymentRow[]; digest: string },
): Promise<string | undefined> {
  const running = rows.find((row) => row.status === "running" && parseDeployment(row.description) === digest);
  if (running) return running.title;
  const queue = await watchQueueOf(dokploy).next(Date.now());
  const entry = queue.find(
    ({ data, state }) =>
      data?.composeId === composeId && !hasEnded(state) && parseDeployment(data.descriptionLog ?? "") === digest,
  );
  return entry?.data?.titleLog ?? undefined;
}

/** Servers before v0.29.9 may list what has ended for a moment. */
function hasEnded(state: QueueEntry["state"]): boolean {
  return state === "completed" || state === "failed";
}

function lostAgain({ service }: Job, what: string, often: string): ServiceError {
  const message = `Dokploy ${what} the deployment of ${service} ${often}`;
  const hint = "Dokploy seems to restart: look at its own log and the server's memory, then run the update again";
  return new ServiceError("deployment_failed", message, hint);
}

/** Sends the request once; whether it was answered. When only the answer is missing the deployment may well be queued: waiting tells. */
async function trigger(dokploy: Dokploy, job: Job): Promise<boolean> {
  try {
    await dokploy.deploy(job.composeId, job.title, job.description);
    return true;
  } catch (error) {
    if (error instanceof DokployError && error.kind === "transient") return false;
    throw error;
  }
}

/** Dokploy's start sets `cancelled`, without an end, on what ran before; a job that a person ends is an `error` (api reference, §7). */
function isCutOff({ status, finishedAt }: DeploymentRow): boolean {
  return status === "cancelled" && !finishedAt;
}

async function waitForEnd(
  context: Context,
  job: Job,
  lostAfter: number,
  passed: ReadonlySet<string>,
): Promise<DeploymentRow | "lost"> {
  const { dokploy, timing } = context;
  // Since when the job is where it was seen last.
  let since = Date.now();
  let place: Place | undefined;
  let seenAt = Date.now();
  let answeredAt = Date.now();
  let deadline: number | undefined;
  let logSeen: string | undefined;
  const queue = watchQueue(job, timing);
  const enter = (now: Place) => {
    if (place !== undefined && place !== now) since = Date.now();
    place = now;
    if (now !== "gone") seenAt = Date.now();
    if (now === "active") deadline ??= Date.now() + job.limit;
  };
  for (;;) {
    try {
      const pause = nextLook(Date.now() - since, place === "gone" ? 0 : (job.least ?? 0), timing);
      // One that waits is behind another, and whoever waits for that looks often enough.
      const patient = place === "waiting";
      enter(queue.place(await watchQueueOf(dokploy).next(Date.now() + pause, { patient })));
      // The queue tells as much as the rows do, and it tells it of every job at once.
      if (place !== "gone" && Date.now() <= (deadline ?? Number.POSITIVE_INFINITY)) {
        answeredAt = Date.now();
        continue;
      }
      const rows = await (job.see ?? (() => dokploy.deployments(job.composeId)))();
      const row = newest(rows.filter(({ title, deploymentId }) => title === job.title && !passed.has(deploymentId)));
      if (row !== undefined) {
        if (row.status !== "running") return await ended(context, job, row);
        seenAt = Date.now();
        deadline ??= Date.now() + job.limit;
        if (Date.now() > deadline) {
          const log = await dokploy.deploymentLog(row.deploymentId, 60);
          if (log === logSeen) throw hanging(job, log);
          // Pulling a large image takes its time and says so in the log; a job that hangs says nothing.
          deadline = Date.now() + Math.min(job.limit, timing.grace);
          logSeen = log;
        }
      } else if (Date.now() - seenAt > lostAfter) return "lost";
      answeredAt = Date.now();
    } catch (error) {
      const away = error instanceof DokployError && error.kind === "transient";
      if (!away || Date.now() - answeredAt > timing.outage) throw error;
      // Time in which nobody could look does not count as time in which nothing was there.
      seenAt = Date.now();
    }
  }
}

function newest(rows: DeploymentRow[]): DeploymentRow | undefined {
  return rows.reduce<DeploymentRow | undefined>(
    (best, row) => (best && best.createdAt >= row.createdAt ? best : row),
    undefined,
  );
}

async function ended(context: Context, job: Job, row: DeploymentRow): Promise<DeploymentRow> {
  if (row.status === "done" || isCutOff(row)) return row;
  if (row.status === "cancelled") {
    const hint = "run the update again when it is wanted";
    throw new ServiceError("canceled", `the deployment of ${job.service} was canceled in Dokploy`, hint);
  }
  const log = logTail(await context.dokploy.deploymentLog(row.deploymentId, 100).catch(() => ""));
  if (log.some((line) => DOCKER_AWAY.test(line))) {
    const message = `the deployment of ${job.service} failed because Docker does not answer on Dokploy's server`;
    throw new ServiceError("docker_unreachable", message, "start Docker on that server, then deploy again", log);
  }
  const network = missingNetwork(log);
  if (network !== undefined) {
    lookForNetworksAgain(context.dokploy);
    const message = `network ${network}, on which ${job.service} talks with the others, is not there`;
    const hint = `run the update again, which makes it; on a Dokploy before v0.30 run docker network create ${network} on the server first`;
    throw new ServiceError("deployment_failed", message, hint, log);
  }
  if (log.some((line) => /unhealthy|not healthy|exited \(\d+\)/i.test(line))) {
    // Compose names the container, never why its program failed.
    const own = await illContainerLog(context, job);
    const message = `a container of ${job.service} did not become healthy`;
    throw new ServiceError("unhealthy", message, "its log below says why; fix it and deploy again", [...log, ...own]);
  }
  throw new ServiceError("deployment_failed", `the deployment of ${job.service} failed`, whatToDo(log), log);
}

/** How the `docker` command says that its daemon is away, before and since v28. */
const DOCKER_AWAY =
  /cannot connect to the docker daemon|failed to connect to the docker api|error during connect: .*\/(?:var\/run|run)\/docker\.sock/i;

function whatToDo(log: string[]): string {
  if (log.length === 0) return "Dokploy gives no reason; a compose file and env above 94 KiB together fail like this";
  return "the log below says why; fix it and deploy again";
}

function hanging(job: Job, log: string): ServiceError {
  return new ServiceError(
    "timeout",
    `the deployment of ${job.service} still runs after ${Math.round(job.limit / 1000)} s and its log stands still`,
    "it blocks Dokploy's queue: end its `docker compose` process on the server (two or three SIGINTs), then deploy again",
    logTail(log),
  );
}

/** Where a job is; a row says how one ended that is `gone` from the queue. */
type Place = "waiting" | "active" | "gone";

/** Looks for the job in the queue, and notices when the queue itself stands still because another job hangs. */
function watchQueue(job: Job, timing: Timing) {
  let active = "";
  let since = Date.now();
  return {
    place(entries: QueueEntry[]): Place {
      const mine = entries.find(
        (entry) => entry.data?.composeId === job.composeId && entry.data.titleLog === job.title,
      );
      const running = entries.filter((entry) => entry.state === "active");
      const ids = running.map((entry) => entry.id).join(",");
      if (ids !== active || !mine) {
        active = ids;
        since = Date.now();
      }
      if (mine && Date.now() - since > timing.stalled) throw blocked(job, running, timing.stalled);
      if (mine === undefined || hasEnded(mine.state)) return "gone";
      return mine.state === "active" ? "active" : "waiting";
    },
  };
}

function blocked(job: Job, running: QueueEntry[], stalled: number): ServiceError {
  const blocking = running.map((entry) => `"${entry.data?.titleLog ?? entry.id}"`).join(", ");
  return new ServiceError(
    "timeout",
    `the deployment of ${job.service} waits in Dokploy's queue, which has not moved for ${Math.round(stalled / 60_000)} min behind ${blocking}`,
    "end that job's `docker compose` process on the server, then deploy again",
  );
}
