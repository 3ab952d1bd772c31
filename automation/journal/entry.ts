import { z } from "zod";

// What the engine writes of state, as far as putting it together needs to know it; all else is carried along untouched
// (pulumi/pulumi, sdk/go/common/apitype/core.go and journal.go of v3.259.0).

const urns = z.array(z.string());

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  parent: z.string().optional(),
  provider: z.string().optional(),
  dependencies: urns.optional(),
  propertyDependencies: z.record(z.string(), urns.nullable()).optional(),
  deletedWith: z.string().optional(),
  replaceWith: urns.optional(),
  viewOf: z.string().optional(),
  aliases: urns.optional(),
  delete: z.boolean().optional(),
  pendingReplacement: z.boolean().optional(),
});

const operation = z.looseObject({ resource, type: z.string() });

const deployment = z.looseObject({
  manifest: z.unknown().optional(),
  secrets_providers: z.unknown().optional(),
  resources: z.array(resource).nullish(),
  pending_operations: z.array(operation).nullish(),
  metadata: z.unknown().optional(),
  snippets: z.array(z.looseObject({ references: z.record(z.string(), z.string()).nullish() })).nullish(),
  extensions: z.record(z.string(), z.unknown()).nullish(),
});

/** Kinds of journal entries, by the number that the engine gives them. */
export const KIND = {
  begin: 0,
  success: 1,
  failure: 2,
  refreshSuccess: 3,
  outputs: 4,
  write: 5,
  secretsManager: 6,
  rebuiltBaseState: 7,
  extensionParameterize: 8,
  snippets: 9,
} as const;

/** Index in the base's resources, or id of an operation of this update. Zero is one of them. */
const reference = z.number().int().nullish();

const entry = z.looseObject({
  version: z.literal(1),
  kind: z.number().int().min(0).max(9),
  sequenceID: z.number().int(),
  operationID: z.number().int(),
  removeOld: reference,
  removeNew: reference,
  pendingReplacementOld: reference,
  pendingReplacementNew: reference,
  deleteOld: reference,
  deleteNew: reference,
  state: resource.nullish(),
  operation: operation.nullish(),
  isRefresh: z.boolean().optional(),
  secretsProvider: z.unknown().optional(),
  snippets: deployment.shape.snippets,
  newSnapshot: deployment.nullish(),
  extensionRef: z.string().nullish(),
  extension: z.unknown().optional(),
  requiresByteString: z.boolean().optional(),
});

const requests = z.object({ entries: z.array(entry) });

const checkpoint = z.object({
  version: z.union([z.literal(3), z.literal(4)]),
  features: z.array(z.string()).nullish(),
  checkpoint: z.looseObject({ stack: z.string(), latest: deployment.nullish() }),
});

/** One resource as state holds it. */
export type Resource = z.infer<typeof resource>;
/** What the engine was doing to a resource. */
export type Operation = z.infer<typeof operation>;
/** The state of a stack after an update. */
export type Deployment = z.infer<typeof deployment>;
/** One step of an update, as the engine tells it. */
export type Entry = z.infer<typeof entry>;
/** The file of a stack's state. */
export type Checkpoint = z.infer<typeof checkpoint>;

/** Entries of one request of the engine's, given as JSON. Throws ZodError for what an engine that we do not know may write. */
export function toEntries(request: unknown): Entry[] {
  return requests.parse(request).entries;
}

/** Throws ZodError for a checkpoint of another schema. */
export function parseCheckpoint(text: string): Checkpoint {
  return checkpoint.parse(JSON.parse(text));
}
