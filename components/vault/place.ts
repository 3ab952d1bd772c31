import type { FieldInput } from "./fields.ts";
import { servicePath, sharedName, sharedPath, type VaultLayout } from "./paths.ts";

/** Where one secret is: a field of a KV v2 path. */
export interface SecretPlace {
  path: string;
  field: string;
}

/** What a service asks for, as its description and compose file say it. */
export interface SecretNeeds {
  service: string;
  /** Its own secrets: name → how to make the value. */
  own: Readonly<Record<string, FieldInput>>;
  /** Secrets that another service owns: name here → owner and name there. */
  borrowed: Readonly<Record<string, { service: string; name: string }>>;
}

/** Where everything is, and who may read it. */
export interface SecretPlaces {
  /** Service → name of the secret there → place. */
  places: Record<string, Record<string, SecretPlace>>;
  /** What has to exist: path → owner and fields. One `Secrets` resource each. */
  paths: Record<string, { owner: string; fields: Record<string, FieldInput> }>;
  /** Shared secrets by reader, for the bootstrap stack: service → names. */
  shared: Record<string, string[]>;
}

/**
 * Gives every secret of a stack its place. What only its owner reads is a field of the owner's path. What others read as well has a
 * path of its own, which exactly its owner and its readers may read.
 */
export function placeSecrets(layout: VaultLayout, stack: string, services: readonly SecretNeeds[]): SecretPlaces {
  const borrowed = new Set(
    services.flatMap((needs) => Object.values(needs.borrowed).map(({ service, name }) => sharedName(service, name))),
  );
  const placeOf = (owner: string, field: string): SecretPlace => {
    const shared = sharedName(owner, field);
    const path = borrowed.has(shared) ? sharedPath(layout, stack, shared) : servicePath(layout, stack, owner);
    return { path, field };
  };
  const result: SecretPlaces = { places: {}, paths: {}, shared: {} };
  for (const { service, own, borrowed: others } of services) {
    const places: Record<string, SecretPlace> = {};
    const shared = new Set<string>();
    for (const [name, field] of Object.entries(own)) {
      const place = placeOf(service, name);
      places[name] = place;
      const path = result.paths[place.path] ?? { owner: service, fields: {} };
      path.fields[name] = field;
      result.paths[place.path] = path;
      if (borrowed.has(sharedName(service, name))) shared.add(sharedName(service, name));
    }
    for (const [name, source] of Object.entries(others)) {
      places[name] = placeOf(source.service, source.name);
      shared.add(sharedName(source.service, source.name));
    }
    result.places[service] = places;
    result.shared[service] = [...shared].sort();
  }
  return result;
}
