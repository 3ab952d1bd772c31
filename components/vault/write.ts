import { setTimeout as sleep } from "node:timers/promises";
import type { SecretVersion, Vault } from "./api/client.ts";
import { VaultError } from "./api/errors.ts";
import { type Field, generateValue } from "./api/fields.ts";
import { decideNewFields, type Known } from "./decide.ts";

/** A secret as it is in Vault once all fields have a value. */
export interface WrittenSecret {
  version: number;
  values: Record<string, unknown>;
}

const ATTEMPTS = 6;

/**
 * Makes sure that every wanted field has a value, and gives new ones to those whose rotation was raised. Only adds or changes
 * these fields, with check-and-set; after a lost answer or another writer it reads again and goes on from what is there.
 * `pause`: milliseconds before the second attempt, grows with each.
 */
export async function writeMissing(
  vault: Vault,
  path: string,
  wanted: Readonly<Record<string, Field>>,
  known: Known | undefined,
  pause = 250,
): Promise<WrittenSecret> {
  // Made once, so that a write whose answer was lost is recognised.
  const made = new Map<string, string>();
  let lost: unknown;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const live = await vault.readSecret(path);
    const names = decideNewFields(path, wanted, known, live).filter((name) => !landed(live, name, made));
    if (names.length === 0) return { version: live?.version ?? 0, values: live?.values ?? {} };
    for (const [name, field] of Object.entries(wanted)) {
      if (names.includes(name) && !made.has(name)) made.set(name, generateValue(field));
    }
    const values = Object.fromEntries([...made].filter(([name]) => names.includes(name)));
    try {
      await vault.writeFields(path, values, live?.version ?? 0);
      lost = undefined;
    } catch (error) {
      if (!(error instanceof VaultError) || error.code !== "vault_unreachable") throw error;
      lost = error;
      await sleep(pause * attempt);
    }
  }
  throw (
    lost ??
    new VaultError(
      "vault_unreachable",
      `${path} changes all the time`,
      "find out what else writes it, then run it again",
    )
  );
}

function landed(live: SecretVersion | undefined, name: string, made: ReadonlyMap<string, string>): boolean {
  return made.has(name) && live?.values?.[name] === made.get(name);
}
