import type { ComposeFile, ComposeService, Mount } from "../model.ts";
import type { Path, Report } from "../problem.ts";
import { dependenciesOf, isStarted, NAMESPACES } from "./dependencies.ts";
import { variableFor } from "./secret-variable.ts";
import { parseMount } from "./short-mount.ts";

/**
 * What Compose checks when it has a file's parts together: that what is named is there, and that nothing contradicts.
 * https://github.com/compose-spec/compose-go/blob/v2.9.0/loader/validate.go
 */
export function checkConsistency(all: ComposeFile, report: Report): void {
  const started = Object.entries(all.services).filter(([, service]) => isStarted(service));
  const compose = { ...all, services: Object.fromEntries(started) };
  for (const [key, service] of Object.entries(compose.services)) {
    const path = ["services", key];
    checkReferences(service, compose, (name) => Object.hasOwn(all.services, name), path, report);
    checkContradictions(service, path, report);
    checkMounts(service, path, report);
    const [first] = Array.isArray(service.healthcheck?.test) ? service.healthcheck.test : [];
    if (first !== undefined && !["CMD", "CMD-SHELL", "NONE"].includes(first)) {
      const hint = "begin it with `CMD` or `CMD-SHELL`";
      report([...path, "healthcheck", "test"], `a test cannot begin with \`${first}\``, hint);
    }
  }
  // Compose looks at these before it leaves out what no profile starts.
  for (const [key, { gpus, deploy }] of Object.entries(all.services)) {
    const path = ["services", key];
    checkRequests(gpus, [...path, "gpus"], report);
    const reserved = (deploy as { resources?: { reservations?: { devices?: unknown } } } | undefined)?.resources
      ?.reservations;
    checkRequests(reserved?.devices, [...path, "deploy", "resources", "reservations", "devices"], report);
  }
  checkSources(compose, report);
  checkExternal(compose, report);
  checkCircles(compose, report);
}

function checkReferences(
  service: ComposeService,
  compose: ComposeFile,
  isKnown: (name: string) => boolean,
  path: Path,
  report: Report,
): void {
  const isThere = (name: string) => Object.hasOwn(compose.services, name);
  const listed = service.depends_on ?? {};
  for (const [index, name] of (Array.isArray(listed) ? listed : Object.keys(listed)).entries()) {
    const isOptional = !Array.isArray(listed) && listed[name]?.required === false && isKnown(name);
    if (isThere(name) || isOptional) continue;
    report(
      [...path, "depends_on", Array.isArray(listed) ? index : name],
      `there is no container \`${name}\` in this file`,
      "containers of other services are waited for with `needs` of the service's definition",
    );
  }
  for (const field of NAMESPACES) {
    const name = /^service:(.*)$/s.exec(String(service[field] ?? ""))?.[1];
    if (name === undefined || isThere(name)) continue;
    const hint = "name a container of this file by its key";
    report([...path, field], `there is no container \`${name}\` in this file`, hint);
  }
  for (const field of ["links", "volumes_from"] as const) {
    for (const [index, entry] of ((service[field] as string[] | undefined) ?? []).entries()) {
      const name = dependenciesOf({ [field]: [entry] })[0];
      if (name !== undefined && !isThere(name))
        report([...path, field, index], `there is no container \`${name}\` in this file`, "name one by its key");
    }
  }
  const networks = Array.isArray(service.networks) ? service.networks : Object.keys(service.networks ?? {});
  for (const [index, name] of networks.entries()) {
    if (name !== "default" && !Object.hasOwn(compose.networks ?? {}, name)) {
      const place = Array.isArray(service.networks) ? index : name;
      report([...path, "networks", place], `network \`${name}\` is not defined`, "leave `networks` out");
    }
  }
}

const LIMITS = [
  ["cpus", "limits", "cpus"],
  ["mem_limit", "limits", "memory"],
  ["mem_reservation", "reservations", "memory"],
  ["pids_limit", "limits", "pids"],
] as const;

