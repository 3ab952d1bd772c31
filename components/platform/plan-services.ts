import type { FoundFile, SecretDelivery } from "../compose/context.ts";
import { isLfsPointer } from "../compose/files/inline-files.ts";
import type { NoteProblem } from "../compose/house/notes.ts";
import { parseCompose } from "../compose/parse.ts";
import type { Problem } from "../compose/problem.ts";
import { type Preparation, prepareCompose } from "../compose/render.ts";
import { envProblem } from "../dokploy/api/env.ts";
import { agentDelivery, planVault, type VaultPlan, type VaultSettings } from "../vault/plan.ts";
import { checkDrafts, refusedValue } from "./check-drafts.ts";
import {
  type ConfigProblem,
  type Draft,
  definitionProblem,
  type RenderedDraft,
  secretValue,
  toDraft,
} from "./draft.ts";
import { fingerprint } from "./keys.ts";
import { explainClashes } from "./names/explain.ts";
import type { MadeName, NameSpace } from "./names/name.ts";
import { type NamedStack, namesOfStack } from "./names/of-stack.ts";
import { orderByNeeds } from "./order.ts";
import { checkNetworks, type PreparedDraft, planNetworks } from "./plan-networks.ts";
import type { CommandCheck, Described, HttpCheck, Service, ServiceContext } from "./service.ts";

/** One stack as its config describes it. */
export interface StackSettings {
  stack: string;
  domain: string;
  suffix: string;
  /** The stack's master key (`PLATFORM_KEY`). */
  key: string;
  /** Names of the services that run here. */
  services: readonly string[];
  /** `platform:<service>` as it was written, by service. */
  settings: Readonly<Record<string, unknown>>;
  /**
   * `platform:<service>` of those that hold a Pulumi secret, with a stand-in for everything in it that does not stand in clear in the
   * stack's file.
   */
  masked?: Readonly<Record<string, unknown>>;
  /** Where secrets live, when not in Dokploy's env. */
  vault?: VaultSettings | undefined;
  /** Name of the project on Dokploy. Default `platform`. */
  project?: string;
  /** Addresses of the Dokploy server. Default: not known, so that it may be any. */
  server?: NameSpace;
}

/** What the plan needs from outside. */
export interface PlanSources {
  catalogue: readonly Service[];
  /** Reads a file of a service's folder. */
  readFile(service: string, path: string): FoundFile;
  configProblem: ConfigProblem;
}

/** A way in, as Dokploy wants it. */
export interface Domain {
  host: string;
  /** Key of the container in the text for Dokploy. */
  service: string;
  port: number;
  path?: string;
  https: boolean;
  certificate: "letsencrypt";
}

/** All that is to be registered for one service. Two plans of the same input are equal, byte for byte. */
export interface ServicePlan {
  name: string;
  /** Services of the stack that it waits for. */
  needs: string[];
  /** With `vault`, a template: what is put into it is known only when Vault holds the values. */
  composeFile: string;
  /** Plain env. */
  env: Record<string, string>;
  /** Names in `env` whose values depend on a Pulumi secret of the settings; undefined when there is none, or nobody knows where. */
  hidden?: string[];
  /** Env whose values are secrets. */
  secretEnv: Record<string, string>;
  /** What Vault has to hold, and who the service's agent is there. */
  vault?: VaultPlan;
  domains: Domain[];
  checks: HttpCheck[];
  /** What is run after a deployment, besides `checks`. */
  commands: CommandCheck[];
  /** Its first user, where it has users, and the secret that is the password. */
  login?: { user?: string; secret: string };
  /** Volumes it must not lose, by key. */
  data: string[];
  /** Seconds for one stage. */
  waitTimeout: number;
  stages: number;
  /** Whether to take over a Compose project of this name that is not ours. */
  adopt: boolean;
}

/** What planning services comes to. */
export interface PlannedServices {
  services: ServicePlan[];
  problems: Problem[];
  /** What is unusual and still right. */
  notes: NoteProblem[];
  /** All that the stack names, as far as its files can be read. */
  names: MadeName[];
  /** What is wrong with a value that somebody wants to give for a secret; nothing for a service that does not run here. */
  refuseValue(service: string, name: string, value: string): Problem[];
}

const WAIT_TIMEOUT = 120;

/**
 * Plans every service of a stack, in the order of their dependencies, or says all that is wrong; and tells what is to be noted and what
 * it names, as far as the files can be read. Pure.
 */
