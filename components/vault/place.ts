import type { FieldInput } from "./api/fields.ts";
import { servicePath, sharedName, sharedPath, type VaultLayout } from "./api/paths.ts";

/** Where one secret is: a field of a KV v2 path. */
export interface SecretPlace {
  path: string;
  field: string;
}

/** What a service has and asks for, as its description and compose file say it. */
export interface SecretNeeds {
  service: string;
  /** Its own secrets: name → how to make the value. */
  own: Readonly<Record<string, FieldInput>>;
  /** Those of its own that other services may read. */
  shares: readonly string[];
  /** Secrets that another service owns and shares: name here → owner and name there. */
  borrowed: Readonly<Record<string, { service: string; name: string }>>;
}

/** Where everything is, and who may read it. */
export interface SecretPlaces {
  /** Service → name of the secret there → place. */
  places: Record<string, Record<string, SecretPlace>>;
  /** What has to exist: path → owner and fields. One `Secrets` resource each. */
  paths: Record<string, { owner: string; fields: Record<string, FieldInput> }>;
  /** Others' shared secrets by reader, for the bootstrap stack: service → names. */
  shared: Record<string, string[]>;
}

/**
 * The place of one secret. What is not shared is a field of the owner's path. What is has a path of its own, which exactly its owner
 * and its readers may read; whether anybody reads it does not matter, or a new reader would move it and it would get a new value.
 */
export function placeOf(
  layout: VaultLayout,
  stack: string,
  owner: string,
  name: string,
  isShared: boolean,
): SecretPlace {
  const field = toField(name);
  const path = isShared ? sharedPath(layout, stack, sharedName(owner, field)) : servicePath(layout, stack, owner);
  return { path, field };
}

/** Gives every secret of a stack its place. */
export function placeSecrets(layout: VaultLayout, stack: string, services: readonly SecretNeeds[]): SecretPlaces {
  const result: SecretPlaces = { places: {}, paths: {}, shared: {} };
  for (const { service, own, shares, borrowed } of services) {
    const places: Record<string, SecretPlace> = {};
    for (const [name, field] of Object.entries(own)) {
      const place = placeOf(layout, stack, service, name, shares.includes(name));
      places[name] = place;
      const path = result.paths[place.path] ?? { owner: service, fields: {} };
      path.fields[place.field] = field;
      result.paths[place.path] = path;
    }
    for (const [name, source] of Object.entries(borrowed)) {
      places[name] = placeOf(layout, stack, source.service, source.name, true);
    }
    result.places[service] = places;
    const names = Object.values(borrowed).map((source) => sharedName(source.service, toField(source.name)));
    result.shared[service] = [...new Set(names)].sort();
  }
  return result;
}

/** A template of the agent can address letters, digits and `_`: the secret of bucket `my-files` is the field `bucket_my_files`. */
function toField(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, "_");
}
