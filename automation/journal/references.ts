import type { Deployment, Resource } from "./entry.ts";

const STACK = "pulumi:pulumi:Stack";

/** Drops references to what does not stand before in the list: a refresh may find things gone that others depend on. */
export function dropDangling(resources: Resource[]): Resource[] {
  const known = new Set<string>();
  const isKnown = (urn: string) => known.has(urn);
  return resources.map((resource) => {
    const kept = { ...resource };
    if (kept.parent && !isKnown(kept.parent)) delete kept.parent;
    if (kept.deletedWith && !isKnown(kept.deletedWith)) delete kept.deletedWith;
    if (kept.dependencies) kept.dependencies = kept.dependencies.filter(isKnown);
    if (kept.replaceWith) kept.replaceWith = kept.replaceWith.filter(isKnown);
    if (kept.propertyDependencies) {
      // A property without dependencies keeps its empty list: no list at all would mean that it depends on everything.
      const left = Object.entries(kept.propertyDependencies).map(([key, urns]) => [key, (urns ?? []).filter(isKnown)]);
      kept.propertyDependencies = Object.fromEntries(left);
    }
    known.add(kept.urn);
    return kept;
  });
}

/**
 * Replaces the names that resources had before by those they have now, and forgets the old ones. A child whose parent was
 * renamed is renamed with it, as its parent's type is part of its URN.
 */
export function renameReferences(deployment: Deployment): Deployment {
  const resources = deployment.resources ?? [];
  const renamed = findRenamed(resources);
  if (renamed.size === 0) return deployment;
  const now = (urn: string) => renamed.get(urn) ?? urn;
  return {
    ...deployment,
    resources: resources.map(({ aliases, ...resource }) => {
      const fresh: Resource = { ...resource, urn: now(resource.urn) };
      if (fresh.parent) fresh.parent = now(fresh.parent);
      if (fresh.deletedWith) fresh.deletedWith = now(fresh.deletedWith);
      if (fresh.viewOf) fresh.viewOf = now(fresh.viewOf);
      if (fresh.provider) fresh.provider = renameProvider(fresh.provider, now);
      if (fresh.dependencies) fresh.dependencies = fresh.dependencies.map(now);
      if (fresh.propertyDependencies) {
        const entries = Object.entries(fresh.propertyDependencies);
        fresh.propertyDependencies = Object.fromEntries(entries.map(([key, urns]) => [key, urns?.map(now) ?? null]));
      }
      return fresh;
    }),
    ...(deployment.snippets && {
      snippets: deployment.snippets.map((snippet) =>
        snippet.references
          ? {
              ...snippet,
              references: Object.fromEntries(Object.entries(snippet.references).map(([key, urn]) => [key, now(urn)])),
            }
          : snippet,
      ),
    }),
  };
}

/** New names by old ones. Throws when two resources claim the same old name. */
function findRenamed(resources: Resource[]): Map<string, string> {
  const renamed = new Map<string, string>();
  for (const { urn, aliases, parent } of resources) {
    for (const alias of aliases ?? []) {
      const other = renamed.get(alias);
      if (other !== undefined && other !== urn) throw new Error(`${other} and ${urn} were both called ${alias} before`);
      renamed.set(alias, urn);
    }
    const newParent = parent === undefined ? undefined : renamed.get(parent);
    if (newParent !== undefined && typeOf(newParent) !== STACK)
      renamed.set(urn, withParentType(urn, typeOf(newParent)));
  }
  return renamed;
}

/** `urn:pulumi:<stack>::<project>::<types of the parents>$<type>::<name>`; only the name may hold `::`. */
function typeOf(urn: string): string {
  return urn.split("::")[2] ?? "";
}

function withParentType(urn: string, parentType: string): string {
  const [stack, project, types = "", ...name] = urn.split("::");
  return [stack, project, `${parentType}$${types.split("$").at(-1)}`, ...name].join("::");
}

/** A provider is referred to as `<urn>::<id>`. */
function renameProvider(provider: string, now: (urn: string) => string): string {
  const end = provider.lastIndexOf("::");
  return `${now(provider.slice(0, end))}${provider.slice(end)}`;
}
