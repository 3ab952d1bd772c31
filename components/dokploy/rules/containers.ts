import { WAITS_LABEL } from "../../compose/probes.ts";
import type { ContainerRow } from "../api/schema.ts";
import { isMarked, isRecord, section } from "../api/sections.ts";

/** A service of a compose file, as far as its containers can be told. */
export interface ExpectedService {
  key: string;
  /** Name of its container in messages. */
  name: string;
  /** What the names of its containers look like. */
  pattern: RegExp;
  /**
   * Others wait for it to end well, so having ended with exit code 0 is its good state, and so is having been tidied away after that
   * (`docker container prune`, which Dokploy's own cleanup does).
   */
  oneShot: boolean;
  /** It does nothing but wait for such ones: for how long it runs tells nothing. */
  waits: boolean;
  /** Variables stand in the name, so that others' containers may look the same. */
  open: boolean;
}

/** `healthy`: all run, healthy where they say · `starting`: none is unhealthy, some do not say yet · `unhealthy`: some are not as they should be. */
export interface ContainersState {
  state: "healthy" | "starting" | "unhealthy";
  /** What is not well, one line per container: `redis: exited (137)`. */
  problems: string[];
  /** The first container that is not well, to read its log. */
  worst?: ContainerRow;
  /** Some long-running container has no health check, so that running is all it says. */
  silent: boolean;
}

/** The services that a compose file starts by default, in a project of this name. */
export function expectedServices(composeFile: string, appName: string): ExpectedService[] {
  const services = Object.entries(section(composeFile, "services"));
  const awaited = new Set(services.flatMap(([, service]) => completedBefore(service)));
  return services.flatMap(([key, service]) => {
    if (!isRecord(service) || !startsByDefault(service)) return [];
    const { container_name: fixed } = service;
    const name = typeof fixed === "string" ? fixed : key;
    const pattern =
      typeof fixed === "string" ? withVariables(fixed) : new RegExp(`^${RegExp.escape(`${appName}-${key}-`)}\\d+$`);
    const oneShot = awaited.has(key);
    return [{ key, name, pattern, oneShot, waits: isMarked(service, WAITS_LABEL), open: name.includes("$") }];
  });
}

