import type { Probe } from "../compose/probes.ts";
import type { Problem } from "../compose/problem.ts";
import type { Rendered } from "../compose/render.ts";
import type { Check } from "./checks/checks.ts";
import { deriveSecret } from "./keys.ts";
import type { Described, Service } from "./service.ts";

/** A service under its settings, before its compose file is looked at. */
export interface Draft extends Described {
  service: Service;
  /** Services that it waits for: those it names, and the owners of what it asks for. */
  needs: string[];
  /** Names of its env that depend on a Pulumi secret of its settings, where that is known. */
  hidden?: string[];
  /** Its checks, by where they run. */
  checks: { outside: readonly Check[]; probes: readonly Probe[] };
}

/** A draft with its compose file rendered. */
export interface RenderedDraft extends Draft {
  rendered: Rendered;
}

/** Who asks for a database, a bucket or another service's secret waits for the one that has it. */
export function toDraft(service: Service, described: Described): Omit<Draft, "checks"> {
  const needs = new Set(service.needs);
  if (service.databases.length > 0) needs.add("postgres");
  if (service.buckets.length > 0) needs.add("minio");
  for (const { service: owner } of Object.values(described.description.borrows ?? {})) needs.add(owner);
  needs.delete(service.name);
  return { ...described, service, needs: [...needs].sort() };
}

/** The value of a secret by its name in `draft`'s compose file: its owner's given value, else derived from the platform's key. */
export function secretValue(draft: Draft, name: string, drafts: readonly Draft[], stack: string, key: string): string {
  const source = draft.description.borrows?.[name] ?? { service: draft.service.name, name };
  const owner = drafts.find((other) => other.service.name === source.service)?.common;
  const given = owner?.secrets[source.name];
  return given ?? deriveSecret(key, { stack, ...source, version: owner?.secretVersion ?? 1 });
}

/** Why a value cannot be given for a secret of `owner`, as the service itself and those that borrow it say. */
export function refusedSecret(owner: string, name: string, value: string, drafts: readonly Draft[]): string[] {
  return drafts.flatMap(({ service, description: { borrows = {}, takes = {} } }) => {
    const aliases = Object.keys(borrows).filter(
      (alias) => borrows[alias]?.service === owner && borrows[alias]?.name === name,
    );
    const names = service.name === owner ? [name] : aliases;
    return names.flatMap((alias) => {
      const reason = takes[alias]?.(value);
      if (reason === undefined) return [];
      return [service.name === owner ? reason : `${reason} by ${service.name}, which uses it too`];
    });
  });
}

/** Makes a problem at a key of the stack's config, and a path below it. */
export type ConfigProblem = (key: string, path: readonly (string | number)[], message: string, hint: string) => Problem;

/** A mistake in the code of a service's definition. */
export function definitionProblem(service: string, message: string, hint: string): Problem {
  return { file: `components/${service}/index.ts`, message, hint };
}
