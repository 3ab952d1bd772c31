import { setTimeout as sleep } from "node:timers/promises";
import type { Dokploy } from "./api/client.ts";
import { logTail } from "./api/log-tail.ts";
import type { ContainerRow } from "./api/schema.ts";
import type { Context } from "./context.ts";
import {
  assessContainers,
  type ContainersState,
  type ExpectedService,
  expectedServices,
  lastingContainers,
  leastUptime,
  restartedBetween,
} from "./rules/containers.ts";
import { ServiceError } from "./rules/service-error.ts";
import type { Timing } from "./timing.ts";

/** A compose project on the server, and what it is called in messages. */
export interface Project {
  composeId: string;
  appName: string;
  service: string;
  composeFile: string;
}

export interface Deployed extends Project {
  /** Milliseconds that the deployment took. */
  took: number;
  /** Milliseconds that containers may still be starting. */
  limit: number;
}

/**
 * Makes sure that what Dokploy calls done is true: every container runs and is healthy, and has run without a restart for as
 * long as {@link settleTime} says: by its own account, or seen so by two looks. Returns what it saw last. Throws `unhealthy` with the container's own log.
 */
export async function verifyContainers(context: Context, deployed: Deployed): Promise<ContainerRow[]> {
  const { timing } = context;
  const services = expectedServices(deployed.composeFile, deployed.appName);
  const deadline = Date.now() + deployed.limit;
  const look = async () => {
    const from = performance.now();
    const rows = await someContainers(context, deployed, services, deadline);
    return {
      rows,
      lasting: lastingContainers(services, rows),
      from,
      to: performance.now(),
      ...assessContainers(services, rows),
    };
  };
  let before = await look();
  for (;;) {
    const well = before.state === "healthy";
    const missing = settleTime(timing, deployed, before) - leastUptime(before.lasting) * 1000;
    if (well && missing <= 0) return before.rows;
    await sleep(well ? missing : before.silent ? timing.settleSilent : timing.pollMax);
    const after = await look();
    if (before.state === "unhealthy" && after.state === "unhealthy") throw await unhealthy(context, deployed, after);
    const restarted = restartedBetween(before.lasting, after.lasting, (after.from - before.to) / 1000);
    if (restarted.length > 0) {
      if (after.state === "unhealthy") throw await unhealthy(context, deployed, after);
      const worst = after.lasting.find(({ name }) => restarted.includes(name));
      const problems = restarted.map((name) => `${name}: restarted`);
      throw await unhealthy(context, deployed, { ...after, problems, ...(worst && { worst }) });
    }
    if (well && after.state === "healthy") return after.rows;
    if (Date.now() > deadline) throw await unhealthy(context, deployed, after);
    before = after;
  }
}

/**
 * The containers of what was deployed. Dokploy answers an empty list also when its Docker does not answer, so one is only believed
 * after some seconds; then throws.
 */
async function someContainers(
  { dokploy, timing }: Context,
  deployed: Deployed,
  services: ExpectedService[],
  deadline: number,
): Promise<ContainerRow[]> {
  const until = Math.min(Date.now() + timing.unseen, deadline);
  for (;;) {
    const rows = await dokploy.containers(deployed.appName);
    if (rows.length > 0 || services.length === 0) return rows;
    if (Date.now() >= until) throw unseen(deployed);
    await sleep(timing.pollMax);
  }
}

function unseen({ service, appName }: Deployed): ServiceError {
  return new ServiceError(
    "unhealthy",
    `${service} was deployed, but Dokploy lists no container of it`,
    `it says so too when its Docker does not answer: run docker compose -p ${appName} ps -a on the server, then deploy again`,
  );
}

/**
 * For how long containers must have run, in milliseconds. Half of what the deployment took, so that it never adds more than
 * that to an update; where one has no health check it is longer, because then running says little.
 */
function settleTime(timing: Timing, { took }: Deployed, { silent }: ContainersState): number {
  return silent ? timing.settleSilent : Math.min(Math.max(took / 2, timing.poll), timing.settle);
}

/** What containers say right now, in one word and one line each. */
export function describeContainers(composeFile: string, rows: ContainerRow[], appName: string): ContainersState {
  return assessContainers(expectedServices(composeFile, appName), rows);
}

/** The end of the log of the first container that is not well; empty when there is none or nobody can tell. */
export async function illContainerLog({ dokploy }: Context, project: Project): Promise<string[]> {
  const rows = await dokploy.containers(project.appName).catch(() => []);
  const { worst } = describeContainers(project.composeFile, rows, project.appName);
  return worst ? containerLog(dokploy, project, worst) : [];
}

async function containerLog(dokploy: Dokploy, { composeId }: Project, row: ContainerRow): Promise<string[]> {
  const log = logTail(await dokploy.containerLog(composeId, row.containerId, 30).catch(() => ""));
  return log.length > 0 ? [`--- log of ${row.name}`, ...log] : [];
}

async function unhealthy(
  { dokploy }: Context,
  deployed: Deployed,
  found: ContainersState & { rows: ContainerRow[] },
): Promise<ServiceError> {
  const worst = found.worst ?? found.rows[0];
  const what = found.problems.length > 0 ? found.problems.join(", ") : "a container is still starting";
  return new ServiceError(
    "unhealthy",
    `${deployed.service} was deployed but does not run well: ${what}`,
    "the container's log below says why; fix it and deploy again",
    worst ? await containerLog(dokploy, deployed, worst) : [],
  );
}
