import type { Context } from "../context.ts";
import { fixedPorts } from "../house/fixed-ports.ts";
import { readMount } from "../mount.ts";
import type { PlainFile, PlainService } from "../normalise.ts";
import { isAlteredScalar } from "../round-trip.ts";
import { scalars } from "../walk.ts";

/** Keys of a container that cannot work through Dokploy, and why. */
const REFUSED_KEYS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  env_file: ["the file does not exist on the server", "use `environment`"],
  label_file: ["the file does not exist on the server", "use `labels`"],
  extends: ["the other file does not exist on the server", "write the container out, or use a YAML anchor"],
  links: [
    "links are aliases that the platform gives",
    "leave `links` out: siblings reach each other by their bare names",
  ],
  external_links: ["links are aliases that the platform gives", "leave it out, and use the container's full name"],
  volumes_from: ["volumes of another container have no name of their own", "name the volumes in both containers"],
  profiles: ["Dokploy starts no profiles: the container would never run", "leave `profiles` out"],
  provider: ["Dokploy runs no Compose providers", "describe a container"],
  develop: ["nothing is developed on the server", "leave it out"],
};

/** Refuses what Dokploy or Compose would change, refuse or hang on. */
export function refuse(compose: PlainFile, context: Context): void {
  for (const key of ["include", "models"]) {
    if (compose[key] !== undefined) context.report([key], `\`${key}\` does not work through Dokploy`, "write one file");
  }
  if (Object.keys(compose.networks ?? {}).length > 0) {
    context.report(["networks"], "networks are set by the platform", "leave `networks` out");
  }
  for (const [key, service] of Object.entries(compose.services)) refuseInService(key, service, context);
  refuseVolumes(compose, context);
  refuseAltered(compose, context);
}

function refuseInService(key: string, service: PlainService, context: Context): void {
  const path = ["services", key];
  for (const [key, [message, hint]] of Object.entries(REFUSED_KEYS)) {
    if (service[key] !== undefined) context.report([...path, key], message, hint);
  }
  const { container_name: name, scale, deploy } = context.seen.services[key] ?? {};
  if (name !== undefined && Number(scale ?? deploy?.replicas ?? 1) !== 1) {
    context.report([...path, "container_name"], "replicas cannot share a name", "leave `container_name` out");
  }
  for (const index of fixedPorts(service, context)) {
    context.report(
      [...path, "ports", index],
      "a fixed port on the host collides with the other environments",
      `use a route, leave the host's port out, or set a variable for it by stack: \`platform:${context.service}: {env: {PORT: …}}\``,
    );
  }
  for (const [index, mount] of (context.seen.services[key]?.volumes ?? []).entries()) {
    if (readMount(mount).kind !== "anonymous") continue;
    context.report([...path, "volumes", index], "an anonymous volume is lost with its container", "give it a name");
  }
}

function refuseVolumes(compose: PlainFile, context: Context): void {
  const declared = Object.keys(compose.volumes ?? {});
  const used = new Set<string>();
  for (const { volumes } of Object.values(context.seen.services)) {
    for (const mount of volumes ?? []) {
      const { kind, source } = readMount(mount);
      if (kind === "volume") used.add(source);
    }
  }
  for (const key of declared) {
    const path = ["volumes", key];
    if (key.length < 2) {
      context.report(path, `\`${key}:\` is read as a Windows drive`, "use a name of two letters or more");
    }
    if (!used.has(key)) context.report(path, `no container uses volume \`${key}\``, "remove it, or mount it");
    const { driver_opts: options, external } = compose.volumes?.[key] ?? {};
    const isMemory = options?.type === "tmpfs";
    if (context.data !== undefined && !context.data.includes(key) && !isMemory && external === undefined) {
      const message = `volume \`${key}\` is not in the service's \`data\`: nothing keeps it when the service is taken out`;
      context.note(
        "volume-not-in-data",
        path,
        message,
        `add \`${key}\` to \`data\` of components/${context.service}/index.ts`,
      );
    }
  }
}

/** `environment` and `labels` are lists by now (`KEY=…` is no bare scalar), and contents are judged where they are inlined. */
function refuseAltered(compose: PlainFile, context: Context): void {
  for (const { path, value } of scalars(compose)) {
    const typed = typeof value === "number" ? context.source.typed(path) : undefined;
    if (typed !== undefined && /^[-+]?0\d/.test(typed)) {
      context.report(path, `\`${typed}\` is octal for Compose and decimal for Dokploy`, `quote it: \`"${typed}"\``);
    }
    if (typeof value === "string" && path[0] !== "configs" && isAlteredScalar(value)) {
      context.report(
        path,
        `Dokploy would drop the quotes of \`${value}\`, and Compose then reads something else`,
        "pass it through a variable, or write it another way",
      );
    }
  }
}
