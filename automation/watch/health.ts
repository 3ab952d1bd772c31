import { secretProblems, webhookSecrets } from "../config.ts";
import type { Engines } from "../dispatch/engines.ts";
import type { Variables } from "../environment.ts";
import type { Mirror } from "../git/mirror.ts";
import type { Log } from "../log.ts";
import type { Mask } from "../mask.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "../store/store.ts";
import { SECRET_VARIABLES } from "../variables.ts";

/** How one function of the runner is. */
export type CheckState = "ok" | "broken" | "unknown";

/** What `/health` answers from. Names and states only: the endpoint is open. */
export interface Health {
  /** As last seen. What is not on this machine is looked at again, in the background, when that was a while ago. */
  checks(): Record<string, CheckState>;
  /** Whether the process can do its own work, store included. */
  isLive(): Promise<boolean>;
  stop(): void;
}

/** How often a function is tried, and how soon after a failure, in milliseconds. */
interface Pace {
  every: number;
  again?: number;
}

/** How often each function is tried, in milliseconds. */
const INTERVAL = 15_000;
/** What is not on this machine is asked less often, as long as it is well. */
const REMOTE_INTERVAL = 60_000;
/** How long before the next try a check that hangs is given up. */
const MARGIN = 1_000;

/** What is checked, and where it is told. */
export interface Checked {
  store: Pick<Store, "ping">;
  mirror: Pick<Mirror, "fetch">;
  variables: Variables;
  engines: Pick<Engines, "check">;
  config: {
    /** Age at which a secret's file is broken, in milliseconds; undefined: never. */
    secretMaxAgeMs?: number | undefined;
  };
  metrics: Pick<Metrics, "health" | "healthFailures" | "dokployRequests">;
  log: Pick<Log, "warn">;
  mask: Mask;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Starts checking what the runner needs, in the background. */
export function startHealth(on: Checked): Health {
  const states: Record<string, CheckState> = {};
  let stopped = false;
  const timers = new Map<string, NodeJS.Timeout>();
  const refreshes: (() => void)[] = [];
  /** Tried `every` so often, `again` after a failure, and as soon as that when somebody asks. */
  const check = (name: string, { every, again = every }: Pace, probe: () => Promise<unknown>) => {
    states[name] = "unknown";
    let failures = 0;
    let at = 0;
    const lookIn = (ms: number) => {
      clearTimeout(timers.get(name));
      timers.set(name, setTimeout(look, ms));
    };
    const look = async () => {
      if (stopped) return;
      at = on.now();
      lookIn(every);
      try {
        const isThere = (await inTime(probe(), again - MARGIN)) !== ABSENT;
        if (isThere) states[name] = "ok";
        else delete states[name];
        failures = 0;
      } catch (error) {
        if (stopped) return;
        states[name] = "broken";
        failures += 1;
        if (again < every) lookIn(again);
        if (failures === 1) {
          const reason = on.mask(error instanceof Error ? error.message : String(error));
          on.log.warn({ event: name === "vault" ? "vault.unreachable" : "health.failed", check: name, reason });
        }
      }
      on.metrics.health.set({ check: name }, failures === 0 ? 1 : 0);
      on.metrics.healthFailures.set({ check: name }, failures);
    };
    void look();
    if (again < every) refreshes.push(() => on.now() - at >= again && void look());
  };
  const remote = { every: REMOTE_INTERVAL, again: INTERVAL };
  check("store", { every: INTERVAL }, () => on.store.ping(on.now()));
  check("git", { every: REMOTE_INTERVAL }, () => on.mirror.fetch());
  const ask = askEngines(on);
  check("engine", remote, () => ask("engine"));
  check("secret", { every: INTERVAL }, async () => {
    const [problem] = secretProblems(on.variables);
    if (problem !== undefined) throw new Error(problem);
    if (webhookSecrets(on.variables).length === 0) throw new Error("WEBHOOK_SECRET is not set");
  });
  check("secret_files", { every: INTERVAL }, async () => {
    probeSecretFiles(on);
    await ask("secret_files");
  });
  // Asked where their keys are. Without those the stack's own file says where they are, and only the engine reads that.
  for (const name of ["dokploy", "vault"]) check(name, remote, () => ask(name));
  return {
    checks: () => {
      for (const refresh of refreshes) refresh();
      return { ...states };
    },
    isLive: () =>
      on.store.ping(on.now()).then(
        () => true,
        () => false,
      ),
    stop: () => {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

/** Waits for a probe no longer than `ms`: one that hangs is as good as one that fails. */
async function inTime<T>(probe: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  timer.unref();
  try {
    return await Promise.race([probe, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** No engine worker has what this function needs: it is none of this runner. */
const ABSENT = Symbol("absent");

/**
 * Asks the engine workers how a function of theirs is. Resolves with ABSENT when none has it; rejects with what is wrong, of all that say
 * so, by stack.
 */
function askEngines({ engines, metrics }: Checked): (name: string) => Promise<unknown> {
  return async (name) => {
    const answers = [...(await engines.check(name))];
    for (const [, answer] of answers) if (answer?.status) metrics.dokployRequests.inc({ status: answer.status });
    // Whether it has anything else nobody knows while it is away.
    const known = answers.filter(([, answer]) => (answer === null ? name === "engine" : answer.has));
    if (known.length === 0) return ABSENT;
    const wrong = known.flatMap(([stack, answer]) => {
      const problem = answer === null ? "its worker is away" : answer.problem;
      return problem === null ? [] : [stack === "*" ? problem : `${stack}: ${problem}`];
    });
    if (wrong.length > 0) throw new Error(wrong.join("; "));
  };
}

/** Whether every secret that an agent keeps in a file can be read, and none is older than it may become. */
function probeSecretFiles({ variables, config, now }: Checked): void {
  for (const name of SECRET_VARIABLES) {
    variables.get(name);
    const age = now() - (variables.changedAt(name) ?? now());
    if (config.secretMaxAgeMs !== undefined && age > config.secretMaxAgeMs) {
      throw new Error(`${name} is ${Math.floor(age / 86_400_000)} days old: rotate it`);
    }
  }
  const unreadable = variables.unreadable();
  if (unreadable.length > 0) throw new Error(`cannot be read any more: ${unreadable.join(", ")}`);
}
