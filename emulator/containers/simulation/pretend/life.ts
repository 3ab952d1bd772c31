import type { HealthCheck } from "../read/project.ts";

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
  /**
   * Since `from` the process' own times, its pauses too, take `factor` times as long: what outlives its deployment, which passes
   * quickly here, runs as long as it would for real. Health checks stay quick.
   */
  slow?: { from: number; factor: number };
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

/** How long the process has lived at a moment, in its own time. */
function processAge({ startedAt, slow }: Life, at: number): number {
  if (!slow || at <= slow.from) return at - startedAt;
  return slow.from - startedAt + (at - slow.from) / slow.factor;
}

/** The moment at which the process has lived so long. */
function momentOf({ startedAt, slow }: Life, age: number): number {
  if (!slow || age <= slow.from - startedAt) return startedAt + age;
  return slow.from + (age - (slow.from - startedAt)) * slow.factor;
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
  const age = processAge(life, Math.max(now, life.startedAt));
  const run = life.endsAfter === undefined ? { restarts: 0, begins: 0, over: false } : runAt(life, life.endsAfter, age);
  const startedAt = momentOf(life, run.begins);
  const runAge = Math.max(0, now - startedAt);
  const endsAge = life.endsAfter === undefined ? undefined : run.begins + life.endsAfter;
  const endsAt = endsAge === undefined ? undefined : momentOf(life, endsAge);
  if (endsAge !== undefined && age >= endsAge)
    return {
      status: run.over ? "exited" : "restarting",
      failingStreak: 0,
      exitCode: life.exitCode,
      restarts: run.restarts,
      startedAt,
      finishedAt: momentOf(life, endsAge),
      ...(life.probe ? { health: "unhealthy" } : {}),
      ...(run.over ? {} : { changesAt: momentOf(life, endsAge + pauseAfter(life, run.restarts)) }),
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
