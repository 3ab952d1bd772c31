import { parseEnv } from "node:util";
import { z } from "zod";
import type { LiveCompose } from "./dokploy.ts";
import { secretVariables } from "./secret/secrets.ts";
import { isSecret } from "./state.ts";

/** What the program wants of a service, as a preview tells it: secrets are masked. */
export interface Wanted {
  /** Null when it is known only after Vault has the service's secrets. */
  composeFile: string | null;
  env: unknown;
  domains: unknown;
  /** The service's own secrets in Vault, where they live there. */
  inVault: { path: string; field: string }[];
}

/** A value that stays in use, and where it is written: into the stack's file, or to Vault. */
export interface KeptSecret {
  name: string;
  value: string;
  /** Path in Vault. */
  path?: string;
}

/**
 * The secrets of a service whose values on Dokploy have to stay, because its data was made with them: those that the
 * platform would set otherwise. An equal compose file has the same keyed fingerprint of them, so they are equal too.
 */
export function secretsToKeep(
  { composeFile, env }: Pick<LiveCompose, "composeFile" | "env">,
  wanted: Wanted,
  given: string[],
): KeptSecret[] {
  const values = parseEnv(env ?? "");
  const inVault = wanted.inVault.flatMap(({ path, field }) => {
    const value = values[field.toUpperCase()];
    return value ? [{ name: field, value, path }] : [];
  });
  if (isSameText(composeFile, wanted.composeFile)) return inVault;
  const inFile = secretVariables(wanted.composeFile ?? "").flatMap(([name, variable]) => {
    const value = values[variable];
    return value && !given.includes(name) ? [{ name, value }] : [];
  });
  return [...inVault, ...inFile];
}

/** The given secrets of a service with the values that they have on Dokploy today. */
export function givenToday(
  { env }: Pick<LiveCompose, "env">,
  { composeFile }: Wanted,
  given: string[],
): [name: string, value: string][] {
  const values = parseEnv(env ?? "");
  return secretVariables(composeFile ?? "").flatMap(([name, variable]): [string, string][] => {
    const value = values[variable];
    return value && given.includes(name) ? [[name, value]] : [];
  });
}

const routes = z.array(z.object({ host: z.string(), path: z.string().nullish() })).catch([]);

/** What would change when the program takes a Compose project over, by key. `kept` are names of secrets that stay. */
export function differences(
  live: Pick<LiveCompose, "composeFile" | "env" | "domains" | "autoDeploy">,
  wanted: Wanted,
  kept: string[],
): string[] {
  const sameText = isSameText(live.composeFile, wanted.composeFile);
  const secrets = new Map(secretVariables(wanted.composeFile ?? "").map(([name, variable]) => [variable, name]));
  const before = parseEnv(live.env ?? "");
  const after = (wanted.env ?? {}) as Record<string, unknown>;
  const changed = (variable: string) => {
    if (!(variable in before) || !(variable in after)) return true;
    const value = after[variable];
    if (!isMasked(value)) return String(value) !== before[variable];
    return !sameText && !kept.includes(secrets.get(variable) ?? "");
  };
  const has = new Set(routes.parse(live.domains).map(toRoute));
  return [
    ...(sameText ? [] : ["composeFile"]),
    ...[...new Set([...Object.keys(before), ...Object.keys(after)])]
      .filter(changed)
      .sort()
      .map((variable) => `env.${variable}`),
    ...routes
      .parse(wanted.domains)
      .map(toRoute)
      .filter((route) => !has.has(route))
      .map((route) => `domains.${route}`),
    ...(live.autoDeploy ? ["autoDeploy"] : []),
  ];
}

function isSameText(a: string | null, b: string | null): boolean {
  return b !== null && (a ?? "").replaceAll("\r\n", "\n") === b.replaceAll("\r\n", "\n");
}

function isMasked(value: unknown): boolean {
  return value === "[secret]" || isSecret(value);
}

function toRoute({ host, path }: { host: string; path?: string | null | undefined }): string {
  return `${host}${path ?? "/"}`;
}
