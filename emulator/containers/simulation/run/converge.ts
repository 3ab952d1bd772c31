import type { ScriptedFailure } from "../pretend/failure-script.ts";
import { conditionAt } from "../pretend/life.ts";
import { planLife, strike } from "../pretend/start-container.ts";
import type { ComposeCall } from "../read/command-line.ts";
import type { Project, Service } from "../read/project.ts";
import { containerNameOf, createContainer, mustRecreate } from "./create-container.ts";
import { containersOf, type HostContainer } from "./host-state.ts";
import type { UpRun } from "./simulation.ts";

/** A service with its container, and what was scripted to go wrong with it in this `up`. */
export interface Placed {
  service: Service;
  container: HostContainer;
  failure: ScriptedFailure | undefined;
}

/** Services in an order in which each comes after what it depends on. */
export function inDependencyOrder(project: Project): Service[] {
  const ordered = new Set<Service>();
  const visit = (service: Service): void => {
    for (const key of service.dependsOn.keys()) {
      const dependency = project.services.get(key);
      if (dependency && !ordered.has(dependency)) visit(dependency);
    }
    ordered.add(service);
  };
  for (const service of project.services.values()) visit(service);
  return [...ordered];
}

/** A container that stays: a script changes what it does, and without one it recovers from an earlier script. */
function keepContainer(run: UpRun, container: HostContainer, failure: ScriptedFailure | undefined, now: number): void {
  const { speed } = run.simulation;
  if (conditionAt(container.life, now).status !== "running") return;
  run.log(` Container ${container.name}  Running`);
  if (failure) strike(container, failure, now, speed);
  else if (container.scripted) {
    const { life } = container;
    container.life = planLife(container, { now, speed, awaitedOneShot: false, failure: undefined });
    // Its health check passes again, and has been for long enough.
    if (life && container.life.probe) container.life.startedAt = now - container.life.probe.interval;
    container.scripted = false;
  }
}

/** Creates, recreates or keeps the container of every service. */
export function placeContainers(run: UpRun, project: Project, call: ComposeCall, now: number): Map<string, Placed> {
  const { scripts, state } = run.simulation;
  const existing = new Map(containersOf(state, project.name).map((container) => [container.service, container]));
  const recreated = new Set<string>();
  const result = new Map<string, Placed>();
  const used = new Set<ScriptedFailure>();
  for (const service of inDependencyOrder(project)) {
    if (call.services.length > 0 && !call.services.includes(service.key)) continue;
    const name = containerNameOf(project, service);
    const failure = scripts.find({ project: project.name, container: name, service: service.key });
    if (failure) used.add(failure);
    const current = existing.get(service.key);
    const keep = current && !call.forceRecreate && (call.noRecreate || !mustRecreate(project, service, current));
    if (keep) {
      const restarts = [...service.dependsOn].some(([key, { restart }]) => restart && recreated.has(key));
      if (restarts && current.life) current.life = { ...current.life, stopped: { at: now, exitCode: 0 } };
      keepContainer(run, current, failure, now);
    } else if (current) recreated.add(service.key);
    const container = keep ? current : createContainer(run, project, service, current);
    result.set(service.key, { service, container, failure });
  }
  for (const failure of used) scripts.use(failure);
  return result;
}
