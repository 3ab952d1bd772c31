import { allowedHosts, explainInsecure, findInsecure } from "../../tools/outgoing/insecure.mjs";
import { Redirected, request } from "../../tools/outgoing/request.mjs";
import { secretProblems, webhookSecrets } from "../config.ts";
import { checkEngine } from "../engine/version-check.ts";
import type { Variables } from "../environment.ts";
import type { Mirror } from "../git/mirror.ts";
import type { Log } from "../log.ts";
import type { Mask } from "../mask.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "../store/store.ts";
import { SECRET_VARIABLES, type VariableName } from "../variables.ts";

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
const TIMEOUT = 5_000;
/** How long before the next try a check that hangs is given up. */
const MARGIN = 1_000;

/** What is checked, and where it is told. */
export interface Checked {
  store: Pick<Store, "ping">;
  mirror: Pick<Mirror, "fetch">;
  variables: Variables;
  /** PATH with the engine's folder. */
  enginePath: string;
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
  const check = (name: string, { every, again = every }: Pace, probe: () => Promise<void>) => {
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
        await inTime(probe(), again - MARGIN);
        states[name] = "ok";
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
  check("engine", { every: REMOTE_INTERVAL }, checkEngine(on.enginePath, TIMEOUT * 4));
  check("secret", { every: INTERVAL }, async () => {
    const [problem] = secretProblems(on.variables);
    if (problem !== undefined) throw new Error(problem);
    if (webhookSecrets(on.variables).current === 0) throw new Error("WEBHOOK_SECRET is not set");
  });
  check("secret_files", { every: INTERVAL }, async () => probeSecretFiles(on));
  // Without both, the stack's own file says where Dokploy is, and only the engine reads that.
  if (on.variables.get("DOKPLOY_URL") && on.variables.get("DOKPLOY_API_KEY")) {
    check("dokploy", remote, () => probeDokploy(on));
  }
  if (on.variables.get("VAULT_ADDR")) check("vault", remote, () => probeVault(on.variables));
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
async function inTime(probe: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  timer.unref();
  try {
    await Promise.race([probe, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The status of a GET. An answer that is none, or sends on to somewhere else, throws what to do. */
async function statusOf(
  variables: Variables,
  setting: VariableName,
  url: string,
  headers: Record<string, string> = {},
): Promise<number> {
  const insecure = findInsecure(url, allowedHosts({ ALLOW_INSECURE: variables.get("ALLOW_INSECURE") }));
  if (insecure !== undefined) throw new Error(`${setting} ${explainInsecure(insecure).message}`);
  try {
    return (await request(url, { headers, timeoutMs: TIMEOUT, statusOnly: true })).status;
  } catch (error) {
    if (error instanceof Redirected) throw new Error(`${setting} ${error.message}: ${error.hint(setting)}`);
    throw error;
  }
}

/** An address that may be below a path, as the program's clients take it. */
function below(address: string, end: RegExp, path: string): string {
  return `${address.trim().replace(/\/+$/, "").replace(end, "")}${path}`;
}

/** Asks for Dokploy's version, which needs a valid key (api reference: settings.getDokployVersion). */
async function probeDokploy({ variables, metrics }: Checked): Promise<void> {
  const url = below(variables.get("DOKPLOY_URL") ?? "", /\/api$/, "/api/settings.getDokployVersion");
  if (!/^https?:/i.test(url)) return;
  const headers = { "x-api-key": variables.get("DOKPLOY_API_KEY") ?? "", accept: "application/json" };
  const status = await statusOf(variables, "DOKPLOY_URL", url, headers);
  metrics.dokployRequests.inc({ status });
  if (!isSuccess(status)) throw new Error(`Dokploy answered ${status}`);
}

/** Whether Vault answers and is unsealed; a standby is good enough (https://developer.hashicorp.com/vault/api-docs/system/health). */
async function probeVault(variables: Variables): Promise<void> {
  const path = "/v1/sys/health?standbyok=true&perfstandbyok=true";
  const status = await statusOf(variables, "VAULT_ADDR", below(variables.get("VAULT_ADDR") ?? "", /\/v1$/, path));
  if (!isSuccess(status)) throw new Error(`Vault answered ${status}`);
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
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
