/**
 * The half life of which a secret id is, by `now` in milliseconds: the same number for half its time, so the first update in the next
 * half makes a new one while the old one still signs in. It never ends as long as updates are not further apart than half its time.
 * `secretIdTtl` in seconds.
 */
export function halfLife(secretIdTtl: number, now: number): number {
  return Math.floor(now / (secretIdTtl * 500));
}

/** When a secret id ends at the earliest, in milliseconds since the epoch, by the metadata that it was made with; undefined: never. */
export function earliestEnd(metadata: unknown): number | undefined {
  const { half, ttl } = parse(metadata);
  return half === undefined || ttl === undefined ? undefined : Number(half) * Number(ttl) * 500 + Number(ttl) * 1000;
}

/** In which half of its life a secret id was made, by the metadata that Vault has of it; undefined: it has no end. */
export function lifeOf(metadata: unknown): { half: number; ttl: number } | undefined {
  const { half, ttl } = (metadata ?? {}) as { half?: string; ttl?: string };
  return half === undefined || ttl === undefined ? undefined : { half: Number(half), ttl: Number(ttl) };
}

/** What a secret id is made with, besides how often it was rotated. Metadata cannot be changed, so another half is another one. */
export function lifeMetadata(secretIdTtl: number | undefined, now: number): { half?: string; ttl?: string } {
  return secretIdTtl === undefined ? {} : { half: String(halfLife(secretIdTtl, now)), ttl: String(secretIdTtl) };
}

function parse(metadata: unknown): { half?: string; ttl?: string } {
  try {
    return JSON.parse(String(metadata)) ?? {};
  } catch {
    return {};
  }
}
