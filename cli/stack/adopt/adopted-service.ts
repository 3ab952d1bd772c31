import { z } from "zod";
import { toService } from "../../../automation/domain/outcome.ts";
import type { LiveCompose } from "../dokploy.ts";
import { readEnv } from "../read-env.ts";
import { secretVariables } from "../secret/secrets.ts";
import type { PlannedInputs } from "./planned-inputs.ts";

/** What the program wants of a service. */
export interface Wanted {
  /** Null when it is known only after Vault has the service's secrets. */
  composeFile: string | null;
  env: Record<string, unknown>;
  routes: string[];
  /** The service's own secrets in Vault, where they live there. */
  inVault: { path: string; field: string }[];
}

const compose = z.object({
  // A plan names only what it adds: nothing of it for a service that the state has.
  composeFile: z.string().nullable().default(null),
  env: z.record(z.string(), z.unknown()).catch({}),
  domains: z.array(z.object({ host: z.string(), path: z.string().nullish() })).catch([]),
});
const vaultSecrets = z.object({ path: z.string(), fields: z.record(z.string(), z.unknown()) });

/** What a plan wants of a service; undefined when the plan does not make it. */
export function readWanted(inputs: PlannedInputs, service: string, services: string[]): Wanted | undefined {
  const own = [...inputs].filter(([urn]) => toService(urn, services) === service);
  const of = (type: string) => own.filter(([urn]) => urn.includes(`${type}::`)).map(([, each]) => each);
  const [found] = of("dokploy:Compose");
  if (!found) return undefined;
  const { composeFile, env, domains } = compose.parse(found);
  const inVault = of("vault:Secrets").flatMap((each) => {
    const { path, fields } = vaultSecrets.parse(each);
    return Object.keys(fields).map((field) => ({ path, field }));
  });
  return { composeFile, env, routes: domains.map(toRoute), inVault };
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
 * platform would set otherwise, except where somebody gave the value.
 */
export function secretsToKeep(live: Pick<LiveCompose, "env">, wanted: Wanted, given: string[]): KeptSecret[] {
  const values = readEnv(live.env);
  const inVault = wanted.inVault.flatMap(({ path, field }) => {
    const value = values[field.toUpperCase()];
    return value ? [{ name: field, value, path }] : [];
  });
  const inFile = secretVariables(wanted.composeFile ?? "").flatMap(([name, variable]) => {
    const value = values[variable];
    return value && value !== wanted.env[variable] && !given.includes(name) ? [{ name, value }] : [];
  });
  return [...inVault, ...inFile];
}

/** What would change when the program takes a Compose project over, by key. */
export function differences(
  live: Pick<LiveCompose, "composeFile" | "env" | "domains" | "autoDeploy">,
  wanted: Wanted,
): string[] {
  const before = readEnv(live.env);
  const variables = [...new Set([...Object.keys(before), ...Object.keys(wanted.env)])].sort();
  const routes = new Set(live.domains.map(toRoute));
  return [
    ...(isSameText(live.composeFile, wanted.composeFile) ? [] : ["composeFile"]),
    ...variables.filter((name) => before[name] !== wanted.env[name]).map((name) => `env.${name}`),
    ...wanted.routes.filter((route) => !routes.has(route)).map((route) => `domains.${route}`),
    ...(live.autoDeploy ? ["autoDeploy"] : []),
  ];
}

function isSameText(a: string | null, b: string | null): boolean {
  return b !== null && (a ?? "").replaceAll("\r\n", "\n") === b.replaceAll("\r\n", "\n");
}

function toRoute({ host, path }: { host: string; path?: string | null | undefined }): string {
  return `${host}${path ?? "/"}`;
}
