import type { SecretVersion } from "./api/client.ts";
import { VaultError } from "./api/errors.ts";
import type { Field } from "./api/fields.ts";

/** What the state remembers of a secret: which fields had a value, and up to which rotation. */
export interface Known {
  version: number;
  /** Field name → last rotation carried out. */
  rotations: Readonly<Record<string, number>>;
}

/**
 * Throws `vault_missing` when values that were there are gone. New ones would lock the service out of the data that the old ones
 * protect, and a wrong VAULT_ADDR looks the same, so people decide.
 */
export function requireStillThere(path: string, known: Known | undefined, live: SecretVersion | undefined): void {
  if (live && !live.values) {
    throw new VaultError(
      "vault_missing",
      `version ${live.version} of ${path} was deleted`,
      `restore it (\`vault kv undelete\` or \`vault kv rollback\`), or erase the path for good to get new values`,
    );
  }
  const names = Object.keys(known?.rotations ?? {});
  if (!known || names.length === 0) return;
  if (!live) {
    throw new VaultError(
      "vault_missing",
      `${path} had version ${known.version} and is gone`,
      "check that VAULT_ADDR is the right Vault and restore the secret; only if it is lost for good, take the resource out of the state (`pulumi state delete`) to get new values",
    );
  }
  const gone = names.filter((name) => !(name in (live.values ?? {})));
  if (gone.length === 0) return;
  throw new VaultError(
    "vault_missing",
    `${path} lost ${gone.join(", ")} between version ${known.version} and ${live.version}`,
    `\`vault kv put\` replaces all fields: restore version ${known.version} (\`vault kv rollback\`), then change single ones with \`vault kv patch\``,
  );
}

/**
 * Which fields get a new value: those that have none, and those whose rotation was raised. Nothing else is ever written.
 * Throws `vault_missing` for given fields without a value.
 */
export function decideNewFields(
  path: string,
  wanted: Readonly<Record<string, Field>>,
  known: Known | undefined,
  live: SecretVersion | undefined,
): string[] {
  requireStillThere(path, known, live);
  const values = live?.values ?? {};
  const empty = Object.entries(wanted)
    .filter(([name, { kind }]) => (name in values ? !isUsable(values[name]) : kind === "given"))
    .map(([name]) => name);
  if (empty.length > 0) {
    throw new VaultError(
      "vault_missing",
      `${path} has no usable text for ${empty.join(", ")}`,
      `put it there: \`vault kv ${live ? "patch" : "put"} ${kvArguments(path)} ${empty[0]}=-\` reads it from the keyboard`,
    );
  }
  return Object.entries(wanted)
    .filter(
      ([name, { kind, rotation }]) =>
        kind !== "given" && (!(name in values) || rotation > lastRotation(known, name, rotation)),
    )
    .map(([name]) => name);
}

/** The rotations to remember. A lower number asks for nothing, so that going back to an older release rotates nothing. */
export function rotationsOf(wanted: Readonly<Record<string, Field>>, known: Known | undefined): Record<string, number> {
  return Object.fromEntries(
    Object.entries(wanted).map(([name, { rotation }]) => [
      name,
      Math.max(rotation, lastRotation(known, name, rotation)),
    ]),
  );
}

/** A field that the state does not know counts as rotated: after a lost state nothing gets a new value. */
function lastRotation(known: Known | undefined, name: string, otherwise: number): number {
  return known?.rotations[name] ?? otherwise;
}

/** `secret/data/platform/staging/redis` as the command line wants it. */
function kvArguments(path: string): string {
  const [mount, name] = path.split("/data/", 2);
  return `-mount=${mount} ${name}`;
}

function isUsable(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
