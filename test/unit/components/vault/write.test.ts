import { describe, expect, test } from "vitest";
import type { SecretVersion, Vault } from "../../../../components/vault/api/client.ts";
import { VaultError } from "../../../../components/vault/api/errors.ts";
import { readFields } from "../../../../components/vault/api/fields.ts";
import { writeMissing } from "../../../../components/vault/write.ts";

const PATH = "secret/data/platform/staging/redis";
const away = new VaultError("vault_unreachable", "no answer", "wait");

/** A KV store of one path. `faults` are taken one per write: before it, or after it was carried out. */
function memoryVault(faults: ("before" | "after")[] = [], start?: SecretVersion) {
  let live = start;
  const writes: Record<string, string>[] = [];
  const vault: Vault = {
    readSecret: async () => live,
    writeFields: async (_path, values, version) => {
      const fault = faults.shift();
      if (fault === "before") throw away;
      if (version !== (live?.version ?? 0)) return undefined;
      live = { version: version + 1, values: { ...live?.values, ...values } };
      writes.push(values);
      if (fault === "after") throw away;
      return live.version;
    },
    readRoleId: () => Promise.reject(new Error("not asked for")),
    requireUnsealed: () => Promise.reject(new Error("not asked for")),
    lookupSelf: () => Promise.reject(new Error("not asked for")),
  };
  return { vault, writes };
}

describe("writing what is missing", () => {
  test("writes once when all goes well, and nothing the next time", async () => {
    const { vault, writes } = memoryVault();
    const first = await writeMissing(vault, PATH, readFields({ a: {}, b: {} }), undefined, 1);
    expect(first.version).toBe(1);
    expect(await writeMissing(vault, PATH, readFields({ a: {}, b: {} }), undefined, 1)).toEqual(first);
    expect(writes).toHaveLength(1);
  });

  test.each<[string, ("before" | "after")[]]>([
    ["the request was lost", ["before"]],
    ["the answer was lost", ["after"]],
    ["both were lost in turn", ["before", "after"]],
  ])("rotates exactly once when %s", async (_name, faults) => {
    const { vault, writes } = memoryVault([...faults], { version: 4, values: { a: "old", other: "kept" } });
    const known = { version: 4, rotations: { a: 1 } };
    const { version, values } = await writeMissing(vault, PATH, readFields({ a: { rotation: 2 } }), known, 1);
    expect(writes).toHaveLength(1);
    expect(version).toBe(5);
    expect(values).toEqual({ a: writes[0]?.a, other: "kept" });
  });

  test("takes over what another writer made first", async () => {
    const { vault, writes } = memoryVault();
    const [one, two] = await Promise.all(
      [0, 1].map(() => writeMissing(vault, PATH, readFields({ a: {} }), undefined, 1)),
    );
    expect(one?.values).toEqual(two?.values);
    expect(writes).toHaveLength(1);
  });

  test("gives up when Vault stays away", async () => {
    const { vault, writes } = memoryVault(Array(10).fill("before"));
    await expect(writeMissing(vault, PATH, readFields({ a: {} }), undefined, 1)).rejects.toBe(away);
    expect(writes).toEqual([]);
  });
});
