import { conditionAt } from "../pretend/life.ts";
import { ComposeError } from "../read/compose-error.ts";
import type { DependencyCondition } from "../read/project.ts";
import { warn } from "./compose-output.ts";
import type { HostContainer } from "./host-state.ts";
import type { UpRun } from "./simulation.ts";

export interface Awaited {
  condition: DependencyCondition | "running_or_healthy";
  /** An optional dependency that fails is skipped with a warning. */
  required: boolean;
}

export interface Deadline {
  at: number;
  /** What Compose says when it has passed. */
  message: string;
  /** It says nothing and goes on. */
  passes: boolean;
}

/** Compose looks at a container this often, in milliseconds (pkg/compose/convergence.go). */
const pollInterval = 500;

type Verdict = "ready" | "not yet" | { error: string };

/** Compose's judgement of one container at one moment; waiting is a result. */
export function judge(container: HostContainer, condition: Awaited["condition"], now: number): Verdict {
  const { status, health, exitCode, restarts } = conditionAt(container.life, now);
  if (condition === "service_completed_successfully") {
    if (status !== "exited") return "not yet";
    if (exitCode === 0) return "ready";
    return { error: `service "${container.service}" didn't complete successfully: exit ${exitCode}` };
  }
  if (status === "exited") return { error: `container ${container.name} exited (${exitCode})` };
  if (health === "unhealthy") return { error: `container ${container.name} is unhealthy` };
  if (health !== undefined) return health === "healthy" ? "ready" : "not yet";
  if (condition === "service_healthy" || container.healthCheck === "disabled")
    return { error: `container ${container.name} has no healthcheck configured` };
  // Between two crashes it runs for a moment, and sooner or later Compose looks just then (about 2 s, with Docker).
  return status === "running" || restarts > 2 ? "ready" : "not yet";
}

/** The first look at or after `moment` of somebody who began to look at `begin`. */
function lookAt(moment: number, begin: number, interval: number): number {
  return begin + Math.max(1, Math.ceil((moment - begin) / interval - 1e-9)) * interval;
}

/** What Compose prints and throws for a dependency that failed; an optional one only gets a warning. */
function giveUp(run: UpRun, container: HostContainer, { condition, required }: Awaited, error: string): void {
  const name = ` Container ${container.name} `;
  const reason = condition === "service_healthy" ? `dependency failed to start: ${error}` : error;
  if (!required) {
    run.log(`${name} Skipped - optional dependency "${container.service}" failed to start`);
    warn(run, `optional dependency "${container.service}" failed to start: ${error}`);
    return;
  }
  if (condition === "service_completed_successfully") run.log(`${name} ${error}`);
  if (condition === "service_healthy") run.log(`${name} Error`);
  throw new ComposeError(reason);
}

/**
 * Waits as Compose waits for one container and returns the moment at which it saw it ready.
 * @throws ComposeError with Compose's sentence when it never will be, or with the deadline's.
 */
export async function waitFor(
  run: UpRun,
  container: HostContainer,
  awaited: Awaited,
  begin: number,
  deadline: Deadline | undefined,
): Promise<number> {
  const { clock, speed } = run.simulation;
  const name = ` Container ${container.name} `;
  const interval = pollInterval / speed;
  run.log(`${name} Waiting`);
  let now = begin + interval;
  for (;;) {
    if (deadline && now >= deadline.at) {
      await clock.until(deadline.at, run.signal);
      if (deadline.passes) return deadline.at;
      if (awaited.condition === "service_healthy") run.log(`${name} Error`);
      throw new ComposeError(deadline.message);
    }
    await clock.until(now, run.signal);
    const verdict = judge(container, awaited.condition, now);
    if (verdict === "ready") {
      run.log(`${name} ${awaited.condition === "service_completed_successfully" ? "Exited" : "Healthy"}`);
      return now;
    }
    if (verdict !== "not yet") {
      giveUp(run, container, awaited, verdict.error);
      return now;
    }
    // Somebody may stop the container meanwhile, so even without an event ahead it looks again now and then.
    const next = conditionAt(container.life, now).changesAt ?? now + interval * 10;
    now = lookAt(Math.max(next, now + interval), begin, interval);
  }
}
