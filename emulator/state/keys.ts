import type { Database } from "./database.ts";
import { hashKey, newApiKey, newAuthId } from "./ids.ts";
import type { ApiKeyRow, UserRow } from "./records.ts";

/** better-auth's defaults: what a key made over the API has when `rateLimitEnabled` is left out. */
const DAY = 86_400_000;
const DEFAULT_MAX = 10;

export interface NewKey {
  name: string;
  organizationId: string | null;
  rateLimitEnabled?: boolean | undefined;
  rateLimitTimeWindow?: number | undefined;
  rateLimitMax?: number | undefined;
  remaining?: number | undefined;
  /** Seconds. */
  expiresIn?: number | undefined;
}

export interface Keys {
  /** The user of a key that is good for one more verification, which it uses up; undefined for every other key. */
  verify(key: string | undefined): UserRow | undefined;
  /** Whether a rate limit may make the key good for no more verifications, for a time. */
  hasRateLimit(key: string | undefined): boolean;
  /** Makes a key; the key itself is only in this answer. */
  create(user: UserRow, wanted: NewKey, key?: string): { key: string; row: ApiKeyRow };
  /** Who asks an open procedure without a key. */
  nobody: UserRow;
}

export function openKeys(db: Database, now: () => Date): Keys {
  const idByHash = new Map(db.apiKeys.all().map((row) => [row.hash, row.id]));
  const rowOf = (key: string | undefined) => {
    const id = key === undefined ? undefined : idByHash.get(hashKey(key));
    return id === undefined ? undefined : db.apiKeys.get(id);
  };
  return {
    nobody: { id: "", memberId: "", email: "", firstName: "", role: "member", createdAt: "" },
    hasRateLimit: (key) => rowOf(key)?.rateLimitEnabled ?? false,
    verify(key) {
      const row = rowOf(key);
      if (row === undefined || !useUp(db, row, now().getTime())) return undefined;
      // A key without an organization always gets 401.
      return row.organizationId === null ? undefined : db.users.get(row.userId);
    },
    create(user, wanted, key = newApiKey()) {
      const row = db.apiKeys.insert({
        id: newAuthId(),
        name: wanted.name,
        hash: hashKey(key),
        start: key.slice(0, 6),
        userId: user.id,
        organizationId: wanted.organizationId,
        rateLimitEnabled: wanted.rateLimitEnabled ?? true,
        rateLimitTimeWindow: wanted.rateLimitTimeWindow ?? DAY,
        rateLimitMax: wanted.rateLimitMax ?? DEFAULT_MAX,
        requestCount: 0,
        remaining: wanted.remaining ?? null,
        lastRequest: null,
        expiresAt:
          wanted.expiresIn === undefined ? null : new Date(now().getTime() + wanted.expiresIn * 1000).toISOString(),
        createdAt: now().toISOString(),
      });
      idByHash.set(row.hash, row.id);
      return { key, row };
    },
  };
}

/** Counts one verification; false when the key is expired, over its limit or used up. */
function useUp(db: Database, row: ApiKeyRow, time: number): boolean {
  if (row.expiresAt !== null && Date.parse(row.expiresAt) <= time) return false;
  if (row.remaining !== null) {
    // A key whose `remaining` reaches 0 is deleted, and the request that brings it there is refused.
    if (row.remaining <= 1) {
      db.apiKeys.remove(row.id);
      return false;
    }
    db.apiKeys.update(row.id, { remaining: row.remaining - 1 });
  }
  if (!row.rateLimitEnabled) return true;
  const fresh = row.lastRequest === null || time - row.lastRequest >= row.rateLimitTimeWindow;
  const used = fresh ? 0 : row.requestCount;
  if (used >= row.rateLimitMax) return false;
  db.apiKeys.update(row.id, { requestCount: used + 1, lastRequest: fresh ? time : row.lastRequest });
  return true;
}
