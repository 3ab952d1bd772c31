import { type NoteProblem, printAllowed } from "../compose/house/notes.ts";
import type { Problem } from "../compose/problem.ts";
import { mergeDrift } from "../dokploy/rules/drift-policy.ts";
import { planVault, type VaultPlan } from "../vault/plan.ts";
import { checkDrafts, refusedValue } from "./check-drafts.ts";
import { splitChecks } from "./checks/checks.ts";
import { type Draft, definitionProblem, type RenderedDraft, secretValue, toDraft } from "./draft.ts";
import { explainClashes } from "./names/explain.ts";
import { type NamedStack, namesOfStack } from "./names/of-stack.ts";
import type { PlannedServices, PlanSources, ServicePlan, StackSettings } from "./plan.ts";
import { planChecksOfStack } from "./plan-checks.ts";
import { checkNetworks, type PreparedDraft, planNetworks } from "./plan-networks.ts";
import { composeFileOf, prepareDraft, waitTimeout } from "./prepare-draft.ts";
import type { Described, Service, ServiceContext } from "./service.ts";

/**
 * Plans every service of a stack, in the order of their dependencies, or says all that is wrong; and tells what is to be noted and what
 * it names, as far as the files can be read. Pure.
 */
export function planServices(settings: StackSettings, sources: PlanSources): PlannedServices {
  const problems: Problem[] = [];
  const notes: NoteProblem[] = [];
  const running = sources.catalogue.filter((service) => settings.services.includes(service.name));
  const context = contextFor(settings, running);

  const masked = new Map<string, Described>();
  const unchecked = running.flatMap((service): Omit<Draft, "checks">[] => {
    const { described, issues } = service.describe(settings.settings[service.name], context);
    const key = `platform:${service.name}`;
    problems.push(...issues.map(({ path, message, hint }) => sources.configProblem(key, path, message, hint)));
    const other = described && describeMasked(service, settings.masked?.[service.name], context);
    if (other) masked.set(service.name, other);
    const hidden = described && other && namesThatDepend(described, other);
    return described ? [{ ...toDraft(service, described), ...(hidden && { hidden }) }] : [];
  });

  const checks = planChecksOfStack(unchecked, settings, sources, ({ service }) => masked.get(service.name));
  const { drafts } = checks;
  problems.push(...checks.problems);

  const refuseValue: PlannedServices["refuseValue"] = (service, name, value) =>
    refusedValue(service, name, value, drafts, settings.vault !== undefined).map((reason) =>
      sources.configProblem(`platform:${service}`, ["secrets", name], `the value ${reason}`, "choose another value"),
    );

  const prepared = drafts.flatMap((draft): PreparedDraft[] => {
    const result = prepareDraft(draft, drafts, settings, sources);
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
  problems.push(...checkNetworks(prepared, joins), ...checks.asked(joins));

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
      if (!draft) return [];
      const allows = notes.filter(({ file }) => file === composeFileOf(name)).flatMap(printAllowed);
      return [{ ...toPlan(draft, drafts, settings, context, vault), ...(allows.length > 0 ? { allows } : {}) }];
    }),
    problems,
    notes,
    names: made,
    refuseValue,
  };
}

/** The service with a stand-in where a secret is; undefined when it has none, or the settings then make no sense. */
function describeMasked(service: Service, masked: unknown, context: ServiceContext): Described | undefined {
  if (masked === undefined) return undefined;
  const { described, issues } = service.describe(masked, context);
  return issues.length > 0 ? undefined : described;
}

/** Names of the env whose values are others when a stand-in is where a secret is. */
function namesThatDepend({ description, common }: Described, masked: Described): string[] {
  const [real, other] = [
    { ...description.env, ...common.env },
    { ...masked.description.env, ...masked.common.env },
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

function toPlan(
  draft: RenderedDraft,
  drafts: readonly Draft[],
  settings: StackSettings,
  context: ServiceContext,
  vaults: ReadonlyMap<string, VaultPlan> | undefined,
): ServicePlan {
  const { service, needs, description, common, rendered, hidden, checks } = draft;
  const { ignore } = mergeDrift(settings.drift, common.drift);
  const vault = vaults?.get(service.name);
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
    ...splitChecks(checks.outside),
    ...(description.login ? { login: description.login } : {}),
    data: description.data ?? [],
    waitTimeout: waitTimeout(draft),
    stages: rendered.stages,
    adopt: common.adopt,
    ...(ignore.length > 0 ? { ignore } : {}),
  };
}

/** Sorts names so that each comes after those it needs, else in the given order; or says who waits for whom in a circle. */
function orderByNeeds(nodes: readonly { name: string; needs: readonly string[] }[]): {
  order: string[];
  circle?: string[];
} {
  const needs = new Map(nodes.map((node) => [node.name, node.needs]));
  const order: string[] = [];
  let circle: string[] | undefined;
  const visit = (name: string, above: readonly string[]): void => {
    if (above.includes(name)) circle ??= [...above.slice(above.indexOf(name)), name];
    if (order.includes(name) || above.includes(name)) return;
    for (const next of needs.get(name) ?? []) if (needs.has(next)) visit(next, [...above, name]);
    order.push(name);
  };
  for (const { name } of nodes) visit(name, []);
  return circle ? { order, circle } : { order };
}
