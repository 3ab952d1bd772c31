import type { Restart, Told } from "./engine-record.ts";
import type { TakenOver } from "./taken-over.ts";

// How what was found about a service is said, in previews, drift checks, updates, answers and notices alike.

/** What begins an entry of `drift` that is about the running service, not about a key of its record. */
const DEPLOYED = "deployed: ";

/** Keys of the record that differ: `env.REDIS_ARGS`, `settings.autoDeploy`, `domains.redis.example.org/`. */
export function driftKeys(drift: readonly string[]): string[] {
  return [...new Set(drift)].filter((entry) => !entry.startsWith(DEPLOYED));
}

/** What differs from the last update: the keys in one clause, then what is not well, each in the provider's own words. */
export function wordDrift(drift: readonly string[]): string[] {
  const troubles = [...new Set(drift)].filter((entry) => entry.startsWith(DEPLOYED));
  return [...wordKeys("drift", driftKeys(drift)), ...troubles];
}

/** `what: a, b`; nothing for no keys. */
export function wordKeys(what: string, keys: readonly string[]): string[] {
  return keys.length > 0 ? [`${what}: ${keys.join(", ")}`] : [];
}

/** Says of an update that an earlier one was to do the same. */
export const UNFINISHED = "the run before did not finish it";

/** What the provider names that is no key: the whole service, or that there was a deployment. */
const WHOLE = ["new", "taken over"];
const DEPLOYMENT = "deployment";

/**
 * What an update changes: `changed` are keys of its own, `unfinished` what one before it was to bring and did not. Keys of `drift` are
 * told already.
 */
export function wordChange(
  changed: readonly string[],
  unfinished: readonly string[] = [],
  drift: readonly string[] = [],
): string[] {
  const named = [...WHOLE, DEPLOYMENT, ...driftKeys(drift)];
  const keys = [...new Set([...changed, ...unfinished])].filter((key) => !isAmong(key, named));
  const whole = WHOLE.filter((word) => unfinished.includes(word));
  return [...whole, ...wordKeys("changed", keys), ...(unfinished.length > 0 ? [UNFINISHED] : [])];
}

/** Whether a key, or a part of it, was named. */
function isAmong(key: string, names: readonly string[]): boolean {
  return names.some((name) => name === key || name.startsWith(`${key}.`));
}

/** How a service was taken over that was there already. */
export function wordTakenOver({ differs, deploys, unfinished }: TakenOver): string {
  if (unfinished) return `new; ${UNFINISHED}`;
  if (differs === undefined) return "taken over; what changes is known only during the update";
  const changed = wordKeys("changed", differs);
  return ["taken over", ...changed, ...(deploys && changed.length === 0 ? ["deployed again"] : [])].join("; ");
}

/** Entries that say who deployed, and nothing of how the service runs (components/dokploy/read.ts; a test holds them together). */
export const SILENT_ON_HEALTH = [
  "deployed: there is no deployment any more",
  "deployed: the last deployment was not ours",
  "deployed: the last deployment brought other content",
];

/** Whether a service runs well, by what a drift check found; null when it does not show. */
export function assessWell({ drift, deployed }: Told): boolean | null {
  const troubles = drift.filter((entry) => entry.startsWith(DEPLOYED) && !SILENT_ON_HEALTH.includes(entry));
  if (troubles.length > 0) return false;
  return deployed ? true : null;
}

/** Whether a container ended by itself since the last update: nobody asked for that. */
export function hasCrashed(told: Told | undefined): boolean {
  return told?.restarts?.some(({ times }) => times > 0) ?? false;
}

/** Starts of different services that are at most so far apart, in milliseconds, are one event of their server. */
const TOGETHER = 3 * 60_000;

/**
 * When the server, or its Docker, was started again, in milliseconds since the epoch: every container of at least two services was
 * started anew within minutes. Undefined when that does not show.
 */
export function serverStart(services: readonly (Told | undefined)[]): number | undefined {
  const known = services.filter((told) => told !== undefined);
  const starts = known.map(({ restarts }) => restarts?.filter(isPlainStart).map(({ at }) => at) ?? []);
  if (known.length < 2 || starts.some((each) => each.length === 0)) return undefined;
  const times = starts.flat();
  const first = Math.min(...times);
  return Math.max(...times) - first <= TOGETHER ? first : undefined;
}

function isPlainStart({ times, replaced }: Restart): boolean {
  return times === 0 && !replaced;
}

/** What became of the containers since the last update. `server`: when their server was started again, if it was. */
export function wordRestarts(restarts: readonly Restart[] | undefined, server: number | undefined): string[] {
  if (restarts === undefined || restarts.length === 0) return [];
  const crashed = restarts.filter(({ times }) => times > 0).map(wordCrash);
  const others = restarts.filter(({ times }) => times === 0);
  if (server !== undefined && others.every(isPlainStart) && others.length > 0) {
    return [...list(crashed), `started again with its server at ${toTime(server)}`];
  }
  const started = others.map(({ container, at, replaced }) =>
    replaced ? `${container} was made again at ${toTime(at)}` : `${container} was started again at ${toTime(at)}`,
  );
  return [...list(crashed), ...started];
}

function list(crashed: string[]): string[] {
  return crashed.length > 0 ? [`restarted since the last update: ${crashed.join(", ")}`] : [];
}

function wordCrash({ container, times, at, exitCode }: Restart): string {
  const often = times === 1 ? "once" : `${times} times`;
  const code = exitCode === undefined ? "" : `exit code ${exitCode}, `;
  return `${container} ${often} (${code}last start ${toTime(at)})`;
}

function toTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
