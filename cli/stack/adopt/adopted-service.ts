import { z } from "zod";
import { toService } from "../../../automation/domain/outcome.ts";
import { decodeEnv } from "../../../components/dokploy/api/env.ts";
import type { ComposeRecord } from "../../../components/dokploy/api/schema.ts";
import { routeOf } from "../../../components/dokploy/rules/domains.ts";
import {
  type ComposeInputs,
  type RawComposeInputs,
  UNKNOWN,
  withDefaults,
} from "../../../components/dokploy/rules/inputs.ts";
import { planConvergence } from "../../../components/dokploy/rules/plan.ts";
import { secretVariables } from "../secret/secrets.ts";
import type { PlannedInputs } from "./planned-inputs.ts";

/** What the program wants of a service. */
export interface Wanted {
  /** Null when it is known only after Vault has the service's secrets. */
  composeFile: string | null;
  inputs: ComposeInputs;
  /** The service's own secrets in Vault, where they live there. */
  inVault: { path: string; field: string }[];
}

const compose = z.looseObject({
  // A plan names only what it adds: nothing of it for a service that the state has.
  composeFile: z.string().catch(UNKNOWN),
  env: z.record(z.string(), z.unknown()).catch({}),
  domains: z.array(z.unknown()).catch([]),
});
const vaultSecrets = z.object({ path: z.string(), fields: z.record(z.string(), z.unknown()) });

/** What a plan wants of a service; undefined when the plan does not make it. */
export function readWanted(planned: PlannedInputs, service: string, services: string[]): Wanted | undefined {
  const own = [...planned].filter(([urn]) => toService(urn, services) === service);
  const of = (type: string) => own.filter(([urn]) => urn.includes(`${type}::`)).map(([, each]) => each);
  const [found] = of("dokploy:Compose");
  if (!found) return undefined;
  const inputs = withDefaults(compose.parse(found) as RawComposeInputs) as ComposeInputs;
  const inVault = of("vault:Secrets").flatMap((each) => {
    const { path, fields } = vaultSecrets.parse(each);
    return Object.keys(fields).map((field) => ({ path, field }));
  });
  return { composeFile: inputs.composeFile === UNKNOWN ? null : inputs.composeFile, inputs, inVault };
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
export function secretsToKeep(live: Pick<ComposeRecord, "env">, wanted: Wanted, given: string[]): KeptSecret[] {
  const values = decodeEnv(live.env);
  const inVault = wanted.inVault.flatMap(({ path, field }) => {
    const value = values[field.toUpperCase()];
    return value ? [{ name: field, value, path }] : [];
  });
  const inFile = secretVariables(wanted.composeFile ?? "").flatMap(([name, variable]) => {
    const value = values[variable];
    return value && value !== wanted.inputs.env[variable] && !given.includes(name) ? [{ name, value }] : [];
  });
  return [...inVault, ...inFile];
}

/** What would change when the program takes a Compose project over, by key: what the update itself will find. */
export function differences(live: ComposeRecord, { inputs }: Wanted): string[] {
  const wanted = { ...inputs, environmentId: live.environmentId };
  const { differs, domains } = planConvergence(live, wanted, undefined, undefined);
  const routes = [...domains.create, ...domains.update.map(({ domain }) => domain)].map(routeOf);
  return differs.flatMap((key) => {
    if (key === "domains" && (routes.length > 0 || domains.taken)) return routes.map((route) => `domains.${route}`);
    return [key.replace(/^settings\./, "")];
  });
}