function checkContradictions(service: ComposeService, path: Path, report: Report): void {
  if (service.image === undefined || service.image === "") {
    if (service.build === undefined && service.provider === undefined)
      report(path, "no image", "name one with a tag or a digest");
  }
  const networks = service.networks ?? {};
  if (service.network_mode && Object.keys(networks).length > 0)
    report([...path, "networks"], "`networks` and `network_mode` exclude each other", "keep one of them");
  const { replicas } = service.deploy ?? {};
  if (
    service.scale !== undefined &&
    replicas !== undefined &&
    replicas !== null &&
    Number(service.scale) !== Number(replicas)
  )
    report([...path, "scale"], "`scale` and `deploy.replicas` differ", "keep one of them");
  for (const [key, value] of [
    ["scale", service.scale],
    ["deploy.replicas", replicas],
  ] as const) {
    if (Number(value ?? 0) < 0)
      report([...path, ...key.split(".")], `\`${value}\` is no number of containers`, "write 0 or more");
  }
  if (service.container_name && Number(service.scale ?? replicas ?? 1) > 1)
    report([...path, "container_name"], "replicas cannot share a name", "leave `container_name` out");
  for (const [key, kind, below] of LIMITS) {
    const own = toNumber(key, service[key]);
    const resources = service.deploy?.resources as Record<string, Record<string, unknown> | null> | undefined;
    const limits = resources?.[kind];
    if (own === 0 || !limits || own === toNumber(key, limits[below])) continue;
    report([...path, key], `\`${key}\` and \`deploy.resources.${kind}.${below}\` differ`, "keep one of them");
  }
}

const UNITS = "bkmgtp";

/** A size in bytes, a share or a count, as Compose compares them; 0 when it is not set or no number. */
function toNumber(key: string, value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (key === "cpus") return Math.fround(Number(value)) || 0;
  if (typeof value === "number") return Math.trunc(value);
  const [, count, unit = ""] = /^([-+.\deE]+) ?([bkmgtp]?)/i.exec(String(value)) ?? [];
  return Math.trunc(Number(count) * 1024 ** Math.max(0, UNITS.indexOf(unit.toLowerCase()))) || 0;
}

/** Mounts in the long form, and tmpfs: which path each covers. One path can be covered once. */
function checkMounts(service: ComposeService, path: Path, report: Report): void {
  const taken = new Map<string, string>();
  const take = (target: string, place: Path, text: string) => {
    const other = taken.get(target);
    if (other !== undefined && other !== text)
      report(place, `\`${target}\` is mounted twice`, "keep one of the two mounts");
    taken.set(target, text);
  };
  for (const [index, entry] of [service.tmpfs ?? []].flat().entries())
    take(entry.split(":")[0] ?? "", [...path, "tmpfs", index], entry);
  for (const [index, entry] of (service.volumes ?? []).entries()) {
    const mount = typeof entry === "string" ? parseMount(entry).mount : entry;
    if (mount.target !== undefined) take(cleanPath(mount.target), [...path, "volumes", index], JSON.stringify(entry));
  }
}

/** As Go's `path.Clean`. */
function cleanPath(target: string): string {
  if (target === "") return "";
  const steps: string[] = [];
  for (const step of target.split("/")) {
    if (step === "" || step === ".") continue;
    if (step === ".." && steps.length > 0 && steps.at(-1) !== "..") steps.pop();
    else if (step !== ".." || !target.startsWith("/")) steps.push(step);
  }
  return `${target.startsWith("/") ? "/" : ""}${steps.join("/")}` || ".";
}

/** Requests for devices, by number or by id. */
function checkRequests(requests: unknown, path: Path, report: Report): void {
  for (const [index, request] of (Array.isArray(requests) ? (requests as Record<string, unknown>[]) : []).entries()) {
    if (request.count !== undefined && request.device_ids !== undefined)
      report([...path, index], "`count` and `device_ids` exclude each other", "keep one of them");
  }
}

