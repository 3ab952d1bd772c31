import { join } from "node:path";
import type { z } from "zod";
import { secretsIn } from "../text/mask/addresses.ts";
import { allowedHosts, explainInsecure, findInsecure } from "../tools/outgoing/insecure.mjs";
import { LEAST_SECRET, readSecret, secretParts } from "../tools/secret-parts.mjs";
import type { SigningKey } from "./api/signature.ts";
import { rightsOf, SIGNING_VARIABLES } from "./domain/rights.ts";
import { pickEnvironment, type Variables } from "./environment.ts";
import {
  ENGINE_VARIABLES,
  SECRET_VARIABLES,
  seenBy,
  VARIABLES,
  type Variable,
  type VariableName,
  variablesThat,
} from "./variables.ts";

type Table = typeof VARIABLES;
type Settings = {
  [Name in VariableName as Table[Name] extends { setting: infer Setting extends string }
    ? Setting
    : never]: Table[Name] extends { reads: infer Schema extends z.ZodType } ? z.output<Schema> : never;
};

/**
 * What the runner is told by its environment, checked: the settings of `VARIABLES`, times in milliseconds, paths absolute. Secrets are
 * not in here: they are read when they are needed.
 */
export type Config = Omit<Settings, "databaseUrl" | "backendUrl"> & { databaseUrl: string; backendUrl: string };

/** Everything that is wrong with the environment, at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: string[];
  constructor(problems: string[]) {
    super(`The configuration is not complete:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/** What an engine worker is told by its environment. */
export type EngineConfig = Pick<
  Config,
  | "dataDir"
  | "backendUrl"
  | "logLevel"
  | "graceMs"
  | "engineSocket"
  | "engineSocketGroup"
  | "engineStacks"
  | "engineUsers"
>;

/** Reads and checks the door's environment. Throws ConfigError with all problems. */
export function readConfig(variables: Variables): Config {
  return withDefaults(
    readSettings(
      variables,
      variablesThat(({ readBy }) => readBy !== "engine"),
    ),
  );
}

