import { conditionAt } from "../pretend/life.ts";
import { forgetMemory, injectFiles, planLife, requireNetworks, startContainer } from "../pretend/start-container.ts";
import type { ComposeCall } from "../read/command-line.ts";
import { ComposeError } from "../read/compose-error.ts";
import type { Project } from "../read/project.ts";
import { hang, warn } from "./compose-output.ts";
import { type Placed, placeContainers } from "./converge.ts";
import { removeOrphans } from "./create-container.ts";
import { ensureImages, ensureNetworks, ensureVolumes } from "./ensure-resources.ts";
import type { UpRun } from "./simulation.ts";
import { type Deadline, waitFor } from "./wait.ts";

function isAwaitedOneShot(project: Project, key: string): boolean {
  return [...project.services.values()].some(
    ({ dependsOn }) => dependsOn.get(key)?.condition === "service_completed_successfully",
  );
}

async function startOne(
  run: UpRun,
  project: Project,
  { service, container, failure }: Placed,
  now: number,
): Promise<void> {
  const { simulation } = run;
  if (failure?.outcome === "hang" || failure?.outcome === "fail") {
    for (const line of failure.log ?? []) run.log(line);
    await simulation.clock.until(now + (failure.afterMs ?? 0), run.signal);
    if (failure.outcome === "hang") await hang(run.signal);
    throw new ComposeError(`Error response from daemon: failed to start container ${container.name}`);
  }
  if (conditionAt(container.life, now).status === "running") return;
  forgetMemory(simulation.state, container, now);
  injectFiles(simulation.state, project, service, container);
  run.log(` Container ${container.name}  Starting`);
  requireNetworks(simulation.state, project, service);
  const [program = ""] = container.command;
  if (program.includes("does-not-exist"))
    throw new ComposeError(
      `Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "${program}": executable file not found in $PATH: unknown`,
    );
  const awaitedOneShot = isAwaitedOneShot(project, service.key);
  const life = planLife(container, { now, speed: simulation.speed, awaitedOneShot, failure });
  startContainer(simulation, container, life, failure);
  run.log(` Container ${container.name}  Started`);
}

/** Starts every container as soon as what it waits for is there; the moment at which the last one started. */
async function startAll(
  run: UpRun,
  project: Project,
  placed: Map<string, Placed>,
  begin: number,
  timeout: number | undefined,
): Promise<number> {
  const starts = new Map<string, Promise<number>>();
  const start = async (entry: Placed): Promise<number> => {
    const dependencies = [...entry.service.dependsOn].flatMap(([key, dependency]) => {
      const other = placed.get(key);
      return other ? [{ key, dependency, container: other.container }] : [];
    });
    const from = Math.max(begin, ...(await Promise.all(dependencies.map(({ key }) => starts.get(key) ?? begin))));
    const deadline = toDeadline(placed, from, timeout, "timeout waiting for dependencies");
    const ready = await Promise.all(
      dependencies.map(({ dependency, container }) =>
        dependency.condition === "service_started" ? from : waitFor(run, container, dependency, from, deadline),
      ),
    );
    const now = Math.max(from, ...ready);
    await startOne(run, project, entry, now);
    return now;
  };
  for (const [key, entry] of placed) starts.set(key, start(entry));
  return Math.max(begin, ...(await Promise.all(starts.values())));
}

function toDeadline(
  placed: Map<string, Placed>,
  from: number,
  timeout: number | undefined,
  message: string,
): Deadline | undefined {
  if (timeout === undefined) return undefined;
  const passes = [...placed.values()].some(({ failure }) => failure?.passesAtTimeout === true);
  return { at: from + timeout, message, passes };
}

/**
 * `docker compose up` of a loaded project. Ends when Compose would.
 * @throws ComposeError with the last line that Compose would print; what the signal was aborted with.
 */
export async function composeUp(run: UpRun, project: Project, call: ComposeCall): Promise<void> {
  const { clock, speed } = run.simulation;
  for (const message of project.warnings) warn(run, message);
  if (project.services.size === 0) throw new ComposeError("no service selected");
  for (const key of call.services) if (!project.services.has(key)) throw new ComposeError(`no such service: ${key}`);
  ensureImages(run, project);
  ensureNetworks(run, project);
  await ensureVolumes(run, project, call.yes);
  const begin = clock.now();
  if (call.removeOrphans) removeOrphans(run, project);
  const placed = placeContainers(run, project, call, begin);
  if (call.noStart) return;

  const timeout = call.waitTimeout > 0 ? (call.waitTimeout * 1000) / speed : undefined;
  const from = await startAll(run, project, placed, begin, timeout);
  if (!call.wait) return;
  const deadline = toDeadline(placed, from, timeout, `application not healthy after ${call.waitTimeout}s`);
  await Promise.all(
    [...placed].map(([key, { container }]) => {
      const condition = isAwaitedOneShot(project, key) ? "service_completed_successfully" : "running_or_healthy";
      return waitFor(run, container, { condition, required: true }, from, deadline);
    }),
  );
}
