import { join, resolve } from "node:path";
import { z } from "zod";
import type { Rate } from "./http/rate-limit.ts";
import type { Variables } from "./variables.ts";

/** What the runner is told by its environment, checked. Secrets are not in here: they are read when they are needed. */
export interface Config {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  gitUrl: string;
  /** The branch that releases are cut from. */
  gitBranch: string;
  /** Absolute path; store, worktrees, caches and Pulumi's home live below it. */
  dataDir: string;
  databaseUrl: string;
  backendUrl: string;
  /** Whether GitHub's plain signature is refused. */
  requireV2: boolean;
  /** Whether a push without a tag gets one: make it, wait for one, or ignore such pushes. */
  webhookTag: "create" | "reuse" | "off";
  logLevel: "fatal" | "error" | "warn" | "info" | "debug" | "silent";
  /** How long one run may take, in milliseconds. */
  runTimeoutMs: number;
  /** How long a run waits in all for what is away, in milliseconds; 0: not at all. */
  outagePatienceMs: number;
  /** How many stacks are updated at once. */
  concurrency: number;
  /** Where /metrics is served without a token; undefined: only on the main port, with one. */
  metricsPort: number | undefined;
  /** Requests that one source may send. */
  rate: Rate;
  /** How long a run's events and the runs themselves are kept, in milliseconds. */
  keepEventsMs: number;
  keepRunsMs: number;
  /** How long SIGTERM lets a running update go on, in milliseconds. */
  graceMs: number;
  /** How old a secret in a file may become before health says so, in milliseconds; undefined: as old as it likes. */
  secretMaxAgeMs: number | undefined;
}

/** Everything that is wrong with the environment, at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: string[];
  constructor(problems: string[]) {
    super(`The configuration is not complete:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

const port = z.coerce.number("must be a port number").int().min(0).max(65_535);
const seconds = (least: number) =>
  z.coerce.number("must be a number of seconds").min(least, `must be at least ${least} seconds`);

const days = z.coerce.number("must be a number of days").min(1, "must be at least 1 day");
const DAY = 24 * 3_600_000;

/** `ext::` and other remote helpers run commands, and a leading dash would be an option of git's. */
const gitUrl = z
  .string("is missing: the repository that holds the platform, e.g. https://github.com/you/platform.git")
  .regex(
    /^((https?|ssh|git|file):\/\/[^\s]+|\/[^\s]+|[\w.-]+@[\w.-]+:[^\s]+)$/,
    "must be an https://, ssh://, git://, file:// address, user@host:path, or an absolute path",
  );

/** The variables that the runner reads beside its secrets, with what each may be and its default. */
export const VARIABLES = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: port.default(8080),
  GIT_REPO_URL: gitUrl,
  GIT_BRANCH: z
    .string()
    .regex(/^[A-Za-z0-9][\w./-]*$/, "must be a branch name")
    .refine((name) => !name.includes(".."), "must be a branch name")
    .default("main"),
  DATA_DIR: z.string().default("./data"),
  DATABASE_URL: z
    .string()
    .regex(/^(sqlite:|postgres(ql)?:\/\/)/, "must be sqlite:<file> or postgres://…")
    .optional(),
  PULUMI_BACKEND_URL: z.string().optional(),
  REQUIRE_V2: z.enum(["true", "false"], "must be true or false").default("false"),
  WEBHOOK_TAG: z.enum(["create", "reuse", "off"], "must be create, reuse or off").default("create"),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "silent"]).default("info"),
  RUN_TIMEOUT: seconds(10).default(1800),
  OUTAGE_PATIENCE: seconds(0).default(1800),
  CONCURRENCY: z.coerce.number("must be a number of stacks").int().min(1).max(32).default(2),
  METRICS_PORT: port.optional(),
  SHUTDOWN_GRACE: seconds(0).default(20),
  RATE_LIMIT: z.coerce.number("must be a number of requests per second").min(1).default(100),
  SECRET_MAX_AGE: days.optional(),
  KEEP_EVENTS: days.default(30),
  KEEP_RUNS: days.default(365),
});

