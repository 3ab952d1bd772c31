import type { Seen } from "../engine/seen.ts";
import { fingerprint } from "../platform/keys.ts";
import type { Vault, VaultFacts } from "./api/client.ts";
import { VaultError } from "./api/errors.ts";
import { type Field, type FieldInput, readFields } from "./api/fields.ts";
import { requireStillThere, rotationsOf } from "./decide.ts";
import { leftSecret, serviceOf } from "./observe.ts";
import { type WrittenSecret, writeMissing } from "./write.ts";

/** Inputs with every default filled in. */
export interface SecretsInputs {
  /** KV v2 path, e.g. `secret/data/platform/staging/redis`. */
  path: string;
  fields: Record<string, Field>;
}

/** Version of the state's layout. Outputs only ever gain keys; an older release refuses what a newer one wrote. */
export const SCHEMA_VERSION = 1;

/** What the state holds: never a value. */
export interface SecretsOutputs extends SecretsInputs {
  schemaVersion: number;
  /** Version in Vault as last seen. */
  version: number;
  /** Field → 16 hex digits that change with its value. */
  fingerprints: Record<string, string>;
  /** Field → last rotation carried out. */
  rotations: Record<string, number>;
  /** Fields whose value was changed in Vault since the last update: the engine shows drift only where an update is due. */
  drift: string[];
}

/** What an operation works with. */
export interface Context {
  vault: Vault;
  /** `PLATFORM_KEY`: makes the fingerprints tell nothing to those who do not have it. */
  key: string;
  /** Who is told of everything that was read or left, and where Vault is. */
  told?: { address: string; tell: (seen: Seen) => void; facts: VaultFacts };
}

/** What Pulumi sends in a preview for a value that is not known yet. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Fills in defaults. Throws `config_invalid`. */
export function checkInputs({ path, fields }: { path: string; fields: Record<string, FieldInput> }): SecretsInputs {
  if (path !== UNKNOWN && !/^[\w-]+(\/[\w-]+)*?\/data(\/[\w-]+)+$/.test(path)) {
    throw new VaultError(
      "config_invalid",
      `\`${path}\` is no path of a KV v2 secret`,
      "write it like secret/data/platform/staging/redis",
    );
  }
  return { path, fields: readFields(fields) };
}

/** Exactly the inputs out of what the state holds. */
export function inputsOf({ path, fields }: SecretsInputs): SecretsInputs {
  return { path, fields };
}

/** Another path is another secret; the old one keeps its values. */
export function diffSecrets(olds: SecretsOutputs, news: SecretsInputs): { changes: boolean; replaces: string[] } {
  requireKnownSchema(olds);
  const moved = olds.path !== news.path;
  const same = printFields(olds.fields) === printFields(news.fields);
  const complete = Object.keys(news.fields).every((name) => name in olds.fingerprints);
  return { changes: moved || !same || !complete || olds.drift.length > 0, replaces: moved ? ["path"] : [] };
}

/** Fills what is missing in Vault, rotates what is asked for, and answers what the state is to hold. */
export function writeSecrets(
  context: Context,
  inputs: SecretsInputs,
  olds: SecretsOutputs | undefined,
): Promise<SecretsOutputs> {
  return telling(context, inputs.path, async (leave) => {
    if (olds) requireKnownSchema(olds);
    const known = olds?.path === inputs.path ? olds : undefined;
    const written = await writeMissing(context.vault, inputs.path, inputs.fields, known);
    leave(written.version);
    return { ...toOutputs(context.key, inputs, written), rotations: rotationsOf(inputs.fields, known), drift: [] };
  });
}

/** What the state is to hold by what is in Vault now. Throws when that could not be told, or when values are gone. */
export function readSecrets(context: Context, olds: SecretsOutputs): Promise<SecretsOutputs> {
  return telling(context, olds.path, async (leave) => {
    requireKnownSchema(olds);
    const live = await context.vault.readSecret(olds.path);
    requireStillThere(olds.path, olds, live);
    const written = { version: live?.version ?? 0, values: live?.values ?? {} };
    const outputs = toOutputs(context.key, inputsOf(olds), written);
    const changed = Object.keys(olds.fingerprints).filter(
      (name) => outputs.fingerprints[name] !== olds.fingerprints[name],
    );
    const drift = [...new Set([...olds.drift, ...changed])].sort();
    const isClean = drift.length === 0 && written.version === olds.version && isComplete(outputs, olds);
    if (isClean) leave(written.version);
    return { ...outputs, rotations: olds.rotations, drift };
  });
}

/** Whether every field that the program names has a value, of which the state knows the fingerprint. */
function isComplete(outputs: Pick<SecretsOutputs, "fingerprints">, { fields, fingerprints }: SecretsOutputs): boolean {
  return Object.keys(fields).every((name) => name in fingerprints && name in outputs.fingerprints);
}

/** Tells how a secret was left, or that nothing is known of it any more. */
async function telling<T>(
  { key, told }: Context,
  path: string,
  work: (leave: (version: number) => void) => Promise<T>,
): Promise<T> {
  const nothing = { type: "secret" as const, service: serviceOf(path), id: path, forget: true as const };
  if (told === undefined) return work(() => {});
  let left: number | undefined;
  try {
    const done = await work((version) => {
      left = version;
    });
    // Of a version that is there the values never change; that another one has its number tells when it was made.
    const state = left === undefined ? undefined : await told.facts.readState(path).catch(() => undefined);
    const { address } = told;
    told.tell((state?.version === left && state && leftSecret({ key, address }, path, state)) || nothing);
    return done;
  } catch (error) {
    told.tell(nothing);
    throw error;
  }
}

function toOutputs(
  key: string,
  inputs: SecretsInputs,
  { version, values }: WrittenSecret,
): Omit<SecretsOutputs, "rotations" | "drift"> {
  const fingerprints = Object.keys(inputs.fields)
    .filter((name) => name in values)
    .map((name) => [name, fingerprint(key, inputs.path, { [name]: String(values[name]) })]);
  return { schemaVersion: SCHEMA_VERSION, ...inputs, version, fingerprints: Object.fromEntries(fingerprints) };
}

function requireKnownSchema({ schemaVersion = SCHEMA_VERSION }: { schemaVersion?: number }): void {
  if (schemaVersion <= SCHEMA_VERSION) return;
  throw new VaultError(
    "config_invalid",
    `the state was written by a newer release (schema ${schemaVersion}, this one knows ${SCHEMA_VERSION})`,
    "deploy the newer release again, or a newer one",
  );
}

/** The engine may hand keys over in another order. */
function printFields(fields: Readonly<Record<string, Field>>): string {
  const lines = Object.entries(fields).map(
    ([name, { kind, length, rotation }]) => `${name} ${kind} ${length} ${rotation}`,
  );
  return lines.sort().join("\n");
}
