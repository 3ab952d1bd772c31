import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { runProgram } from "../../tools/run-program.mjs";

/** A setting of the program's providers: its variable, and the key of a stack's file that says it otherwise. */
interface Setting {
  variable: string;
  key: string;
  /** Where it is in a structured value. */
  below?: string;
}

const SETTINGS: Setting[] = [
  { variable: "DOKPLOY_URL", key: "dokploy:url" },
  { variable: "DOKPLOY_API_KEY", key: "dokploy:apiKey" },
  { variable: "DOKPLOY_ALSO_AT", key: "dokploy:alsoAt" },
  { variable: "PLATFORM_KEY", key: "platform:key" },
  { variable: "PROMETHEUS_URL", key: "prometheus:url" },
  { variable: "PROMETHEUS_TOKEN", key: "prometheus:token" },
  { variable: "VAULT_ADDR", key: "vault:address" },
  { variable: "VAULT_TOKEN", key: "vault:token" },
  { variable: "VAULT_APPROLE_MOUNT", key: "platform:vault", below: "approle" },
];

/** Says that the environment holds all settings there are: the providers look at no other config. */
export const COMPLETE = "DOCKMASTER_SETTINGS";

/** Settings as they are now. */
export interface StackSettings {
  /** By variable; those that the environment has already are not among them. */
  values: Record<string, string>;
  /** Variables whose values are encrypted in the file, with their keys. */
  encrypted: { variable: string; key: string }[];
}

/**
 * What a stack's file says to the program's providers beyond what the environment says, which wins. A refresh, a read and a deletion
 * configure the providers from the config of the *last* update, which the state keeps: without this a renewed key would never be
 * used (pulumi/pulumi, pkg/resource/deploy/providers/registry.go: providers of old resources come from the old state).
 */
export function readStackSettings(text: string, env: Record<string, string | undefined>): StackSettings {
  const file = parse(text) as { config?: Record<string, unknown> } | null;
  const settings: StackSettings = { values: {}, encrypted: [] };
  for (const { variable, key, below } of SETTINGS) {
    if (env[variable] || isSignedIn(variable, env)) continue;
    const whole = file?.config?.[key];
    const value = below === undefined ? whole : isMap(whole) ? whole[below] : undefined;
    if (isMap(value) && "secure" in value) settings.encrypted.push({ variable, key });
    else if (value !== undefined && value !== null && !isMap(value) && value !== "") {
      settings.values[variable] = String(value);
    }
  }
  // The two add up: each may know hosts of its own.
  const hosts = file?.config?.["platform:allowInsecure"];
  if (typeof hosts === "string" && hosts !== "") {
    settings.values.ALLOW_INSECURE = [env.ALLOW_INSECURE, hosts].filter(Boolean).join(",");
  }
  return settings;
}

/** Settings that everybody may see. Whatever else there is, or comes to be, is a secret. */
const PLAIN: ReadonlySet<string> = new Set([
  ...["DOKPLOY_URL", "DOKPLOY_ALSO_AT", "VAULT_ADDR", "VAULT_APPROLE_MOUNT", "PROMETHEUS_URL"],
  ...["ALLOW_INSECURE", COMPLETE],
]);

/** The secrets among settings that were found in a stack's file. */
export function secretSettings(found: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(found).filter(([variable, value]) => value && !PLAIN.has(variable)));
}

/** What of a stack's file may be kept in clear, and the names of those settings that may not. Pure. */
export function plainSettings({ values, encrypted }: StackSettings): {
  values: Record<string, string>;
  sealed: string[];
} {
  const isSecret = (variable: string) => !PLAIN.has(variable);
  return {
    values: Object.fromEntries(Object.entries(values).filter(([variable]) => !isSecret(variable))),
    sealed: [...encrypted.map(({ variable }) => variable), ...Object.keys(values).filter(isSecret)].sort(),
  };
}

/** Vault takes a role of the environment before a token of the file. */
function isSignedIn(variable: string, env: Record<string, string | undefined>): boolean {
  return variable === "VAULT_TOKEN" && Boolean(env.VAULT_ROLE_ID && env.VAULT_SECRET_ID);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The environment that hands a stack's settings of now to its providers. `decrypt` answers the values of a file by key
 * (`pulumi config --show-secrets --json`) and is only asked when one is needed; where it cannot tell, the engine says why.
 */
export async function settingsEnvironment(
  text: string,
  env: Record<string, string | undefined>,
  decrypt: () => Promise<Record<string, { value?: string }> | undefined>,
): Promise<Record<string, string>> {
  const { values, encrypted } = readStackSettings(text, env);
  if (encrypted.length === 0) return { ...values, [COMPLETE]: "environment" };
  const config = await decrypt();
  if (config === undefined) return values;
  for (const { variable, key } of encrypted) {
    const value = config[key]?.value;
    if (value) values[variable] = value;
  }
  return { ...values, [COMPLETE]: "environment" };
}

/**
 * Servers and keys of a stack as its file says them now, where this process's environment does not say them; the state has those of the
 * last update. `engine` answers the engine's environment, and is only asked when something is encrypted.
 */
export function stackSettings(
  { stack, workDir, configFile }: { stack: string; workDir: string; configFile: string },
  engine: () => NodeJS.ProcessEnv,
): Promise<Record<string, string>> {
  const flags = ["--stack", stack, "--config-file", configFile, "--non-interactive"];
  return settingsEnvironment(readFileSync(configFile, "utf8"), process.env, async () => {
    const words = ["config", "--show-secrets", "--json", ...flags];
    const { code, stdout } = await runProgram("pulumi", words, { cwd: workDir, env: engine() });
    return code === 0 ? JSON.parse(stdout) : undefined;
  });
}
