import { containerName } from "../compose/names.ts";
import type { Problem } from "../compose/problem.ts";
import { mistakesInDefinition } from "./checks/checks.ts";
import { type Containers, type PlannedChecks, planChecks } from "./checks/inside.ts";
import { type Draft, definitionProblem } from "./draft.ts";
import type { PlanSources, StackSettings } from "./plan.ts";
import { containersOf, waitTimeout } from "./prepare-draft.ts";
import type { Described } from "./service.ts";

/** A draft of which it is not known yet where its checks run. */
type Unchecked = Omit<Draft, "checks">;

/** What the checks of a stack come to. */
export interface ChecksOfStack {
  drafts: Draft[];
  problems: Problem[];
  /** Containers of other services that checks ask: they have to be on the environment's network. */
  asked(joins: ReadonlyMap<string, readonly string[]>): Problem[];
}

/** Sorts every service's checks by where they run, and says what is wrong with them. `masked`: its settings with stand-ins for secrets. */
export function planChecksOfStack(
  drafts: readonly Unchecked[],
  settings: StackSettings,
  sources: PlanSources,
  masked: (draft: Unchecked) => Described | undefined,
): ChecksOfStack {
  let known: Containers | undefined;
  // Only addresses that may name a container need this, and every file is read for it.
  const containers = () => {
    known ??= new Map(
      drafts.flatMap(({ service: { name: service } }) =>
        containersOf(service, sources).map((container) => [
          containerName(service, container, settings.suffix),
          { service, container },
        ]),
      ),
    );
    return known;
  };
  const planned = drafts.map((draft) => {
    const { description, common, service } = draft;
    const all = [...(description.checks ?? []), ...common.checks];
    const { stack, suffix, domain } = settings;
    const place = { service: service.name, stack, suffix, domain, waitTimeout: waitTimeout(draft), containers };
    return { draft, checks: planChecks(all, place) };
  });
  return {
    drafts: planned.map(({ draft, checks: { outside, probes } }) => ({ ...draft, checks: { outside, probes } })),
    problems: planned.flatMap(({ draft, checks }) => [
      ...mistakesOf(draft, checks, sources),
      ...showingSecrets(draft, masked(draft), settings, sources),
    ]),
    asked: (joins) =>
      planned.flatMap(({ draft, checks }) =>
        checks.asks
          .filter(({ service, container }) => !joins.get(service)?.includes(container))
          .map(({ service, container, name }) =>
            definitionProblem(
              draft.service.name,
              `a check cannot reach \`${name}\`: only its siblings in ${service} see it`,
              `make it a check of ${service}, or add \`${container}\` to \`joins\` of components/${service}/index.ts`,
            ),
          ),
      ),
  };
}

function mistakesOf({ service, description }: Unchecked, { problems }: PlannedChecks, sources: PlanSources): Problem[] {
  const own = description.checks ?? [];
  return [
    ...own.flatMap((check, index) =>
      mistakesInDefinition(check).map((mistake) => {
        const [what = mistake, hint = "correct the definition"] = mistake.split("; ");
        return definitionProblem(service.name, `check ${index + 1}: ${what}`, hint);
      }),
    ),
    // How long a service's own checks may take is right for its own `waitTimeout`; a stack that shortens that knows why.
    ...problems
      .filter(({ index, key }) => index >= own.length || key !== "attempts")
      .map(({ index, key, message, hint }) =>
        index < own.length
          ? definitionProblem(service.name, `check ${index + 1}: ${message}`, hint)
          : sources.configProblem(`platform:${service.name}`, ["checks", index - own.length, key], message, hint),
      ),
  ];
}

/** What runs in the network stands in the compose text, where everybody who may look at Dokploy reads it. */
function showingSecrets(
  { service, common }: Unchecked,
  masked: Described | undefined,
  settings: StackSettings,
  { configProblem }: PlanSources,
): Problem[] {
  if (masked === undefined) return [];
  return common.checks.flatMap((check, index) => {
    const isText =
      ("command" in check && check.beside !== undefined) || ("url" in check && check.url.includes("://platform-"));
    if (!isText || JSON.stringify(check) === JSON.stringify(masked.common.checks[index])) return [];
    const hint = `leave it in clear, and read what is secret from /run/secrets; \`dockmaster secret set ${settings.stack} ${service.name} …\` puts it there`;
    return [
      configProblem(
        `platform:${service.name}`,
        ["checks", index],
        "a check in the platform's network cannot hold a Pulumi secret",
        hint,
      ),
    ];
  });
}
