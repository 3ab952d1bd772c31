import { isRecord, section } from "./api/sections.ts";
import type { Timing } from "./timing.ts";

/** What pauses are of the time that something takes already: noticing its end adds half of that on average. */
const SHARE = 0.18;

/**
 * How long to wait before the next look at a deployment that runs for `elapsed` milliseconds and, unless it fails, takes at least
 * `least`, to which Dokploy and Compose add about a second (an interval of 5 s: 6.1; of 10 s: 11.1). What ends at once (a text that Compose refuses, say) is seen at once; then nothing is to be seen before `least`, and after
 * that the pauses grow with the time that it takes.
 */
export function nextLook(elapsed: number, least: number, timing: Timing): number {
  const longest = timing.pollLong ?? timing.pollMax;
  const early = least > 0 ? [6 * timing.poll] : [3 * timing.poll, 12 * timing.poll];
  const end = early.find((look) => elapsed < look);
  if (end !== undefined) return end - elapsed;
  const pause = Math.max(SHARE * elapsed, timing.pollMax);
  return Math.min(Math.max(pause, least > 0 ? least + 12 * timing.poll - elapsed : 0), longest);
}

/**
 * How long the first deployment of a compose file takes at least, in milliseconds: Docker asks a container for its health one interval
 * after its start and not before, and what waits for a healthy one starts after that. 0 where nothing has an interval of its own.
 */
export function leastTime(composeFile: string): number {
  const services = section(composeFile, "services");
  const known = new Map<string, number>();
  const ready = (key: string): number => {
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    // What waits for itself is Compose's to refuse.
    known.set(key, 0);
    const service = services[key];
    if (!isRecord(service)) return 0;
    const before = Object.entries(isRecord(service.depends_on) ? service.depends_on : {}).map(([other, how]) =>
      isRecord(how) && how.condition === "service_healthy" ? ready(other) : 0,
    );
    const time = Math.max(0, ...before) + firstProbe(service);
    known.set(key, time);
    return time;
  };
  return Math.max(0, ...Object.keys(services).map(ready));
}

/** Milliseconds until a container can be healthy at the earliest. */
function firstProbe({ healthcheck, deploy, profiles }: Readonly<Record<string, unknown>>): number {
  const isOff = (Array.isArray(profiles) && profiles.length > 0) || (isRecord(deploy) && deploy.replicas === 0);
  if (isOff || !isRecord(healthcheck) || healthcheck.start_interval !== undefined || !healthcheck.test) return 0;
  const [, count, unit] = /^(\d+)(ms|s|m)$/.exec(String(healthcheck.interval)) ?? [];
  return Number(count ?? 0) * ({ ms: 1, s: 1000, m: 60_000 }[unit ?? "ms"] ?? 0);
}