const SOURCES = { secrets: ["file", "environment"], configs: ["file", "environment", "content"] } as const;

function checkSources(compose: ComposeFile, report: Report): void {
  for (const [kind, keys] of Object.entries(SOURCES)) {
    const all = (compose[kind] ?? {}) as Record<string, Record<string, unknown>>;
    for (const [name, entry] of Object.entries(all)) {
      const given = keys.filter((key) => entry[key] !== undefined);
      const words = keys.map((key) => `\`${key}\``).join(", ");
      if (given.length > 1) report([kind, name], `${words} exclude each other`, "keep one of them");
      const isExternal = entry.external !== undefined && entry.external !== false;
      const isFilled = kind === "secrets" ? given.some((key) => entry[key] !== "") : given.length > 0;
      const isForgiven = kind === "configs" && (entry.driver !== undefined || entry.external !== undefined);
      if (!isExternal && !isFilled && !isForgiven) {
        const hint =
          kind === "secrets" ? `write \`${name}: {environment: …}\`` : "put the file beside the compose file";
        report([kind, name], `one of ${words} must say where \`${name}\` comes from`, hint);
      }
    }
    for (const [key, service] of Object.entries(compose.services)) {
      for (const [index, grant] of ((service[kind] as unknown[] | undefined) ?? []).entries()) {
        const name = typeof grant === "string" ? grant : String((grant as { source?: unknown }).source ?? "");
        if (Object.hasOwn(all, name)) continue;
        const hint =
          kind === "secrets"
            ? `add \`${name}: {environment: ${variableFor(name)}}\` to the top-level \`secrets:\``
            : "add it to the top-level `configs:`";
        report(["services", key, kind, index], `${kind.slice(0, -1)} \`${name}\` is not defined`, hint);
      }
    }
  }
}

function checkExternal(compose: ComposeFile, report: Report): void {
  for (const kind of ["volumes", "networks", "secrets", "configs"]) {
    for (const [name, entry] of Object.entries(
      (compose[kind] ?? {}) as Record<string, Record<string, unknown> | null>,
    )) {
      const { external } = entry ?? {};
      const below =
        typeof external === "object" && external !== null ? (external as { name?: unknown }).name : undefined;
      if (below !== undefined && entry?.name !== undefined && below !== entry.name)
        report([kind, name, "external"], "`name` and `external.name` differ", "keep `name`");
      if (kind !== "volumes" || external === undefined || external === false) continue;
      const others = Object.keys(entry ?? {}).filter(
        (key) => !["name", "external"].includes(key) && !key.startsWith("x-"),
      );
      for (const other of others)
        report([kind, name, other], `an external volume cannot have \`${other}\``, "leave it out");
    }
  }
  for (const [key, service] of Object.entries(compose.services)) {
    for (const [index, entry] of (service.volumes ?? []).entries()) {
      const mount: Mount = typeof entry === "string" ? parseMount(entry).mount : entry;
      if (mount.type !== "volume" || !mount.source || Object.hasOwn(compose.volumes ?? {}, mount.source)) continue;
      const hint = `add \`${mount.source}:\` to the top-level \`volumes:\``;
      report(["services", key, "volumes", index], `volume \`${mount.source}\` is not defined`, hint);
    }
  }
}

function checkCircles(compose: ComposeFile, report: Report): void {
  const done = new Set<string>();
  const visit = (key: string, above: readonly string[]): void => {
    if (above.includes(key)) {
      const circle = [...above.slice(above.indexOf(key)), key].join(" → ");
      const place = ["services", key, "depends_on"];
      report(place, `containers wait for each other: ${circle}`, "remove one of the dependencies");
    }
    if (done.has(key)) return;
    done.add(key);
    for (const next of dependenciesOf(compose.services[key] ?? {})) visit(next, [...above, key]);
  };
  for (const key of Object.keys(compose.services)) visit(key, []);
}
