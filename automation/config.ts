import { join } from "node:path";
import type { z } from "zod";
import { secretsIn } from "../text/mask/addresses.ts";
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
  "dataDir" | "backendUrl" | "logLevel" | "engineSocket" | "engineSocketGroup" | "engineStacks" | "engineUsers"
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
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  problems.push(...findSharedSecrets(variables));
  if (problems.length > 0) throw new ConfigError(problems);
  return settings as Settings;
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

/** The secrets that are valid now for signatures: `WEBHOOK_SECRET`, several separated by commas while rotating. */
export function webhookSecrets(variables: Pick<Variables, "get">): string[] {
  return secretParts(variables.get("WEBHOOK_SECRET"));
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

function secretParts(text = ""): string[] {
  return text
    .split(",")
    .map((secret) => secret.trim())
    .filter(Boolean);
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
    for (const secret of plain ? webhookSecrets(variables) : secretParts(variables.get(variable))) {
      if (!keys.has(secret)) keys.set(secret, { secret, rights, plain });
    }
  }
  return [...keys.values()];
}

/**
 * Every secret value the runner knows now, for masking. The parts of a comma list count one by one too, and so does what signs in in an
 * address, whether that is known to be one or a secret happens to be one, as that of a hook.
 */
export function knownSecrets(variables: Variables): string[] {
  const values = SECRET_VARIABLES.map((name) => variables.get(name)).filter((value) => value !== undefined);
  const hooks = values.flatMap((value) => secretsIn(value, { whole: true }));
  const addresses = variablesThat(({ secret }) => secret === "password");
  const passwords = addresses.flatMap((name) => secretsIn(variables.get(name) ?? ""));
  return [...values, ...SIGNING_VARIABLES.flatMap((name) => secretParts(variables.get(name))), ...hooks, ...passwords];
}