/** A name in which `${X}` may be anything. */
function withVariables(name: string): RegExp {
  const parts = name.split(/\$\{[^}]*\}|\$\w+/).map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join(".*")}$`);
}

/** Services that this one waits for with `service_completed_successfully`. */
function completedBefore(service: unknown): string[] {
  const dependencies = isRecord(service) && isRecord(service.depends_on) ? service.depends_on : {};
  return Object.entries(dependencies)
    .filter(([, how]) => isRecord(how) && how.condition === "service_completed_successfully")
    .map(([key]) => key);
}

function startsByDefault(service: Record<string, unknown>): boolean {
  const replicas = isRecord(service.deploy) ? service.deploy.replicas : service.scale;
  const profiles = Array.isArray(service.profiles) ? service.profiles.length : 0;
  return profiles === 0 && replicas !== 0;
}

/**
 * Judges what `docker ps -a` says about a compose project. Containers that no service explains (left from `docker compose run`, say)
 * do not count, unless the file explains none at all.
 */
export function assessContainers(services: ExpectedService[], rows: ContainerRow[]): ContainersState {
  const problems: string[] = [];
  let worst: ContainerRow | undefined;
  let starting = false;
  let silent = false;
  const seen = new Set<string>();
  for (const row of rows) {
    const service = services.find(({ pattern }) => pattern.test(row.name));
    if (service === undefined && services.length > 0) continue;
    if (service) seen.add(service.key);
    const look = lookAt(row, service !== undefined && (service.oneShot || service.waits));
    starting ||= look === "starting";
    silent ||= look === "silent";
    if (["healthy", "starting", "silent"].includes(look)) continue;
    problems.push(`${row.name}: ${look}`);
    worst ??= row;
  }
  for (const { key, name, oneShot } of services) {
    if (!seen.has(key) && !oneShot) problems.push(`${name}: has no container`);
  }
  const state = problems.length > 0 ? "unhealthy" : starting ? "starting" : "healthy";
  return { state, problems, silent, ...(worst && { worst }) };
}

/**
 * Whether a list of all containers of a server tells a project's by their names, which are unique on a host: it leaves out those with
 * `dokploy` in them, and where variables stand in a name, or a file names none, only the project's label tells.
 */
export function areToldByName(services: ExpectedService[], appName: string): boolean {
  const hidden = (name: string) => name.includes("dokploy");
  return services.length > 0 && !hidden(appName) && !services.some(({ name, open }) => open || hidden(name));
}

/** Those of a server's containers that are called like a project's. */
export function calledLike(services: ExpectedService[], rows: ContainerRow[]): ContainerRow[] {
  return rows.filter(({ name }) => services.some(({ pattern }) => pattern.test(name)));
}

/** "healthy", "starting", "silent" (runs, has no health check), or what is wrong. */
export function lookAt(row: ContainerRow, oneShot: boolean): string {
  const exited = /exited \((-?\d+)\)/i.exec(row.status);
  if (oneShot && (row.state === "running" || exited?.[1] === "0")) return "healthy";
  if (exited) return `exited (${exited[1]})`;
  if (row.state !== "running") return row.state;
  if (/\(paused\)/i.test(row.status)) return "paused";
  if (/\(unhealthy\)/i.test(row.status)) return "unhealthy";
  if (/health: starting/i.test(row.status)) return "starting";
  return /\(healthy\)/i.test(row.status) ? "healthy" : "silent";
}

/**
 * The containers that have to stay up: those of services that nobody awaits the end of. What `docker compose run` left is none of
 * them, unless the file explains no container at all.
 */
export function lastingContainers(services: ExpectedService[], rows: ContainerRow[]): ContainerRow[] {
  if (services.length === 0) return rows;
  return rows.filter(({ name }) =>
    services.some(({ pattern, oneShot, waits }) => !oneShot && !waits && pattern.test(name)),
  );
}

/**
 * Names of containers that restarted or were replaced between two looks, which were at least so many seconds apart: one that crashes
 * again and again says "Less than a second" each time.
 */
export function restartedBetween(before: ContainerRow[], after: ContainerRow[], seconds: number): string[] {
  return before.flatMap((old) => {
    if (old.state !== "running") return [];
    const now = after.find((row) => row.containerId === old.containerId);
    return now === undefined || beganAnew(uptime(old.status), uptime(now.status), seconds) ? [old.name] : [];
  });
}

/** Docker says whole seconds, rounded down, only up to a minute; half a second is left for its clock. */
function beganAnew(before: number, now: number, seconds: number): boolean {
  return now < before || (now < 60 && now + 1.5 < before + seconds);
}

/** Seconds that every running container has run for without a restart, by their own account; 0 when none runs. */
export function leastUptime(rows: ContainerRow[]): number {
  const running = rows.filter(({ state }) => state === "running");
  return running.length > 0 ? Math.min(...running.map(({ status }) => uptime(status))) : 0;
}

const SECONDS: Record<string, number> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
  year: 31_536_000,
};

/**
 * For how many seconds a container has run at least, by what Docker says of it: from an hour on it may be half an hour less, because
 * Docker rounds hours before it makes days of them; minutes and seconds it rounds down (docker/go-units, duration.go).
 */
export function leastSeconds(status: string): number {
  const seconds = uptime(status);
  return seconds >= 3600 ? seconds - 1800 : seconds;
}

/** Seconds out of `Up 3 minutes (healthy)`, as roughly as Docker says it; "Less than a second" is 0. */
function uptime(status: string): number {
  const found = /^Up (?:about )?(?:(\d+)|an?|less than a) (second|minute|hour|day|week|month|year)/i.exec(status);
  if (!found || /less than/i.test(status)) return 0;
  return Number(found[1] ?? 1) * (SECONDS[found[2]?.toLowerCase() ?? ""] ?? 0);
}
