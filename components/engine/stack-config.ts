// The config that a provider works with. A refresh, a read and a deletion are handed the one of the *last* update: the engine
// configures the providers of existing resources from the state (pulumi/pulumi, pkg/resource/deploy/providers/registry.go).
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";

/** A stack's configuration, secrets decrypted. */
export interface StackConfig {
  get(key: string): string | undefined;
}

/**
 * Whether the environment holds every setting as it is now (`DOCKMASTER_SETTINGS=environment`): whoever started the engine read the
 * stack's file, so that no other configuration counts.
 */
export function isHandedOver(env: NodeJS.ProcessEnv): boolean {
  return env.DOCKMASTER_SETTINGS === "environment";
}

const ROOT = join(import.meta.dirname, "..", "..");

/**
 * The configuration of a stack as its file in this checkout says it now, for what the engine hands an older one to. `given` when
 * there is no such file, when it is another program's or says nothing of servers and keys (another file was named to the engine, or
 * the environment has them), or when its secrets cannot be decrypted.
 */
export function configOfNow(
  given: StackConfig | undefined,
  stack: string | undefined,
  { env = process.env, root = ROOT }: { env?: NodeJS.ProcessEnv; root?: string } = {},
): Promise<StackConfig | undefined> {
  if (isHandedOver(env) || !stack || !/^[\w.-]+$/.test(stack)) return Promise.resolve(given);
  const file = join(root, `Pulumi.${stack}.yaml`);
  const known = read.get(file) ?? readConfig(file, stack, root, env);
  read.set(file, known);
  return known.then((config) => config ?? given);
}

const read = new Map<string, Promise<StackConfig | undefined>>();

async function readConfig(
  file: string,
  stack: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<StackConfig | undefined> {
  try {
    if (!isOwnProgram(env, cwd)) return undefined;
    const { config = {} } = (parse(readFileSync(file, "utf8")) ?? {}) as { config?: Record<string, unknown> };
    if (!Object.keys(config).some((key) => /^(dokploy|vault|prometheus):|^platform:key$/.test(key))) return undefined;
    const values = hasSecret(config) ? await decrypt(file, stack, cwd) : new Map(Object.entries(config).map(toText));
    return { get: (key) => values.get(key) };
  } catch {
    return undefined;
  }
}

/** Whether the engine runs the program of this checkout: it names the project to every plugin. */
function isOwnProgram(env: NodeJS.ProcessEnv, root: string): boolean {
  const { name } = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as { name?: string };
  return name !== undefined && name === env.PULUMI_PROJECT;
}

/** The engine hands structured values over as JSON. */
function toText([key, value]: [string, unknown]): [string, string] {
  return [key, typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? "")];
}

function hasSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return "secure" in value || Object.values(value).some(hasSecret);
}

/** The engine knows how a stack's secrets are encrypted. It takes no lock for this. */
async function decrypt(file: string, stack: string, cwd: string): Promise<Map<string, string>> {
  const words = ["config", "--show-secrets", "--json", "--stack", stack, "--config-file", file, "--non-interactive"];
  const { stdout } = await promisify(execFile)("pulumi", words, { cwd, timeout: 20_000 });
  const entries = Object.entries(JSON.parse(stdout) as Record<string, { value?: string }>);
  return new Map(entries.map(([key, { value }]) => [key, value ?? ""]));
}
