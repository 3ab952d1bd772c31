import { z } from "zod";
import { type Check, checks } from "./checks/checks.ts";
import { driftSetting } from "./drift-setting.ts";
import { explainIssues, type Issue } from "./explain-issues.ts";
import type { SecretRule } from "./secret-rules.ts";

/** A way in from outside: `https://<host><suffix>.<platform:domain><path>` leads to a container's port. */
export interface Route {
  /** Key of the container in the compose file. */
  container: string;
  port: number;
  /** First label of the host name, without the suffix, e.g. `auth`. */
  host: string;
  /** Default `/`. */
  path?: string;
}

/** What there is to know of a service besides its compose file. */
export interface ServiceDescription {
  /** Plain values for the file's `${NAME}`. */
  env?: Record<string, string>;
  /** Secrets whose value another service owns and shares: name here → owner and name there. All others are generated. */
  borrows?: Record<string, { service: string; name: string }>;
  /** Its own secrets that other services may borrow. Default none. */
  shares?: string[];
  /**
   * What a value given from outside may not be, by secret, its own and borrowed ones. A rule tells what is wrong and never the value.
   * Default: whatever reaches a container.
   */
  takes?: Record<string, SecretRule>;
  /** Secrets that containers get besides those which the compose file names: container → names. */
  grants?: Record<string, string[]>;
  routes?: Route[];
  /**
   * Containers that join the environment's network, and no others: those that talk with other services. Default: what the definition and
   * the compose files say (plan-networks.ts). `[]` keeps all of them among themselves.
   */
  joins?: string[];
  checks?: Check[];
  /** Keys of the volumes it must not lose. */
  data?: string[];
  /** Who may sign in to the new service: its first user, where it has users, and the secret of its own that is the password. */
  login?: { user?: string; secret: string };
  /** Seconds for one stage of `docker compose up --wait`. Default 120. */
  waitTimeout?: number;
}

/** What a description may depend on besides the service's own settings. */
export interface ServiceContext {
  stack: string;
  suffix: string;
  domain: string;
  /** The host name of a route: `auth` → `auth-staging.example.org`. */
  hostOf(label: string): string;
  /** What the other services of the stack ask of this one, sorted. */
  asked: { databases: string[]; buckets: string[] };
}

/** Settings that every service has. */
export const commonSettings = {
  secretVersion: z
    .int()
    .min(1)
    .default(1)
    .describe("Raise it to give every generated secret of the service a new value."),
  secrets: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe(
      "Values given from outside instead of generated ones, as Pulumi secrets: secret name → value. With Vault they are put there instead.",
    ),
  env: z
    .record(
      z.string().regex(/^[A-Za-z_]\w*$/, "is no name of a variable; use letters, digits and `_`"),
      z.union([z.string(), z.number(), z.boolean()]).transform(String),
    )
    .default({})
    .describe(
      "Plain environment variables that every container of the service gets besides those of the compose file.",
    ),
  checks: checks
    .default([])
    .describe(
      "What must be answered (`url`), succeed (`command`) or hold (`prometheus`) after a deployment, or the update fails: [checks](../guides/checks.md).",
    ),
  waitTimeout: z
    .int()
    .min(10)
    .max(3600)
    .optional()
    .describe(
      "Seconds that a stage of the deployment may take until its containers are healthy. The service's own unless given.",
    ),
  rollback: z
    .enum(["safe"], { error: "is no answer; write `safe`, or leave it out" })
    .optional()
    .describe(
      "`safe`: going back to an older image does no harm to this service's data, so the runner may do so by itself (`promotion:onTrouble`). Read from the main branch.",
    ),
  drift: driftSetting("Its mode goes before the stack's; what it lets differ is added to what the stack does."),
  adopt: z
    .boolean()
    .default(false)
    .describe(
      "Take over a Compose project of this name that already is on Dokploy and is not ours. Look at a preview first.",
    ),
};

/** The settings that every service has, read. */
export type CommonSettings = z.infer<z.ZodObject<typeof commonSettings>>;

/** A service of the catalogue, whatever its settings look like. */
export interface Service {
  /** Also the folder's name, and the name people use. */
  name: string;
  /** Services that must be up before this one starts. */
  needs: readonly string[];
  databases: readonly string[];
  buckets: readonly string[];
  /** The schema of `platform:<name>`. */
  settings: z.ZodObject;
  /** Reads `platform:<name>` and describes the service, under defaults where it has mistakes. All of them at once. */
  describe(raw: unknown, context: ServiceContext): { described?: Described; issues: Issue[] };
}

/** What a service says of itself under the stack's settings. */
export interface Described {
  description: ServiceDescription;
  common: CommonSettings;
}

/** Defines a service. `describe` is pure: it may depend on its arguments only. */
export function defineService<Shape extends z.ZodRawShape>(definition: {
  name: string;
  /** Names of services it waits for. Default none. */
  needs?: string[];
  /** Databases (and roles of the same names) that it asks `postgres` for. */
  databases?: string[];
  /** Buckets (and users of the same names) that it asks `minio` for. */
  buckets?: string[];
  /** Its own settings, each with a default and a description. */
  settings: Shape;
  describe(settings: z.infer<z.ZodObject<Shape>>, context: ServiceContext): ServiceDescription;
}): Service {
  const own = z.strictObject(definition.settings);
  const common = z.strictObject(commonSettings);
  const settings = z.strictObject({ ...commonSettings, ...definition.settings });
  return {
    name: definition.name,
    needs: definition.needs ?? [],
    databases: definition.databases ?? [],
    buckets: definition.buckets ?? [],
    settings,
    describe: (raw, context) => {
      const issues = explainIssues(settings.safeParse(raw ?? {}), settings);
      // With mistakes in them the defaults stand in, so that the compose file's own mistakes show in the same go.
      const parts = split(issues.length > 0 ? {} : (raw ?? {}), definition.settings);
      const parsed = { own: own.safeParse(parts.own), common: common.safeParse(parts.common) };
      if (!parsed.own.success || !parsed.common.success) return { issues };
      return {
        described: { description: definition.describe(parsed.own.data, context), common: parsed.common.data },
        issues,
      };
    },
  };
}

function split(raw: object, shape: z.ZodRawShape): { own: object; common: object } {
  const entries = Object.entries(raw);
  return {
    own: Object.fromEntries(entries.filter(([key]) => key in shape)),
    common: Object.fromEntries(entries.filter(([key]) => !(key in shape))),
  };
}

/** Docker's notation of a size of memory: `512m`, `2g`. */
export function memory(fallback: string) {
  return z
    .string()
    .regex(/^\d+(\.\d+)?[bkmg]b?$/i, "is no size of memory; write `512m` or `2g`")
    .default(fallback);
}
