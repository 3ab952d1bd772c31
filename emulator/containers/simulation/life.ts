import type { HealthCheck } from "./project.ts";

/** Health checks of a container; all times in milliseconds of the clock. */
export interface Probe {
  interval: number;
  retries: number;
  startPeriod: number;
  succeeds: boolean;
}

/**
 * What one container does from its start on, fixed when it starts: its state at any moment follows from it without
 * timers, so a restart of the emulator changes nothing. All times in milliseconds of the clock.
 */
export interface Life {
  startedAt: number;
  /** The process ends this long after each start; undefined: never. */
  endsAfter?: number;
  exitCode: number;
  /** `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:<n>`. */
  restart: string;
  /** The engine's first pause between restarts; it doubles up to 600 times as much. */
  backoff: number;
  probe?: Probe;
  stopped?: { at: number; exitCode: number };
}

export type ContainerStatus = "created" | "running" | "restarting" | "exited";

/** A container at one moment. */
export interface Condition {
  status: ContainerStatus;
  health?: "starting" | "healthy" | "unhealthy";
  failingStreak: number;
  exitCode: number;
  restarts: number;
  startedAt?: number;
  finishedAt?: number;
  /** When the condition next changes by itself; undefined: never. */
  changesAt?: number;
}

const longestBackoff = 600;

function maximumRestarts({ restart, exitCode }: Life): number {
  if (restart === "always" || restart === "unless-stopped") return Number.POSITIVE_INFINITY;
  if (!restart.startsWith("on-failure") || exitCode === 0) return 0;
  const limit = Number(restart.split(":")[1] ?? 0);
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}

function healthAt(probe: Probe, age: number): Pick<Condition, "health" | "failingStreak"> & { changesAfter?: number } {
  if (probe.succeeds)
    return age >= probe.interval
      ? { health: "healthy", failingStreak: 0 }
      : { health: "starting", failingStreak: 0, changesAfter: probe.interval };
  const ignored = Math.floor(probe.startPeriod / probe.interval);
  const failed = Math.max(0, Math.floor(age / probe.interval) - ignored);
  return failed >= probe.retries
    ? { health: "unhealthy", failingStreak: failed }
    : { health: "starting", failingStreak: failed, changesAfter: (ignored + probe.retries) * probe.interval };
}

/** Which run of a crashing process is current at `age`, in closed form once the pause no longer grows. */
function runAt(life: Life, endsAfter: number, age: number): { restarts: number; begins: number; over: boolean } {
  const allowed = maximumRestarts(life);
  let begins = 0;
  let restarts = 0;
  for (let pause = life.backoff; ; pause = Math.min(pause * 2, life.backoff * longestBackoff)) {
    const ends = begins + endsAfter;
    if (restarts >= allowed || age < ends + pause) return { restarts, begins, over: restarts >= allowed };
    if (pause === life.backoff * longestBackoff && allowed === Number.POSITIVE_INFINITY) {
      const more = Math.floor((age - begins) / (endsAfter + pause));
      return { restarts: restarts + more, begins: begins + more * (endsAfter + pause), over: false };
    }
    begins = ends + pause;
    restarts++;
  }
}

function pauseAfter(life: Life, restarts: number): number {
  return life.backoff * Math.min(2 ** restarts, longestBackoff);
}

/** The state of a container with this life at `now`; without a life it was created and never started. */
export function conditionAt(life: Life | undefined, now: number): Condition {
  if (!life) return { status: "created", failingStreak: 0, exitCode: 0, restarts: 0 };
  const { stopped } = life;
  if (stopped && stopped.at <= now) {
    const before = conditionAt({ ...life, stopped: undefined } as Life, stopped.at);
    if (before.status === "exited") return before;
    return {
      status: "exited",
      failingStreak: before.failingStreak,
      exitCode: stopped.exitCode,
      restarts: before.restarts,
      finishedAt: stopped.at,
      ...(before.startedAt === undefined ? {} : { startedAt: before.startedAt }),
      ...(life.probe ? { health: "unhealthy" } : {}),
    };
  }
  const age = Math.max(0, now - life.startedAt);
  const run = life.endsAfter === undefined ? { restarts: 0, begins: 0, over: false } : runAt(life, life.endsAfter, age);
  const startedAt = life.startedAt + run.begins;
  const runAge = age - run.begins;
  const endsAt = life.endsAfter === undefined ? undefined : startedAt + life.endsAfter;
  if (endsAt !== undefined && now >= endsAt)
    return {
      status: run.over ? "exited" : "restarting",
      failingStreak: 0,
      exitCode: life.exitCode,
      restarts: run.restarts,
      startedAt,
      finishedAt: endsAt,
      ...(life.probe ? { health: "unhealthy" } : {}),
      ...(run.over ? {} : { changesAt: endsAt + pauseAfter(life, run.restarts) }),
    };
  const health = life.probe ? healthAt(life.probe, runAge) : { failingStreak: 0 };
  const healthChange =
    "changesAfter" in health && health.changesAfter !== undefined ? startedAt + health.changesAfter : undefined;
  const changes = [endsAt, healthChange].filter((at) => at !== undefined);
  return {
    status: "running",
    failingStreak: health.failingStreak,
    // Docker forgets the exit code at the next start, and keeps when it was.
    exitCode: 0,
    restarts: run.restarts,
    startedAt,
    ...(run.restarts > 0 ? { finishedAt: startedAt - pauseAfter(life, run.restarts - 1) } : {}),
    ...("health" in health && health.health ? { health: health.health } : {}),
    ...(changes.length > 0 ? { changesAt: Math.min(...changes) } : {}),
  };
}

/** A service's health check on the clock of a simulation that runs `speed` times as fast. */
export function toProbe(check: HealthCheck, succeeds: boolean, speed: number): Probe {
  return {
    interval: check.interval / speed,
    retries: check.retries,
    startPeriod: check.startPeriod / speed,
    succeeds,
  };
}
