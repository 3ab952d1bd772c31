import { createHash } from "node:crypto";
import { type Deployment, type Entry, KIND, type Operation, type Resource } from "./entry.ts";
import { dropDangling, renameReferences } from "./references.ts";

/** A stack's state, and what an engine must know to read it. */
export interface Versioned {
  version: 3 | 4;
  features: string[];
  deployment: Deployment;
}

/** What entries have said so far. Old resources go by their index in the base, new ones by the operation that made them. */
interface Progress {
  base: Deployment;
  made: Map<number, Resource>;
  dropped: Set<number>;
  gone: Set<number>;
  replaced: Map<number, Resource>;
  marked: Map<number, Partial<Resource>>;
  /** Operations that began and did not end. */
  open: Map<number, Operation>;
  extensions: Record<string, unknown>;
  refreshed: boolean;
  byteStrings: boolean;
}

/**
 * The state that a journal leads to, from the state it began with. A journal that ends in the middle gives what was done by
 * then, with what was under way as pending operations. It means what the engine's own replay means
 * (pulumi/pulumi, pkg/backend/journal.go of v3.259.0). Pure but for `now`.
 */
export function replay(base: Deployment | null, entries: readonly Entry[], engine: string, now: Date): Versioned {
  let progress = begin(base ?? {});
  // A request whose answer was lost is sent again, and requests may overtake each other.
  const bySequence = new Map(entries.map((entry) => [entry.sequenceID, entry]));
  for (const entry of [...bySequence.values()].sort((a, b) => a.sequenceID - b.sequenceID)) {
    if (entry.requiresByteString) progress.byteStrings = true;
    if (entry.kind === KIND.rebuiltBaseState) {
      const { byteStrings, refreshed } = progress;
      progress = { ...begin(conclude(progress, engine, now).deployment), byteStrings, refreshed };
    } else {
      apply(progress, entry);
    }
  }
  return conclude(progress, engine, now);
}

function begin(base: Deployment): Progress {
  return {
    base,
    made: new Map(),
    dropped: new Set(),
    gone: new Set(),
    replaced: new Map(),
    marked: new Map(),
    open: new Map(),
    extensions: {},
    refreshed: false,
    byteStrings: false,
  };
}

function apply(progress: Progress, entry: Entry): void {
  const { operationID, operation, state, removeOld, removeNew } = entry;
  switch (entry.kind) {
    case KIND.begin:
      if (operation) progress.open.set(operationID, operation);
      return;
    case KIND.failure:
      progress.open.delete(operationID);
      return;
    case KIND.success:
      progress.open.delete(operationID);
      if (state) progress.made.set(operationID, state);
      if (isGiven(removeOld)) progress.gone.add(removeOld);
      if (isGiven(removeNew)) progress.dropped.add(removeNew);
      if (isGiven(entry.deleteOld)) markOld(progress, entry.deleteOld, { delete: true });
      if (isGiven(entry.deleteNew)) markNew(progress, entry.deleteNew, { delete: true });
      if (isGiven(entry.pendingReplacementOld))
        markOld(progress, entry.pendingReplacementOld, { pendingReplacement: true });
      if (isGiven(entry.pendingReplacementNew))
        markNew(progress, entry.pendingReplacementNew, { pendingReplacement: true });
      if (entry.isRefresh) progress.refreshed = true;
      return;
    case KIND.refreshSuccess:
      progress.open.delete(operationID);
      progress.refreshed = true;
      if (isGiven(removeOld)) {
        if (state) progress.replaced.set(removeOld, state);
        else progress.gone.add(removeOld);
      }
      if (isGiven(removeNew)) {
        if (state) replaceNew(progress, removeNew, state);
        else progress.dropped.add(removeNew);
      }
      return;
    case KIND.outputs:
      if (state && isGiven(removeOld)) progress.replaced.set(removeOld, state);
      if (state && isGiven(removeNew)) replaceNew(progress, removeNew, state);
      return;
    case KIND.write:
      progress.base = entry.newSnapshot ?? {};
      return;
    case KIND.secretsManager:
      progress.base = { ...progress.base, secrets_providers: entry.secretsProvider };
      return;
    case KIND.snippets:
      progress.base = { ...progress.base, snippets: entry.snippets };
      return;
    case KIND.extensionParameterize:
      if (entry.extensionRef) progress.extensions[entry.extensionRef] = entry.extension;
      return;
    default:
      throw new Error(`a journal entry of kind ${entry.kind} is unknown`);
  }
}

