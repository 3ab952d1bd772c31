import type { SecretDelivery } from "../compose/context.ts";
import { isLfsPointer } from "../compose/files/inline-files.ts";
import { parseCompose } from "../compose/parse.ts";
import { type Preparation, prepareCompose } from "../compose/render.ts";
import { envProblem } from "../dokploy/api/env.ts";
import { agentDelivery } from "../vault/plan.ts";
import { type Draft, secretValue } from "./draft.ts";
import { fingerprint } from "./keys.ts";
import type { PlanSources, StackSettings } from "./plan.ts";
import type { Described } from "./service.ts";

const WAIT_TIMEOUT = 120;

/** Reads one service's compose file under its settings, as far as the networks. */
export function prepareDraft(
  draft: Draft,
  drafts: readonly Draft[],
  settings: StackSettings,
  sources: PlanSources,
): Preparation {
  const { service, description, common } = draft;
  const file = composeFileOf(service.name);
  const found = sources.readFile(service.name, "compose.yaml");
  if (found === "submodule") {
    const message = "lies in a Git submodule, which a release does not hold";
    return { problems: [{ file, message, hint: "commit the file itself" }], notes: [] };
  }
  if (found === undefined || found === "directory") {
    const missing = { file, message: "there is no such file", hint: "describe the service's containers in it" };
    return { problems: [missing], notes: [] };
  }
  const text = new TextDecoder().decode(found.bytes);
  if (isLfsPointer(text)) {
    const message = "is a Git LFS pointer: its content is not in the checkout";
    return {
      problems: [{ file, message, hint: "commit the file itself (`git lfs untrack` it and add it again)" }],
      notes: [],
    };
  }
  return prepareCompose({
    file,
    text,
    service: service.name,
    suffix: settings.suffix,
    catalogue: sources.catalogue.map(({ name }) => name),
    variables: { SUFFIX: settings.suffix, DOMAIN: settings.domain },
    env: description.env ?? {},
    containerEnv: common.env,
    secrets: deliveryOf(draft, drafts, settings),
    grants: description.grants ?? {},
    data: description.data ?? [],
    waitTimeout: waitTimeout(draft),
    probes: draft.checks.probes,
    readFile: (path) => sources.readFile(service.name, path),
    routed: (description.routes ?? []).map(({ container }) => container),
    containersOf: (other) => containersOf(other, sources),
    envProblem,
  });
}

/** A service's compose file, from the repository's root. */
export function composeFileOf(service: string): string {
  return `components/${service}/compose.yaml`;
}

/** Seconds for one stage of a service's deployment. */
export function waitTimeout({ common, description }: Described): number {
  return common.waitTimeout ?? description.waitTimeout ?? WAIT_TIMEOUT;
}

/** Keys of the containers in a service's file, as far as it can be read. */
export function containersOf(service: string, { readFile }: PlanSources): string[] {
  const found = readFile(service, "compose.yaml");
  if (typeof found !== "object") return [];
  const { source } = parseCompose(service, new TextDecoder().decode(found.bytes));
  const { services } = (source?.value ?? {}) as { services?: unknown };
  return typeof services === "object" && services !== null ? Object.keys(services) : [];
}

/** How the stack's secrets reach the containers of a service. */
function deliveryOf(draft: Draft, drafts: readonly Draft[], { stack, key, vault }: StackSettings): SecretDelivery {
  if (vault) return agentDelivery(draft, stack, vault);
  const values = (names: readonly string[]) =>
    names.map((name) => [name, secretValue(draft, name, drafts, stack, key)]);
  return { mode: "environment", fingerprint: (names) => fingerprint(key, stack, Object.fromEntries(values(names))) };
}
