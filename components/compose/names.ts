import type { Context } from "./context.ts";
import type { ComposeNetwork, ComposeVolume } from "./model.ts";
import { readMount } from "./mount.ts";
import type { PlainFile, PlainService } from "./normalise.ts";

/** The one name of a container: host name, `container_name` and service key. `platform-<service>[-<container>]<suffix>`. */
export function containerName(service: string, container: string, suffix: string): string {
  return container === service ? `platform-${service}${suffix}` : `platform-${service}-${container}${suffix}`;
}

/** The name of a volume on the host. `platform-<service>-<volume><suffix>`. */
export function volumeName(service: string, volume: string, suffix: string): string {
  return `platform-${service}-${volume}${suffix}`;
}

/** The network on which all containers of an environment talk. */
export function networkName(suffix: string): string {
  return `platform${suffix}`;
}

/** The only definition of a volume besides a bare name: memory that containers share, gone when the last of them stops. */
const TMPFS = { driver: "local", driver_opts: { type: "tmpfs", device: "tmpfs", o: "size=1m,mode=1777" } };

/**
 * Gives containers, volumes and the network their full names.
 * The service key is renamed too: Compose makes it an alias on every network the container joins, Dokploy's shared one included.
 * The network is Compose's `default`, so that a container to which Dokploy adds a domain joins no third one.
 */
export function giveNames(compose: PlainFile, context: Context): PlainFile {
  const full = (key: string) => containerName(context.service, key, context.suffix);
  const services = Object.entries(compose.services).map(([key, service]) => {
    checkOwnNames(key, service, full(key), context);
    const named: PlainService = {
      ...service,
      container_name: replicasOf(service) > 1 ? undefined : full(key),
      depends_on: Object.fromEntries(Object.entries(service.depends_on).map(([name, how]) => [full(name), how])),
    };
    for (const field of ["network_mode", "pid", "ipc"] as const) {
      const target = /^service:(.+)$/.exec(String(service[field] ?? ""))?.[1];
      if (target !== undefined) named[field] = `service:${full(target)}`;
    }
    return [full(key), named];
  });
  const network: ComposeNetwork = { name: networkName(context.suffix) };
  return {
    ...compose,
    services: Object.fromEntries(services),
    networks: { default: network },
    volumes: nameVolumes(compose, context),
  };
}

/** How many containers a service asks for; 1 unless it says otherwise. */
export function replicasOf(service: PlainService): number {
  const count = Number(service.deploy?.replicas ?? service.scale ?? 1);
  return Number.isNaN(count) ? 1 : count;
}

function checkOwnNames(key: string, service: PlainService, full: string, context: Context): void {
  const path = ["services", key];
  if (!/^[a-z0-9][a-z0-9-]*$/.test(key)) {
    context.report(path, `\`${key}\` cannot be part of a host name`, "use small letters, digits and hyphens");
  }
  if (service.container_name !== undefined && service.container_name !== full) {
    context.report(
      [...path, "container_name"],
      `\`container_name\` must be \`${full}\``,
      "leave it out: the platform sets it",
    );
  }
  if (service.networks !== undefined) {
    const hint = `leave it out: all containers of an environment talk on \`${networkName(context.suffix)}\``;
    context.report([...path, "networks"], "a container's networks are set by the platform", hint);
  }
  const mode = String(service.network_mode ?? "none");
  if (mode !== "none" && !mode.startsWith("service:")) {
    context.report(
      [...path, "network_mode"],
      `\`network_mode: ${mode}\` leaves the environment's network`,
      "leave it out",
    );
  }
}

function nameVolumes(compose: PlainFile, context: Context): Record<string, ComposeVolume> {
  const declared = compose.volumes ?? {};
  const used = new Set<string>();
  for (const [key, service] of Object.entries(compose.services)) {
    for (const [index, mount] of (service.volumes ?? []).entries()) {
      const read = readMount(mount);
      if (read.kind !== "volume") continue;
      used.add(read.source);
      if (!(read.source in declared)) {
        context.report(
          ["services", key, "volumes", index],
          `volume \`${read.source}\` is not defined`,
          `add \`${read.source}:\` to the top-level \`volumes:\``,
        );
      }
    }
  }
  return Object.fromEntries(
    Object.entries(declared).map(([key, volume]) => {
      const path = ["volumes", key];
      if (key.length < 2)
        context.report(path, `\`${key}:\` is read as a Windows drive`, "use a name of two letters or more");
      if (!used.has(key)) context.report(path, `no container uses volume \`${key}\``, "remove it, or mount it");
      return [key, nameVolume(key, volume ?? {}, context)];
    }),
  );
}

/** Compose asks whether to recreate a volume whose definition changed, and Dokploy's queue waits for the answer for ever: so only names. */
function nameVolume(key: string, volume: ComposeVolume, context: Context): ComposeVolume {
  const path = ["volumes", key];
  const { name, external, ...definition } = volume;
  if (name !== undefined && !name.endsWith(context.suffix)) {
    context.report(
      [...path, "name"],
      `volume name \`${name}\` lacks the suffix`,
      `write \`${name}\${SUFFIX:-}\`, or leave it out`,
    );
  }
  const named = { name: name ?? volumeName(context.service, key, context.suffix) };
  if (external !== undefined) return { ...named, external };
  if (Object.keys(definition).length === 0) return named;
  if (JSON.stringify(Object.entries(definition).sort()) === JSON.stringify(Object.entries(TMPFS).sort()))
    return { ...named, ...TMPFS };
  context.report(
    path,
    "a volume has a name and nothing else: a changed definition would stop Dokploy's queue",
    `leave it empty, or for shared memory write ${JSON.stringify(TMPFS)}`,
  );
  return named;
}