function isGiven(reference: number | null | undefined): reference is number {
  return reference !== null && reference !== undefined;
}

function markOld({ marked }: Progress, index: number, mark: Partial<Resource>): void {
  marked.set(index, { ...marked.get(index), ...mark });
}

function markNew(progress: Progress, operation: number, mark: Partial<Resource>): void {
  replaceNew(progress, operation, { ...findNew(progress, operation), ...mark } as Resource);
}

/** In the place that it has: what depends on it stands behind. */
function replaceNew(progress: Progress, operation: number, state: Resource): void {
  findNew(progress, operation);
  progress.made.set(operation, state);
}

function findNew({ made }: Progress, operation: number): Resource {
  const resource = made.get(operation);
  if (!resource) throw new Error(`the journal speaks of operation ${operation}, which made nothing`);
  return resource;
}

/** New resources in the order in which they were made, then what is left of the old ones. */
function conclude(progress: Progress, engine: string, now: Date): Versioned {
  const { base, made, dropped, gone, replaced, marked, open, refreshed } = progress;
  const fresh = [...made].filter(([operation]) => !dropped.has(operation)).map(([, resource]) => resource);
  const left = (base.resources ?? []).flatMap((old, index) => {
    if (gone.has(index)) return [];
    return [replaced.get(index) ?? { ...old, ...marked.get(index) }];
  });
  const resources = refreshed ? dropDangling([...fresh, ...left]) : [...fresh, ...left];
  const operations = [
    ...open.values(),
    // Only a person, or a refresh that is told so, can say what became of a creation that nobody saw the end of.
    ...(base.pending_operations ?? []).filter(({ type }) => type === "creating"),
  ];
  const extensions = { ...progress.extensions, ...base.extensions };
  const deployment = renameReferences({
    manifest: { time: now.toISOString(), magic: createHash("sha256").update(engine).digest("hex"), version: engine },
    ...(base.secrets_providers ? { secrets_providers: base.secrets_providers } : {}),
    ...(resources.length > 0 ? { resources } : {}),
    ...(operations.length > 0 ? { pending_operations: operations } : {}),
    metadata: base.metadata ?? {},
    ...(base.snippets?.length ? { snippets: base.snippets } : {}),
    ...(Object.keys(extensions).length > 0 ? { extensions } : {}),
  });
  const features = findFeatures(deployment, progress.byteStrings);
  return { version: features.length > 0 ? 4 : 3, features, deployment };
}

/** What a resource may have that older engines must not overlook (pkg/resource/stack/deployment.go of v3.259.0). */
const FEATURES: Record<string, (resource: Resource) => unknown> = {
  refreshBeforeUpdate: ({ refreshBeforeUpdate }) => refreshBeforeUpdate,
  views: ({ viewOf }) => viewOf,
  hooks: ({ resourceHooks }) => Object.keys(resourceHooks ?? {}).length > 0,
  taint: ({ taint }) => taint,
  replaceWith: ({ replaceWith }) => replaceWith?.length,
  extensionParameterization: ({ extensionRef }) => extensionRef,
  "snippets-prototype": ({ snippetID }) => snippetID,
};

function findFeatures(
  { resources, pending_operations: operations, snippets }: Deployment,
  byteStrings: boolean,
): string[] {
  const all = [...(resources ?? []), ...(operations ?? []).map(({ resource }) => resource)];
  const found = Object.entries(FEATURES).flatMap(([name, has]) => (all.some(has) ? [name] : []));
  if (byteStrings && all.length > 0) found.push("byteString");
  if (snippets?.length) found.push("snippets-prototype");
  return [...new Set(found)].sort();
}
