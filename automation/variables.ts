import { resolve } from "node:path";
import { z } from "zod";
import { PREVIEW_MODES } from "./domain/releases/preview-rules.ts";
import { FOREIGN, HANDED_ON } from "./handed-on.ts";
import { parseProxies } from "./http/source.ts";
import { CHANNELS } from "./notify/channels.ts";
import {
  branch,
  days,
  gitUrl,
  interval,
  LOG_LEVELS,
  number,
  port,
  seconds,
  toEngines,
  toStackNames,
  toUsers,
} from "./readers.ts";
import type { Variable, Viewer } from "./variable.ts";

export type { Variable, Viewer } from "./variable.ts";

type ChannelVariable = (typeof CHANNELS)[keyof typeof CHANNELS]["variable"];
const channels = Object.fromEntries(
  Object.values(CHANNELS).map(({ variable, docs }): [string, Variable] => [
    variable,
    { docs: `where [notices](../guides/watch.md#notices) go: ${docs}`, secret: "whole", inVault: "named" },
  ]),
) as Record<ChannelVariable, Variable>;

/** Longest that a timer of Node waits, in seconds: with more it ends at once (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
const LONGEST_TIMER = 2_147_483;

/** Every environment variable that the runner reads or hands on, in the order of the documentation. */
export const VARIABLES = {
  GIT_REPO_URL: {
    docs: "the repository that holds the platform",
    encrypted: true,
    reads: gitUrl,
    setting: "gitUrl",
    secret: "password",
    inVault: "always",
  },
  GIT_BRANCH: { docs: "the branch that releases are cut from", default: "main", reads: branch, setting: "gitBranch" },
  WEBHOOK_SECRET: {
    docs: "signs requests; several separated by commas, each of at least 32 characters. Without one nothing is accepted",
    secret: "whole",
    strength: "parts",
    inVault: "always",
  },
  WEBHOOK_SECRET_OLD: {
    docs: "the secret of before, while [rotating](../guides/operate.md#rotate): still accepted, and the log says who uses it",
    secret: "whole",
    strength: "parts",
    inVault: "named",
  },
  PRODUCTION_SECRET: {
    docs: "signs requests for [production](../guides/pipeline.md#who-may-ask-for-production); where it is named, `WEBHOOK_SECRET` changes production no more. Signs v2 only",
    secret: "whole",
    strength: "parts",
    inVault: "named",
  },
  PREVIEW: {
    docs: "whose commits are [previewed](../guides/pipeline.md#previews-of-pull-requests). `main`: what the branch contains. `approved`: others too, where `PREVIEW_SECRET` or `PRODUCTION_SECRET` asks. `any`: all that is pushed; whoever may push runs code with the keys of the stacks then",
    default: "main",
    reads: z.enum(PREVIEW_MODES, `must be ${PREVIEW_MODES.join(", ")}`),
    setting: "preview",
  },
  PREVIEW_SECRET: {
    docs: "says yes to the preview of a commit that main lacks, with `PREVIEW=approved`, and may change nothing. Signs v2 only",
    secret: "whole",
    strength: "parts",
    inVault: "named",
  },
  API_TOKEN: {
    docs: "may read runs, stacks, metrics; at least 32 characters",
    secret: "whole",
    strength: "whole",
    inVault: "named",
  },
  REQUIRE_V2: {
    docs: "refuse GitHub's plain signature everywhere",
    default: "false",
    reads: z.enum(["true", "false"], "must be true or false").transform((value) => value === "true"),
    setting: "requireV2",
  },
  WEBHOOK_TAG: {
    docs: "what a push at the webhook does. `create`: a commit without a tag gets one, when it changes a service against what staging has; needs the right to push tags in `GIT_REPO_URL`. `reuse`: only a commit that has a tag counts. `off`: no push does",
    default: "create",
    reads: z.enum(["create", "reuse", "off"], "must be create, reuse or off"),
    setting: "webhookTag",
  },
  HOST: {
    docs: "the address where it listens. The image listens on `0.0.0.0`",
    default: "127.0.0.1",
    reads: z.string(),
    setting: "host",
  },
  PORT: {
    docs: "the port where it listens. `0` lets the system choose",
    default: "8080",
    reads: port,
    setting: "port",
  },
  ENGINES: {
    docs: "sockets of engine workers, by the stack that each serves: `staging=/run/engines/staging/engine.sock,production=…`; `*` for any other. Without it the runner starts one itself, which has the runner's own user",
    reads: z.string().transform(toEngines).optional(),
    setting: "engines",
  },
  ENGINE_SOCKET: {
    docs: "of an engine worker: the socket where it listens for the door",
    reads: z.string().startsWith("/", "must be an absolute path").optional(),
    setting: "engineSocket",
    readBy: "engine",
  },
  ENGINE_SOCKET_GROUP: {
    docs: "of an engine worker: the number of the group that may connect to its socket, the door's",
    reads: z.coerce.number("must be the number of a group").int().min(0).optional(),
    setting: "engineSocketGroup",
    readBy: "engine",
  },
  ENGINE_STACKS: {
    docs: "of an engine worker: the stacks that it serves, separated by commas; it refuses all others",
    defaultIs: "any",
    reads: z.string().transform(toStackNames).optional(),
    setting: "engineStacks",
    readBy: "engine",
  },
  ENGINE_USERS: {
    docs: "of an engine worker that may change users: a range of numbers, e.g. `20000-20007`. The first owns checkouts and dependencies, each run gets one of the others for itself",
    defaultIs: "every run has the worker's own user",
    reads: z.string().transform(toUsers).optional(),
    setting: "engineUsers",
    readBy: "engine",
  },
  METRICS_PORT: { docs: "a port for `/metrics` without a token", reads: port.optional(), setting: "metricsPort" },
  METRICS_HOST: {
    docs: "the address where `METRICS_PORT` listens; `0.0.0.0` for a Prometheus in another container. Whoever reaches it reads without a token",
    default: "127.0.0.1",
    reads: z.string(),
    setting: "metricsHost",
  },
  DATA_DIR: {
    docs: "store and mirror; of an engine worker worktrees, caches and the folder of states",
    default: "./data",
    reads: z.string().transform((folder) => resolve(folder)),
    setting: "dataDir",
    readBy: "both",
  },
  DATABASE_URL: {
    docs: "`postgres://…` for [several runners](../guides/several-runners.md)",
    defaultIs: "a SQLite file in `DATA_DIR`",
    reads: z
      .string()
      .regex(/^(sqlite:|postgres(ql)?:\/\/)/, "must be sqlite:<file> or postgres://…")
      .optional(),
    setting: "databaseUrl",
    secret: "password",
    inVault: "named",
  },
  PULUMI_BACKEND_URL: {
    docs: "[where the state lies](../guides/state.md): the folder for one runner that everything goes through, `s3://…` or `postgres://…` where laptops update too or several runners share",
    defaultIs: "a folder in `DATA_DIR`",
    reads: z.string().optional(),
    setting: "backendUrl",
    readBy: "both",
    secret: "password",
    inVault: "named",
  },
  ...HANDED_ON,
  ...channels,
  RUN_TIMEOUT: {
    docs: "seconds that one run may take; after a wait it has them again",
    default: "1800",
    reads: seconds(10, LONGEST_TIMER),
    setting: "runTimeoutMs",
  },
  OUTAGE_PATIENCE: {
    docs: "seconds that a run [waits](../guides/troubleshoot.md#what-is-away) in all while Dokploy, its Docker, Vault or the Git repository is away. `0`: not at all",
    default: "1800",
    reads: seconds(0),
    setting: "outagePatienceMs",
  },
  WATCH_INTERVAL: {
    docs: "seconds between two looks at what a stack runs, with a tenth more or less: [watching](../guides/watching.md). `0`: nothing is watched",
    default: "60",
    reads: interval(86_400),
    setting: "watchIntervalMs",
  },
  CONCURRENCY: {
    docs: "stacks that are updated at once",
    default: "2",
    reads: number("stacks").int().min(1).max(32),
    setting: "concurrency",
  },
  SHUTDOWN_GRACE: {
    docs: "seconds that a running update may go on after SIGTERM",
    default: "20",
    reads: seconds(0),
    setting: "graceMs",
    readBy: "both",
  },
  RATE_LIMIT: {
    docs: "requests per second from one source (an IPv4 address, or the /64 of an IPv6 one); twice as many at once. A wrong signature costs more. When strangers used it up, as many again for what is signed rightly",
    default: "100",
    reads: number("requests per second")
      .min(1)
      .transform((perSecond) => ({ perSecond, burst: 2 * perSecond })),
    setting: "rate",
  },
  TRUSTED_PROXIES: {
    docs: "addresses and networks of the proxies in front, separated by commas, e.g. `10.0.1.0/24`: only their `X-Forwarded-For` tells [who asks](../guides/several-runners.md#behind-a-proxy). Without it whoever comes through a proxy shares one limit",
    reads: z
      .string()
      .default("")
      .transform((text, context) => {
        try {
          return parseProxies(text);
        } catch (error) {
          context.addIssue({ code: "custom", message: `must name proxies: ${(error as Error).message}` });
          return z.NEVER;
        }
      }),
    setting: "trustedProxies",
  },
  SECRET_MAX_AGE: {
    docs: "days after which a secret's file counts as too old in `/health`",
    reads: days.optional(),
    setting: "secretMaxAgeMs",
  },
  KEEP_EVENTS: { docs: "days that a run's events are kept", default: "30", reads: days, setting: "keepEventsMs" },
  KEEP_RUNS: { docs: "days that runs are kept", default: "365", reads: days, setting: "keepRunsMs" },
  LOG_LEVEL: {
    docs: `${LOG_LEVELS.map((level) => `\`${level}\``).join(", ")}. With \`debug\` the engine writes a log of its own too, below \`DATA_DIR/pulumi/logs\``,
    default: "info",
    reads: z.enum(LOG_LEVELS),
    setting: "logLevel",
    readBy: "both",
  },
  DOCKMASTER_SHORTCUTS: {
    docs: "`off`: updates do without what makes them quick by reaching into Pulumi, see `tools/shortcuts/README.md`. For `dockmaster` and `npm run pulumi` too",
    default: "on",
    reads: z.enum(["on", "off"], "must be on or off"),
    seenBy: ["program"],
  },
  ...FOREIGN,
} as const satisfies Record<string, Variable>;

/** Name of one of them. */
export type VariableName = keyof typeof VARIABLES;

/** The variables of which this is true, in their order. */
export function variablesThat(test: (variable: Variable) => unknown): VariableName[] {
  return (Object.keys(VARIABLES) as VariableName[]).filter((name) => test(VARIABLES[name]));
}

/** Values that must never be seen. They are read again at every use, so a rotated file is noticed. */
export const SECRET_VARIABLES = variablesThat(({ secret }) => secret === "whole");

/** What an engine worker reads, or hands on. All else stays with the door. */
export const ENGINE_VARIABLES = variablesThat(
  ({ readBy, seenBy }) => readBy !== undefined || seenBy?.includes("program") || seenBy?.includes("npm"),
);

/** What one of the others may see of the runner's environment. Everything else stays with the runner. */
export function seenBy(viewer: Viewer): VariableName[] {
  return variablesThat((variable) => variable.seenBy?.includes(viewer));
}
