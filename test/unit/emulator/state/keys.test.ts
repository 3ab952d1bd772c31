import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seed } from "../../../../emulator/seed.ts";
import { type Database, openDatabase } from "../../../../emulator/state/database.ts";
import { type Keys, type NewKey, openKeys } from "../../../../emulator/state/keys.ts";
import type { UserRow } from "../../../../emulator/state/records.ts";

describe("API keys", () => {
  let db: Database;
  let keys: Keys;
  let owner: UserRow;
  let time = 0;

  beforeEach(() => {
    time = Date.parse("2026-11-20T13:00:00Z");
    db = openDatabase(":memory:");
    owner = seed(db, new Date(time)).owner;
    keys = openKeys(db, () => new Date(time));
  });
  afterEach(() => db.close());

  const create = (wanted: Partial<NewKey> = {}) =>
    keys.create(owner, { name: "k", organizationId: "o", ...wanted }).key;
  /** How many verifications in a row a key stands, at most 30. */
  const lasts = (key: string) => {
    for (let count = 0; count < 30; count += 1) if (keys.verify(key) === undefined) return count;
    return 30;
  };

  it.each([
    ["without a limit", { rateLimitEnabled: false }, 30],
    ["with better-auth's default when nothing is said", {}, 10],
    ["with a limit of its own", { rateLimitEnabled: true, rateLimitMax: 4 }, 4],
    ["with a number of uses left", { rateLimitEnabled: false, remaining: 5 }, 4],
    ["without an organization", { rateLimitEnabled: false, organizationId: null }, 0],
    ["expired", { rateLimitEnabled: false, expiresIn: -1 }, 0],
  ])("%s: stands so many verifications", (_name, wanted, count) => {
    expect(lasts(create(wanted))).toBe(count);
  });

  it("is good again when its window is over", () => {
    const key = create({ rateLimitMax: 2, rateLimitTimeWindow: 1000 });
    expect(lasts(key)).toBe(2);
    time += 1000;
    expect(lasts(key)).toBe(2);
  });

  it("is deleted when nothing remains of it", () => {
    const key = create({ rateLimitEnabled: false, remaining: 2 });
    lasts(key);
    expect(db.apiKeys.all()).toEqual([]);
  });

  it("is not kept in clear", () => {
    const key = create();
    expect(JSON.stringify(db.apiKeys.all())).not.toContain(key);
  });

  it.each([undefined, "", "nonsense"])("refuses %j", (key) => {
    expect(keys.verify(key)).toBeUndefined();
  });
});