/** Reads and checks an engine worker's environment. Throws ConfigError with all problems. */
export function readEngineConfig(variables: Variables): EngineConfig {
  const config = withDefaults(readSettings(variables, ENGINE_VARIABLES));
  const { engineUsers = [], engineSocketGroup } = config;
  const problems: string[] = [];
  if (engineUsers.length > 0 && process.getuid?.() !== 0)
    problems.push("ENGINE_USERS needs a worker that is root, with CHOWN, FOWNER, KILL, SETGID and SETUID");
  // Whoever may reach the socket may have anything run.
  if (engineUsers.some(({ id }) => id === engineSocketGroup))
    problems.push(`ENGINE_USERS has ${engineSocketGroup}, the group of ENGINE_SOCKET_GROUP: take other numbers`);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function withDefaults(settings: Settings): Config {
  const { dataDir, databaseUrl, backendUrl } = settings;
  return {
    ...settings,
    databaseUrl: databaseUrl ?? `sqlite:${join(dataDir, "dockmaster.db")}`,
    backendUrl: backendUrl ?? `file://${join(dataDir, "state")}`,
  };
}

function readSettings(variables: Variables, names: readonly VariableName[]): Settings {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const name of names) {
    const { reads, setting, default: fallback, secret }: Variable = VARIABLES[name];
    if (!reads && secret !== "whole") continue;
    try {
      const value = variables.get(name) ?? fallback;
      const parsed = reads?.safeParse(value);
      if (parsed?.success === false) problems.push(...parsed.error.issues.map(({ message }) => `${name} ${message}`));
      else if (setting) settings[setting] = parsed?.data;
      if (isJudged(VARIABLES[name])) problems.push(...secretNow(variables, name).problems);
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  if (problems.length === 0 && variables.get("WEBHOOK_SECRET_OLD") && !variables.get("WEBHOOK_SECRET")) {
    problems.push("WEBHOOK_SECRET_OLD is set and WEBHOOK_SECRET is not: requests are signed with that");
  }
  problems.push(...insecureAddresses(variables, names), ...findSharedSecrets(variables));
  if (problems.length > 0) throw new ConfigError(problems);
  return settings as Settings;
}

/** What is wrong with addresses that are reached in clear. Those that cannot be read are named elsewhere. */
function insecureAddresses(variables: Variables, names: readonly VariableName[]): string[] {
  const encrypted = variablesThat((variable) => variable.encrypted).filter((name) => names.includes(name));
  return encrypted.flatMap((name) => {
    try {
      const host = findInsecure(
        variables.get(name) ?? "",
        allowedHosts({ ALLOW_INSECURE: variables.get("ALLOW_INSECURE") }),
      );
      if (host === undefined) return [];
      const { message, hint } = explainInsecure(host);
      return [`${name} ${message}: ${hint}`];
    } catch {
      return [];
    }
  });
}

/** What the engine and the program that it runs may see of the runner's environment, as it is now. Everything else stays with the runner. */
export function programEnvironment(variables: Variables): Record<string, string> {
  const names = seenBy("program");
  return pickEnvironment(Object.fromEntries(names.map((name) => [name, variables.get(name)])), names);
}

/** What npm may see of `env`: how to reach the registry, and PATH. */
export function npmEnvironment(env: Record<string, string | undefined>): Record<string, string> {
  return pickEnvironment(env, [...seenBy("npm"), "PATH"]);
}

/** A secret as it is now: the parts of it that count, and what is wrong with the others. */
function secretNow(variables: Pick<Variables, "get">, name: VariableName): { good: string[]; problems: string[] } {
  const { strength }: Variable = VARIABLES[name];
  return readSecret(name, variables.get(name), strength === "parts" ? "parts" : "whole");
}

function isJudged({ strength }: Variable): boolean {
  return strength === "whole" || strength === "parts";
}

/** The secrets of `WEBHOOK_SECRET` that are valid now, several separated by commas while rotating. */
export function webhookSecrets(variables: Pick<Variables, "get">): string[] {
  return secretNow(variables, "WEBHOOK_SECRET").good;
}

/** The token that may read; undefined when there is none that counts. */
export function apiToken(variables: Pick<Variables, "get">): string | undefined {
  return secretNow(variables, "API_TOKEN").good[0];
}

/** What is wrong now with secrets that callers have: a file may have been replaced by one that does not count. */
export function secretProblems(variables: Pick<Variables, "get">): string[] {
  return variablesThat(isJudged).flatMap((name) => secretNow(variables, name).problems);
}

/** Secrets that are shorter than they should be, and used all the same. */
export function shortSecrets(variables: Pick<Variables, "get">): VariableName[] {
  const advised = variablesThat(({ strength }) => strength === "advised");
  return advised.filter((name) => (variables.get(name)?.length ?? LEAST_SECRET) < LEAST_SECRET);
}

/** Secrets of several variables: who has one would have the rights of the other. */
function findSharedSecrets(variables: Pick<Variables, "get">): string[] {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const name of SIGNING_VARIABLES) {
    for (const secret of new Set(readParts(variables, name))) {
      const owner = owners.get(secret);
      if (owner)
        problems.push(`${name} has a value of ${owner}, so who has that could sign for both: make another one`);
      else owners.set(secret, name);
    }
  }
  return problems;
}

/** None where the variable cannot be read, which is a problem of its own. */
function readParts(variables: Pick<Variables, "get">, name: VariableName): string[] {
  try {
    return secretParts(variables.get(name));
  } catch {
    return [];
  }
}

/**
 * The keys that sign requests now, and what each may. Production is guarded as soon as `PRODUCTION_SECRET` is named: that its file is
 * gone takes its key away, and gives nobody else's a right. A value that two variables have may only what the first may.
 */
export function signingKeys(variables: Pick<Variables, "get" | "isNamed">): SigningKey[] {
  const guarded = variables.isNamed("PRODUCTION_SECRET");
  const keys = new Map<string, SigningKey>();
  for (const variable of SIGNING_VARIABLES) {
    const plain = variable === "WEBHOOK_SECRET";
    const rights = rightsOf(variable, { guarded });
    for (const secret of secretNow(variables, variable).good) {
      if (!keys.has(secret)) keys.set(secret, { secret, rights, plain });
    }
  }
  // Those of before stand last: a value that is one of now as well is no old one.
  for (const secret of secretNow(variables, "WEBHOOK_SECRET_OLD").good) {
    const rights = rightsOf("WEBHOOK_SECRET", { guarded });
    if (!keys.has(secret)) keys.set(secret, { secret, rights, plain: true, old: true });
  }
  return [...keys.values()];
}

/**
 * Every secret value the runner knows now, for masking. The parts of a comma list count one by one too, and so does what signs in in an
 * address, whether that is known to be one or a secret happens to be one, as that of a hook.
 */
export function knownSecrets(variables: Variables): string[] {
  const values = SECRET_VARIABLES.flatMap((name) => [variables.get(name) ?? [], ...variables.before(name)].flat());
  const hooks = values.flatMap((value) => secretsIn(value, { whole: true }));
  const addresses = variablesThat(({ secret }) => secret === "password");
  const passwords = addresses.flatMap((name) => secretsIn(variables.get(name) ?? ""));
  return [...new Set([...values, ...values.flatMap(secretParts), ...hooks, ...passwords])];
}
