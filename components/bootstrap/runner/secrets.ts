import { readSecret } from "../../../tools/secret-parts.mjs";
import { TAG_KEY } from "../github/tag-key.ts";

/** Variables of the door that hold secrets: each is a field of one Vault secret and reaches the door as a file. */
export const DOOR_SECRETS = ["WEBHOOK_SECRET", "GIT_REPO_URL"] as const;

/** The same of each engine worker, which has a Vault secret of its own. */
export const ENGINE_SECRETS = ["DOKPLOY_API_KEY", "PULUMI_CONFIG_PASSPHRASE", "PLATFORM_KEY"] as const;

/** Those of a worker that the bootstrap stack writes itself, because it mints them. */
export const OWN_SIGN_IN = ["VAULT_ROLE_ID", "VAULT_SECRET_ID"] as const;

/** More that a door may need, by where its history is and who may ask it. */
const OPTIONAL_DOOR_SECRETS: readonly string[] = [
  "API_TOKEN",
  "DATABASE_URL",
  "PREVIEW_SECRET",
  "WEBHOOK_SECRET_OLD",
  "PRODUCTION_SECRET",
];

/** More that a worker may need, by where the state is and what its checks ask. */
const OPTIONAL_ENGINE_SECRETS: readonly string[] = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "PROMETHEUS_TOKEN",
  "PULUMI_ACCESS_TOKEN",
  "PULUMI_BACKEND_URL",
];

/** All of both. The runner's own table of variables (automation/variables.ts) has the same; a test holds them together. */
export const OPTIONAL_SECRETS: readonly string[] = [...OPTIONAL_DOOR_SECRETS, ...OPTIONAL_ENGINE_SECRETS].sort();

/** Whether somebody may name it as a secret of the runner: one of those, or the address of a channel for notices. */
export function isOptionalSecret(name: string): boolean {
  return OPTIONAL_SECRETS.includes(name) || /^NOTIFY_[A-Z]+$/.test(name);
}

/** Whether a secret belongs to the engine workers; else the door has it. */
export function isEngineSecret(name: string): boolean {
  return [...ENGINE_SECRETS, ...OWN_SIGN_IN, ...OPTIONAL_ENGINE_SECRETS].includes(name);
}

/**
 * Secrets of callers, which the runner does not start with when they are short: as a whole, or one of the parts between commas. The
 * runner's own table of variables has the same; a test holds them together.
 */
export const CALLERS_SECRETS: Readonly<Record<string, "whole" | "parts">> = {
  WEBHOOK_SECRET: "parts",
  WEBHOOK_SECRET_OLD: "parts",
  PRODUCTION_SECRET: "parts",
  PREVIEW_SECRET: "parts",
  API_TOKEN: "whole",
};

/** A variable that nobody has to think of: made when it is nowhere. */
const GENERATED: readonly string[] = ["WEBHOOK_SECRET", "API_TOKEN", "PRODUCTION_SECRET", "PREVIEW_SECRET", TAG_KEY];

/** What is to be done about a Vault secret. */
export interface SecretPlan {
  /** Fields to add to what Vault has. Never one that has a value. */
  writes: Record<string, string>;
  /** Names of those that were made here. */
  generated: string[];
  /** Names that have a value nowhere. */
  missing: string[];
  /** Secrets that have to be the same for people and runner, and are not: the name, and the variable that says another value. */
  different: { name: string; variable: string }[];
  /** What is wrong with secrets of callers, in words, by name. */
  weak: Record<string, string[]>;
}

/** Where the first values of a Vault secret come from. */
export interface SecretSources {
  /** The environment of this command. */
  env: Readonly<Record<string, string | undefined>>;
  /** A worker's stack: `PRODUCTION_PLATFORM_KEY` counts before `PLATFORM_KEY` for `production`. */
  stack?: string;
  /** What the runner's one secret held before it had workers. */
  before?: Readonly<Record<string, unknown>>;
}

/** With another key or passphrase than the people's a worker would take their services for a stranger's, or fail to read the state. */
const SAME_FOR_ALL: readonly string[] = ["PLATFORM_KEY", "PULUMI_CONFIG_PASSPHRASE"];

/** The variable that holds a secret for one stack only, e.g. `PRODUCTION_PLATFORM_KEY`. */
export function variableOf(stack: string, name: string): string {
  return `${stack.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_")}_${name}`;
}

/**
 * Decides where each field comes from: Vault when it has it, else the variable of the stack, else the runner's secret of before, else the
 * environment, else a new value where one may be made. What Vault has is never replaced. Pure but for `generate`.
 */
export function planSecrets(
  names: readonly string[],
  live: Readonly<Record<string, unknown>>,
  { env, stack, before = {} }: SecretSources,
  generate: (name: string) => string,
): SecretPlan {
  const plan: SecretPlan = { writes: {}, generated: [], missing: [], different: [], weak: {} };
  for (const name of names) {
    const special = stack === undefined ? name : variableOf(stack, name);
    const variable = env[special] ? special : name;
    const given = env[variable];
    const stored = text(live[name]);
    const first = variable === special && stack !== undefined ? given : (text(before[name]) ?? given);
    const value = stored ?? first;
    const of = CALLERS_SECRETS[name];
    const problems = of === undefined ? [] : readSecret(name, value, of).problems;
    if (problems.length > 0) plan.weak[name] = problems;
    if (SAME_FOR_ALL.includes(name) && value && given && given !== value) plan.different.push({ name, variable });
    if (stored !== undefined) continue;
    if (value) plan.writes[name] = value;
    else if (GENERATED.includes(name)) {
      plan.writes[name] = generate(name);
      plan.generated.push(name);
    } else plan.missing.push(name);
  }
  return plan;
}

/** Fields of the runner's secret of before that its workers have in theirs now. */
export function outgrown(live: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(live)
    .filter((name) => isEngineSecret(name) && text(live[name]) !== undefined)
    .sort();
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
