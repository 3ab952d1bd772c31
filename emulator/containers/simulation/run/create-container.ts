import { randomBytes } from "node:crypto";
import { ComposeError } from "../read/compose-error.ts";
import type { Project, Service } from "../read/project.ts";
import { containersOf, type HostContainer, type HostMount } from "./host-state.ts";
import type { UpRun } from "./simulation.ts";

export function containerNameOf(project: Project, service: Service): string {
  return service.containerName ?? `${project.name}-${service.key}-1`;
}

function mountsOf(project: Project, service: Service): HostMount[] {
  const mounts = service.volumes.map(({ type, source, target, readOnly }): HostMount => {
    const definition = type === "volume" ? project.volumes.get(source) : undefined;
    return { type, source: definition?.name ?? source, target, readOnly };
  });
  return [
    ...mounts,
    ...service.tmpfs.map((target): HostMount => ({ type: "tmpfs", source: "", target, readOnly: false })),
  ];
}

function networksOf(project: Project, service: Service, id: string): Record<string, string[]> {
  const name = containerNameOf(project, service);
  return Object.fromEntries(
    [...service.networks].map(([key, aliases]) => [
      project.networks.get(key)?.name ?? key,
      [...new Set([name, service.key, ...aliases, id.slice(0, 12)])],
    ]),
  );
}

/** Whether an existing container must make way: another hash, another network or another volume behind the same key. */
export function mustRecreate(project: Project, service: Service, container: HostContainer): boolean {
  if (container.configHash !== service.configHash) return true;
  if (container.name !== containerNameOf(project, service)) return true;
  for (const key of service.networks.keys())
    if (!((project.networks.get(key)?.name ?? key) in container.networks)) return true;
  const mounted = new Set(container.mounts.map(({ source }) => source));
  return mountsOf(project, service).some(
    ({ type, source }) => type === "volume" && source !== "" && !mounted.has(source),
  );
}

/**
 * Creates the container of a service, in the place of `replaced` when there is one.
 * @throws ComposeError for what the engine refuses: a name in use, a drive letter for a volume, `start_interval`.
 */
export function createContainer(
  run: UpRun,
  project: Project,
  service: Service,
  replaced: HostContainer | undefined,
): HostContainer {
  const { state, engine, clock } = run.simulation;
  const name = containerNameOf(project, service);
  const words = replaced ? ["Recreate", "Recreated"] : ["Creating", "Created"];
  run.log(` Container ${replaced?.name ?? name}  ${words[0]}`);
  const refuse = (message: string, from = "Error response from daemon: "): never => {
    run.log(` Container ${replaced?.name ?? name}  ${from}${message}`);
    throw new ComposeError(`${from}${message}`);
  };
  const relative = service.volumes.find(({ type, target }) => type !== "bind" && !target.startsWith("/"));
  if (relative)
    refuse(
      `invalid mount config for type "${relative.type}": invalid mount path: '${relative.target}' mount path must be absolute`,
    );
  const check = service.healthCheck;
  if (engine < 25 && check !== undefined && check !== "disabled" && check.startInterval !== undefined)
    refuse("can't set healthcheck.start_interval as feature require Docker Engine v25 or later", "");
  const taken = [...state.containers.values()].find((other) => other.name === name && other.id !== replaced?.id);
  if (taken)
    refuse(
      `Conflict. The container name "/${name}" is already in use by container "${taken.id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  if (replaced) state.containers.delete(replaced.id);
  const id = randomBytes(32).toString("hex");
  const container: HostContainer = {
    id,
    name,
    project: project.name,
    service: service.key,
    image: service.image,
    configHash: service.configHash,
    createdAt: clock.now(),
    restart: service.restart,
    command: [...(service.entrypoint ?? []), ...(service.command ?? [])],
    environment: Object.fromEntries(service.environment),
    labels: Object.fromEntries(service.labels),
    networks: networksOf(project, service, id),
    links: Object.fromEntries(service.externalLinks),
    mounts: mountsOf(project, service),
    files: {},
    log: [],
    ...(check === undefined ? {} : { healthCheck: check }),
  };
  state.containers.set(id, container);
  run.log(` Container ${name}  ${words[1]}`);
  run.simulation.changed();
  return container;
}

/** Stops and removes what the file no longer names. */
export function removeOrphans(run: UpRun, project: Project): void {
  for (const container of containersOf(run.simulation.state, project.name)) {
    if (project.services.has(container.service)) continue;
    for (const word of ["Stopping", "Stopped", "Removing", "Removed"]) run.log(` Container ${container.name}  ${word}`);
    run.simulation.state.containers.delete(container.id);
    run.simulation.changed();
  }
}
