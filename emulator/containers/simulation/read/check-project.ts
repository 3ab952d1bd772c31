import { ComposeError } from "./compose-error.ts";
import type { Project, Service } from "./project.ts";

function checkReferences(project: Project, service: Service): void {
  const refers = (kind: string, name: string, known: ReadonlyMap<string, unknown>): void => {
    if (!known.has(name))
      throw new ComposeError(`service "${service.key}" refers to undefined ${kind} ${name}: invalid compose project`);
  };
  for (const dependency of service.dependsOn.keys())
    if (!project.services.has(dependency))
      throw new ComposeError(
        `service "${service.key}" depends on undefined service "${dependency}": invalid compose project`,
      );
  for (const network of service.networks.keys()) refers("network", network, project.networks);
  for (const { type, source } of service.volumes)
    if (type === "volume" && source !== "") refers("volume", source, project.volumes);
  for (const { source } of service.secrets) refers("secret", source, project.secrets);
  for (const { source } of service.configs) refers("config", source, project.configs);
}

function checkCycles(project: Project): void {
  const done = new Set<string>();
  const visit = (key: string, trail: string[]): void => {
    if (done.has(key)) return;
    if (trail.includes(key))
      throw new ComposeError(`dependency cycle detected: ${[...trail.slice(trail.indexOf(key)), key].join(" -> ")}`);
    for (const dependency of project.services.get(key)?.dependsOn.keys() ?? []) visit(dependency, [...trail, key]);
    done.add(key);
  };
  for (const key of project.services.keys()) visit(key, []);
}

function checkContainerNames(project: Project): void {
  const owners = new Map<string, string>();
  for (const { key, containerName } of project.services.values()) {
    if (containerName === undefined) continue;
    if (owners.has(containerName))
      throw new ComposeError(
        `services.${key}: container name "${containerName}" is already in use by service ${owners.get(containerName)}`,
      );
    owners.set(containerName, key);
  }
}

/** Refuses what Compose refuses once the whole file is read: references to nothing, circles, a name used twice. */
export function checkProject(project: Project): void {
  for (const service of project.services.values()) checkReferences(project, service);
  checkCycles(project);
  checkContainerNames(project);
}
