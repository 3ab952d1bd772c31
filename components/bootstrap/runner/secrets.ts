import { readSecret } from "../../../tools/secret-parts.mjs";

/** Variables of the runner that hold secrets: each is a field of one Vault secret and reaches the runner as a file. */
export const RUNNER_SECRETS = [
  "WEBHOOK_SECRET",
  "GIT_REPO_URL",
  "DOKPLOY_API_KEY",
  "PULUMI_CONFIG_PASSPHRASE",
  "PLATFORM_KEY",
] as const;

/** Those that the bootstrap stack writes itself, because it mints them. */
export const OWN_SIGN_IN = ["VAULT_ROLE_ID", "VAULT_SECRET_ID"] as const;

/**
 * More that a runner may need, by where its state and history are and who may ask it. The runner's own table of variables
 * (automation/variables.ts) has the same; a test holds them together.
 */
export const OPTIONAL_SECRETS: readonly string[] = [
  "API_TOKEN",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "DATABASE_URL",
  "PULUMI_ACCESS_TOKEN",
  "PULUMI_BACKEND_URL",
  "WEBHOOK_SECRET_OLD",
];

/** Whether somebody may name it as a secret of the runner: one of those, or the address of a channel for notices. */
export function isOptionalSecret(name: string): boolean {
  return OPTIONAL_SECRETS.includes(name) || /^NOTIFY_[A-Z]+$/.test(name);
}

/**
 * Secrets of callers, which the runner does not start with when they are short: as a whole, or one of the parts between commas. The
 * runner's own table of variables has the same; a test holds them together.
 */
export const CALLERS_SECRETS: Readonly<Record<string, "whole" | "parts">> = {
  WEBHOOK_SECRET: "parts",
  WEBHOOK_SECRET_OLD: "parts",
  API_TOKEN: "whole",
};

/** A variable that nobody has to think of: made when it is nowhere. */
const GENERATED: readonly string[] = ["WEBHOOK_SECRET", "API_TOKEN"];

/** What is to be done about the runner's secrets. */
export interface SecretPlan {
  /** Fields to add to what Vault has. Never one that has a value. */
  writes: Record<string, string>;
  /** Names of those that were made here. */
  generated: string[];
  /** Names that have a value nowhere. */
  missing: string[];
  /** Names of secrets that have to be the same for people and runner, and are not. */
  different: string[];
  /** What is wrong with secrets of callers, in words, by name. */
  weak: Record<string, string[]>;
}

/** With another key or passphrase than the people's the runner would take their services for a stranger's, or fail to read the state. */
const SAME_FOR_ALL: readonly string[] = ["PLATFORM_KEY", "PULUMI_CONFIG_PASSPHRASE"];

/**
 * Decides where each secret comes from: Vault when it has it, else the environment, else a new value where one may be made. What Vault
 * has is never replaced. Pure but for `generate`.
 */
export function planSecrets(
  names: readonly string[],
  live: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  generate: () => string,
): SecretPlan {
  const plan: SecretPlan = { writes: {}, generated: [], missing: [], different: [], weak: {} };
  for (const name of names) {
    const [stored, given] = [live[name], env[name]];
    if (textOf(stored) !== undefined) {
      if (SAME_FOR_ALL.includes(name) && given && given !== stored) plan.different.push(name);
    } else if (given) plan.writes[name] = given;
    else if (GENERATED.includes(name)) {
      plan.writes[name] = generate();
      plan.generated.push(name);
    } else plan.missing.push(name);
    const of = CALLERS_SECRETS[name];
    const problems = of === undefined ? [] : readSecret(name, textOf(stored) ?? plan.writes[name], of).problems;
    if (problems.length > 0) plan.weak[name] = problems;
  }
  return plan;
}

function textOf(stored: unknown): string | undefined {
  return typeof stored === "string" && stored !== "" ? stored : undefined;
}