/** Reads and checks the runner's environment. Throws ConfigError with all problems. */
export function readConfig(variables: Variables): Config {
  const problems: string[] = [];
  const raw: Record<string, string | undefined> = {};
  for (const name of [...Object.keys(VARIABLES.shape), ...SECRET_VARIABLES]) {
    try {
      raw[name] = variables.get(name);
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  const parsed = VARIABLES.safeParse(raw);
  if (!parsed.success) {
    problems.push(...parsed.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`));
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const env = parsed.data;
  const dataDir = resolve(env.DATA_DIR);
  return {
    host: env.HOST,
    port: env.PORT,
    gitUrl: env.GIT_REPO_URL,
    gitBranch: env.GIT_BRANCH,
    dataDir,
    databaseUrl: env.DATABASE_URL ?? `sqlite:${join(dataDir, "dockmaster.db")}`,
    backendUrl: env.PULUMI_BACKEND_URL ?? `file://${join(dataDir, "state")}`,
    requireV2: env.REQUIRE_V2 === "true",
    webhookTag: env.WEBHOOK_TAG,
    logLevel: env.LOG_LEVEL,
    runTimeoutMs: env.RUN_TIMEOUT * 1000,
    outagePatienceMs: env.OUTAGE_PATIENCE * 1000,
    concurrency: env.CONCURRENCY,
    metricsPort: env.METRICS_PORT,
    graceMs: env.SHUTDOWN_GRACE * 1000,
    rate: { burst: 2 * env.RATE_LIMIT, perSecond: env.RATE_LIMIT },
    secretMaxAgeMs: env.SECRET_MAX_AGE === undefined ? undefined : env.SECRET_MAX_AGE * DAY,
    keepEventsMs: env.KEEP_EVENTS * DAY,
    keepRunsMs: env.KEEP_RUNS * DAY,
  };
}

/** Variables whose values must never be seen. They are read again at every use, so a rotated file is noticed. */
export const SECRET_VARIABLES = [
  "WEBHOOK_SECRET",
  "API_TOKEN",
  "PULUMI_CONFIG_PASSPHRASE",
  "PULUMI_ACCESS_TOKEN",
  "PLATFORM_KEY",
  "DOKPLOY_API_KEY",
  "VAULT_TOKEN",
  "VAULT_ROLE_ID",
  "VAULT_SECRET_ID",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  // Their addresses let anybody write there.
  "NOTIFY_WEBHOOK",
  "NOTIFY_SLACK",
  "NOTIFY_FEISHU",
] as const;

/** The secrets that are valid now for signatures: `WEBHOOK_SECRET`, several separated by commas while rotating. */
export function webhookSecrets(variables: Variables): string[] {
  return (variables.get("WEBHOOK_SECRET") ?? "")
    .split(",")
    .map((secret) => secret.trim())
    .filter(Boolean);
}

/** Addresses that may hold a password. */
const ADDRESSES = ["GIT_REPO_URL", "DATABASE_URL", "PULUMI_BACKEND_URL"];

/** Every secret value the runner knows now, for masking. The parts of a comma list count one by one too. */
export function knownSecrets(variables: Variables): string[] {
  const values = SECRET_VARIABLES.map((name) => variables.get(name)).filter((value) => value !== undefined);
  const passwords = ADDRESSES.flatMap((name) => passwordIn(variables.get(name) ?? ""));
  return [...values, ...webhookSecrets(variables), ...passwords];
}

/** The password of an address (or the token that stands in its place), as it is written and as it is meant. */
function passwordIn(url: string): string[] {
  const written = /^[a-z]+:\/\/[^/@]*:([^/@]+)@/.exec(url)?.[1] ?? /^https?:\/\/([^/@:]+)@/.exec(url)?.[1];
  if (written === undefined) return [];
  try {
    return [written, decodeURIComponent(written)];
  } catch {
    return [written];
  }
}
