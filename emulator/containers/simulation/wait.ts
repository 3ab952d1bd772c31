import { ComposeError } from "./compose-error.ts";
import type { HostContainer } from "./host-state.ts";
import { conditionAt } from "./life.ts";
import type { DependencyCondition } from "./project.ts";
import type { UpRun } from "./simulation.ts";

export type AwaitedCondition = DependencyCondition | "running_or_healthy";

/** Compose looks at a container this often, in milliseconds (pkg/compose/convergence.go). */
const pollInterval = 500;

type Verdict = "ready" | "not yet" | { error: string };

/** Compose's judgement of one container at one moment; waiting is a result. */
export function judge(container: HostContainer, condition: AwaitedCondition, now: number): Verdict {
  const { status, health, exitCode } = conditionAt(container.life, now);
  if (condition === "service_completed_successfully") {
    if (status !== "exited") return "not yet";
    if (exitCode === 0) return "ready";
    return { error: `service "${container.service}" didn't complete successfully: exit ${exitCode}` };
  }
  if (status === "exited") return { error: `container ${container.name} exited (${exitCode})` };
  if (health === undefined) {
    if (condition === "running_or_healthy" && container.healthCheck !== "disabled")
      return status === "running" ? "ready" : "not yet";
    return { error: `container ${container.name} has no healthcheck configured` };
  }
  if (health === "unhealthy") return { error: `container ${container.name} is unhealthy` };
  return health === "healthy" ? "ready" : "not yet";
}

/** The first look at or after `moment` of somebody who began to look at `begin`. */
function lookAt(moment: number, begin: number, interval: number): number {
  return begin + Math.max(1, Math.ceil((moment - begin) / interval - 1e-9)) * interval;
}

/**
 * Waits as Compose waits for one container and returns the moment at which it saw it ready.
 * @throws ComposeError with Compose's sentence when it never will be; `timedOut` when the deadline came first.
 */
export async function waitFor(
  run: UpRun,
  container: HostContainer,
  condition: AwaitedCondition,
  begin: number,
  deadline: { at: number; message: string } | undefined,
): Promise<number> {
  const { clock, speed } = run.simulation;
  const name = ` Container ${container.name} `;
  const interval = pollInterval / speed;
  run.log(`${name} Waiting`);
  let now = begin + interval;
  for (;;) {
    if (deadline && now >= deadline.at) {
      await clock.until(deadline.at, run.signal);
      throw new ComposeError(deadline.message);
    }
    await clock.until(now, run.signal);
    const verdict = judge(container, condition, now);
    if (verdict === "ready") {
      run.log(`${name} ${condition === "service_completed_successfully" ? "Exited" : "Healthy"}`);
      return now;
    }
    if (verdict !== "not yet") {
      if (condition === "service_completed_successfully") run.log(`${name} ${verdict.error}`);
      else if (condition === "service_healthy") run.log(`${name} Error`);
      throw new ComposeError(
        condition === "service_healthy" ? `dependency failed to start: ${verdict.error}` : verdict.error,
      );
    }
    const next = conditionAt(container.life, now).changesAt;
    // Somebody may stop or remove the container meanwhile, so a wait without an event ahead still looks now and then.
    now = next === undefined ? now + interval * 10 : lookAt(Math.max(next, now + interval), begin, interval);
  }
}
