import { z } from "zod";
import { toService } from "../../../automation/domain/outcome.ts";
import { isRecord, section } from "../../../components/dokploy/api/sections.ts";
import { wrongUse } from "../../problem.ts";
import { composeResources, isSecret, type StackState } from "../run/state.ts";

/** One secret of a service, as the last update left it. */
export interface ServiceSecret {
  service: string;
  name: string;
  /** Where its value rests: in Dokploy's env (variable), or in Vault (path). */
  rests: { dokploy: string } | { vault: string };
  /** The value, where the state has it and was read in clear. */
  value?: string;
}

const vaultInputs = z.object({ path: z.string(), fields: z.record(z.string(), z.unknown()) });

/** The secrets of every service in a state, in order of their names. */
export function listSecrets(state: StackState): ServiceSecret[] {
  const services = composeResources(state);
  const inDokploy = [...services].flatMap(([service, { inputs }]) => {
    const env = (inputs.env ?? {}) as Record<string, unknown>;
    return secretVariables(String(inputs.composeFile ?? "")).map(([name, variable]): ServiceSecret => {
      const value = env[variable];
      const clear = isSecret(value) && value.plaintext !== undefined ? String(JSON.parse(value.plaintext)) : undefined;
      return { service, name, rests: { dokploy: variable }, ...(clear === undefined ? {} : { value: clear }) };
    });
  });
  const inVault = state.resources.flatMap(({ type, urn, inputs }): ServiceSecret[] => {
    const service = type.endsWith("dynamic/vault:Secrets") ? toService(urn, services.keys()) : undefined;
    const known = vaultInputs.safeParse(inputs);
    if (service === undefined || !known.success) return [];
    return Object.keys(known.data.fields).map((name) => ({ service, name, rests: { vault: known.data.path } }));
  });
  return [...inDokploy, ...inVault].sort((a, b) => compare(a.service, b.service) || compare(a.name, b.name));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** With these a service's agent signs in at Vault: an update mints them, nobody sets or reads them. */
const SIGN_IN = ["VAULT_ROLE_ID", "VAULT_SECRET_ID"];

/** The service's secrets that a compose file takes from the environment: name and variable. */
export function secretVariables(composeText: string): [name: string, variable: string][] {
  return Object.entries(section(composeText, "secrets")).flatMap(([name, source]): [string, string][] => {
    const variable = isRecord(source) ? source.environment : undefined;
    return typeof variable !== "string" || SIGN_IN.includes(variable) ? [] : [[name, variable]];
  });
}

/** One secret by service and name. Throws CliError (exit code 2) with the names there are. */
export function findSecret<S extends ServiceSecret>(secrets: S[], service: string, name: string): S {
  const found = secrets.find((secret) => secret.service === service && secret.name === name);
  if (found) return found;
  const own = secrets.filter((secret) => secret.service === service).map((secret) => secret.name);
  const services = [...new Set(secrets.map((secret) => secret.service))];
  throw own.length > 0
    ? wrongUse(`${service} has no secret "${name}"`, `Name one of ${own.join(", ")}`)
    : wrongUse(
        `There are no secrets of "${service}"`,
        `Name a service of ${services.join(", ") || "a stack that was updated"}`,
      );
}
