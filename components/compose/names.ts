import type { Context } from "./context.ts";
import type { ComposeVolume } from "./model.ts";
import type { PlainFile, PlainService } from "./normalise.ts";

/** The one name of a container: host name, `container_name` and service key. `platform-<service>[-<container>]<suffix>`. */
export function containerName(service: string, container: string, suffix: string): string {
  return container === service ? `platform-${service}${suffix}` : `platform-${service}-${container}${suffix}`;
}

/** The name of a volume on the host. `platform-<service>-<volume><suffix>`. */
export function volumeName(service: string, volume: string, suffix: string): string {
  return `platform-${service}-${volume}${suffix}`;
}

/** The only definition of a volume besides a bare name: memory that containers share, gone when the last of them stops. */
export const TMPFS = { driver: "local", driver_opts: { type: "tmpfs", device: "tmpfs", o: "size=1m,mode=1777" } };

/** Longest label of a host name, in characters (RFC 1035). */
const MAX_HOST = 63;

/**
 * Gives containers and volumes their full names.
 * The service key is renamed too: Compose makes it an alias on every network the container joins, Dokploy's shared one included.
 */
export function giveNames(compose: PlainFile, context: Context): PlainFile {
  const full = (key: string) => containerName(context.service, key, context.suffix);
  const services = Object.entries(compose.services).map(([key, service]) => {
    checkOwnNames(key, service, full(key), context);
    const named: PlainService = {
      ...service,
      container_name: hasReplicas(service) ? undefined : full(key),
      depends_on: Object.fromEntries(Object.entries(service.depends_on).map(([name, how]) => [full(name), how])),
    };
    for (const field of ["network_mode", "pid", "ipc"] as const) {
      const target = /^service:(.+)$/.exec(String(service[field] ?? ""))?.[1];
      if (target !== undefined) named[field] = `service:${full(target)}`;
    }
    return [full(key), named];
  });
  return { ...compose, services: Object.fromEntries(services), volumes: nameVolumes(compose, context) };
}

/** Whether a service may run as more than one container; a number that only the server knows counts as more. */
export function hasReplicas(service: PlainService): boolean {
  const count = service.deploy?.replicas ?? service.scale ?? 1;
  return Number(count) !== 1;
}

function checkOwnNames(key: string, service: PlainService, full: string, context: Context): void {
  const path = ["services", key];
  if (!/^[a-z0-9][a-z0-9-]*$/.test(key)) {
    context.report(path, `\`${key}\` cannot be part of a host name`, "use small letters, digits and hyphens");
  }
  if (full.length > MAX_HOST) {
    context.report(path, `the host name \`${full}\` has more than ${MAX_HOST} characters`, "use a shorter name");
  }
  if (service.container_name !== undefined && service.container_name !== full) {
    context.report(
      [...path, "container_name"],
      `\`container_name\` must be \`${full}\``,
      "leave it out: the platform sets it",
    );
  }
  if (service.network_mode !== undefined && context.routed?.includes(key)) {
    const message = "Dokploy puts a container with a route on its own network, which `network_mode` excludes";
    context.report([...path, "network_mode"], message, "leave it out, or give the route to another container");
  }
  if (service.networks !== undefined) {
    const hint = "leave it out: siblings reach each other by their bare names, other services by their full ones";
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
  const volumes = Object.entries(compose.volumes ?? {});
  return Object.fromEntries(volumes.map(([key, volume]) => [key, nameVolume(key, volume ?? {}, context)]));
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
