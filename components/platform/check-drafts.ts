import { closest } from "../compose/closest.ts";
import type { Problem } from "../compose/problem.ts";
import { refusedEnv } from "../dokploy/api/env.ts";
import { type ConfigProblem, type Draft, definitionProblem, type RenderedDraft, refusedSecret } from "./draft.ts";

/**
 * What only shows when all services of a stack are seen together: names that nobody has, values that cannot travel. A service whose
 * compose file could not be read is in `drafts` only, and nobody is blamed for what it may have.
 */
export function checkDrafts(
  drafts: readonly Draft[],
  rendered: readonly RenderedDraft[],
  catalogue: readonly string[],
  configProblem: ConfigProblem,
  inVault: boolean,
): Problem[] {
  const secrets = new Map(rendered.map((draft) => [draft.service.name, draft.rendered.secrets]));
  return [
    ...drafts.flatMap((draft) => checkNeeds(draft, drafts, catalogue, configProblem)),
    ...rendered.flatMap((draft) => [
      ...checkNames(draft, secrets),
      ...checkShares(draft, rendered),
      ...(inVault
        ? refuseGiven(draft, configProblem)
        : checkGiven(draft, drafts, secrets.get(draft.service.name) ?? [], configProblem)),
      ...checkEnv(draft, configProblem),
    ]),
  ];
}

function checkNeeds(
  { service, needs }: Draft,
  drafts: readonly Draft[],
  catalogue: readonly string[],
  configProblem: ConfigProblem,
): Problem[] {
  return needs
    .filter((need) => !drafts.some((draft) => draft.service.name === need))
    .map((need) => {
      if (catalogue.includes(need)) {
        return configProblem(
          "platform:services",
          [],
          `${service.name} needs ${need}, which does not run here`,
          `add ${need}, or take ${service.name} out`,
        );
      }
      const near = closest(need, catalogue);
      return definitionProblem(
        service.name,
        `needs \`${need}\`, which is no service of the catalogue`,
        near ? `did you mean \`${near}\`?` : `known are ${catalogue.join(", ")}`,
      );
    });
}

function checkNames(draft: RenderedDraft, secrets: ReadonlyMap<string, string[]>): Problem[] {
  const { service, description, rendered } = draft;
  const found: Problem[] = [];
  const missing = (what: string, name: string, known: readonly string[]) =>
    found.push(
      definitionProblem(
        service.name,
        `${what} \`${name}\` is not in compose.yaml`,
        known.length > 0 ? `there are ${known.join(", ")}` : "add it there",
      ),
    );

  const containers = Object.keys(rendered.containers);
  for (const { container } of description.routes ?? [])
    if (!containers.includes(container)) missing("container", container, containers);
  for (const volume of description.data ?? [])
    if (!rendered.volumes.includes(volume)) missing("volume", volume, rendered.volumes);
  const own = secrets.get(service.name) ?? [];
  const { secret } = description.login ?? {};
  if (secret !== undefined && !own.includes(secret)) missing("secret", secret, own);
  for (const [name, source] of Object.entries(description.borrows ?? {})) {
    if (!own.includes(name)) missing("secret", name, own);
    const theirs = secrets.get(source.service);
    if (theirs && !theirs.includes(source.name)) {
      found.push(
        definitionProblem(
          service.name,
          `${source.service} has no secret \`${source.name}\``,
          `it has ${theirs.join(", ") || "none"}`,
        ),
      );
    }
  }
  return found;
}

/** Vault gives a secret that may be borrowed a path of its own, so its owner has to say which these are. */
function checkShares({ service, description }: RenderedDraft, drafts: readonly RenderedDraft[]): Problem[] {
  const sources = Object.values(description.borrows ?? {});
  return sources.flatMap((source) => {
    const owner = drafts.find((draft) => draft.service.name === source.service);
    if (!owner?.rendered.secrets.includes(source.name) || owner.description.shares?.includes(source.name)) return [];
    const message = `${source.service} does not share its secret \`${source.name}\``;
    const hint = `name it in \`shares\` of components/${source.service}/index.ts`;
    return [definitionProblem(service.name, message, hint)];
  });
}

/** Config is no place for a value that Vault is to hold. */
function refuseGiven({ service, common }: RenderedDraft, configProblem: ConfigProblem) {
  return Object.keys(common.secrets).map((name) =>
    configProblem(
      `platform:${service.name}`,
      ["secrets", name],
      "this stack's secrets live in Vault",
      `take it out, and put the value into Vault: \`dockmaster secret set <stack> ${service.name} ${name}\``,
    ),
  );
}

function checkGiven(
  { service, common, description }: RenderedDraft,
  drafts: readonly Draft[],
  known: readonly string[],
  configProblem: ConfigProblem,
): Problem[] {
  const key = `platform:${service.name}`;
  return Object.entries(common.secrets).flatMap(([name, value]) => {
    const path = ["secrets", name];
    const source = description.borrows?.[name];
    if (source)
      return [
        configProblem(
          key,
          path,
          `the value belongs to ${source.service}`,
          `give it as \`platform:${source.service}.secrets.${source.name}\``,
        ),
      ];
    if (!known.includes(name)) {
      const near = closest(name, known);
      return [
        configProblem(
          key,
          path,
          `${service.name} has no such secret`,
          near ? `did you mean \`${near}\`?` : `it has ${known.join(", ") || "none"}`,
        ),
      ];
    }
    return refusedValue(service.name, name, value, drafts, false).map((reason) =>
      configProblem(key, path, `the value ${reason}`, "choose another value"),
    );
  });
}

/** Why a value cannot be given for a secret: it would not reach the container unchanged, or who reads it there cannot take it. */
export function refusedValue(
  service: string,
  name: string,
  value: string,
  drafts: readonly Draft[],
  inVault: boolean,
): string[] {
  const lost = inVault ? [] : refusedEnv({ VALUE: value }, true).map(({ reason }) => reason);
  return [...lost, ...refusedSecret(service, name, value, drafts)];
}

function checkEnv({ service, common, description, rendered }: RenderedDraft, configProblem: ConfigProblem): Problem[] {
  const key = `platform:${service.name}`;
  const taken = Object.keys(common.env).filter((name) => name in (description.env ?? {}));
  return [
    ...taken.map((name) =>
      configProblem(key, ["env", name], "the service sets this variable itself", "use its setting"),
    ),
    ...refusedEnv(rendered.env, true).map(({ key: name, reason }) =>
      name in common.env
        ? configProblem(key, ["env", name], `the value ${reason}`, "choose another value")
        : definitionProblem(service.name, `the value of \`${name}\` ${reason}`, "choose another value"),
    ),
  ];
}