export function planServices(settings: StackSettings, sources: PlanSources): PlannedServices {
  const problems: Problem[] = [];
  const notes: NoteProblem[] = [];
  const running = sources.catalogue.filter((service) => settings.services.includes(service.name));
  const context = contextFor(settings, running);

  const drafts = running.flatMap((service): Draft[] => {
    const { described, issues } = service.describe(settings.settings[service.name], context);
    const key = `platform:${service.name}`;
    problems.push(...issues.map(({ path, message, hint }) => sources.configProblem(key, path, message, hint)));
    const masked = settings.masked?.[service.name];
    const hidden = described && masked !== undefined ? namesThatDepend(service, described, masked, context) : undefined;
    return described ? [{ ...toDraft(service, described), ...(hidden && { hidden }) }] : [];
  });

  const refuseValue: PlannedServices["refuseValue"] = (service, name, value) =>
    refusedValue(service, name, value, drafts, settings.vault !== undefined).map((reason) =>
      sources.configProblem(`platform:${service}`, ["secrets", name], `the value ${reason}`, "choose another value"),
    );

  const prepared = drafts.flatMap((draft): PreparedDraft[] => {
    const result = prepare(draft, drafts, settings, sources);
    problems.push(...result.problems);
    notes.push(...result.notes);
    return result.prepared ? [{ ...draft, prepared: result.prepared }] : [];
  });
  const joins = planNetworks(prepared);
  const rendered = prepared.flatMap(({ prepared, ...draft }): RenderedDraft[] => {
    const result = prepared.finish(joins.get(draft.service.name) ?? []);
    problems.push(...result.problems);
    return result.rendered ? [{ ...draft, rendered: result.rendered }] : [];
  });
  problems.push(...checkNetworks(prepared, joins));

  const { order, circle } = orderByNeeds(drafts.map(({ service, needs }) => ({ name: service.name, needs })));
  if (circle) {
    const message = `services wait for each other: ${circle.join(" → ")}`;
    problems.push(definitionProblem(circle[0] ?? "", message, "remove one of the dependencies"));
  }
  const names = sources.catalogue.map(({ name }) => name);
  problems.push(...checkDrafts(drafts, rendered, names, sources.configProblem, settings.vault !== undefined));
  const made = namesOfStack(toNamed(settings, sources), rendered, context.hostOf);
  problems.push(...explainClashes(made));
  if (problems.length > 0) return { services: [], problems, notes, names: made, refuseValue };
  const byName = new Map(rendered.map((draft) => [draft.service.name, draft]));
  const vault = settings.vault && planVault(rendered, settings.stack, settings.vault);
  return {
    services: order.flatMap((name) => {
      const draft = byName.get(name);
      return draft ? [toPlan(draft, drafts, settings, context, vault)] : [];
    }),
    problems,
    notes,
    names: made,
    refuseValue,
  };
}

/** Names of the env whose values are others when a stand-in is where a secret is; undefined when the settings then make no sense. */
function namesThatDepend(
  service: Service,
  { description, common }: Described,
  masked: unknown,
  context: ServiceContext,
): string[] | undefined {
  const { described, issues } = service.describe(masked, context);
  if (!described || issues.length > 0) return undefined;
  const [real, other] = [
    { ...description.env, ...common.env },
    { ...described.description.env, ...described.common.env },
  ];
  const names = new Set([...Object.keys(real), ...Object.keys(other)]);
  return [...names].filter((name) => real[name] !== other[name]).sort();
}

function toNamed(settings: StackSettings, { configProblem }: PlanSources): NamedStack {
  const { stack, suffix, vault, project = "platform", server = "unknown" } = settings;
  const configPlace = (key: string) => {
    const { message: _message, hint: _hint, ...place } = configProblem(key, [], "", "");
    return place;
  };
  return { stack, suffix, project, server, vault, configPlace };
}

function contextFor({ stack, suffix, domain }: StackSettings, running: readonly Service[]): ServiceContext {
  const union = (pick: (service: Service) => readonly string[]) => [...new Set(running.flatMap(pick))].sort();
  return {
    stack,
    suffix,
    domain,
    hostOf: (label) => `${label}${suffix}.${domain}`,
    asked: { databases: union((service) => service.databases), buckets: union((service) => service.buckets) },
  };
}

function prepare(draft: Draft, drafts: readonly Draft[], settings: StackSettings, sources: PlanSources): Preparation {
  const { service, description, common } = draft;
  const file = `components/${service.name}/compose.yaml`;
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
    readFile: (path) => sources.readFile(service.name, path),
    routed: (description.routes ?? []).map(({ container }) => container),
    containersOf: (other) => containersOf(other, sources),
    envProblem,
  });
}

/** Seconds for one stage of a service's deployment. */
function waitTimeout({ common, description }: Draft): number {
  return common.waitTimeout ?? description.waitTimeout ?? WAIT_TIMEOUT;
}

/** Keys of the containers in a service's file, as far as it can be read. */
function containersOf(service: string, { readFile }: PlanSources): string[] {
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

function toPlan(
  draft: RenderedDraft,
  drafts: readonly Draft[],
  settings: StackSettings,
  context: ServiceContext,
  vaults: ReadonlyMap<string, VaultPlan> | undefined,
): ServicePlan {
  const { service, needs, description, common, rendered, hidden } = draft;
  const vault = vaults?.get(service.name);
  const checks = [...(description.checks ?? []), ...common.checks];
  const sources = vaults ? [] : Object.entries(rendered.secretEnv);
  const secretEnv = sources.map(([variable, name]) => [
    variable,
    secretValue(draft, name, drafts, settings.stack, settings.key),
  ]);
  return {
    name: service.name,
    needs,
    composeFile: rendered.text,
    env: rendered.env,
    ...(hidden ? { hidden } : {}),
    secretEnv: Object.fromEntries(secretEnv),
    ...(vault ? { vault } : {}),
    domains: (description.routes ?? []).map(({ container, port, host, path }) => ({
      host: context.hostOf(host),
      service: rendered.containers[container] ?? container,
      port,
      ...(path === undefined ? {} : { path }),
      https: true,
      certificate: "letsencrypt",
    })),
    checks: checks.filter((check) => "url" in check),
    commands: checks.filter((check) => "command" in check),
    ...(description.login ? { login: description.login } : {}),
    data: description.data ?? [],
    waitTimeout: waitTimeout(draft),
    stages: rendered.stages,
    adopt: common.adopt,
  };
}
