import { describe, expect, test } from "vitest";
import { combineFingerprints } from "../../../../components/vault/agent/fingerprints.ts";
import type { SecretVersion, Vault } from "../../../../components/vault/api/client.ts";
import {
  checkInputs,
  diffSecrets,
  readSecrets,
  type SecretsOutputs,
  writeSecrets,
} from "../../../../components/vault/secret.ts";

const PATH = "secret/data/platform/staging/redis";
const KEY = "test-platform-key-of-more-than-32-characters";
const notUsed = () => Promise.reject(new Error("not used here"));

/** A Vault that only answers what is there. */
function holding(live: SecretVersion | undefined, key = KEY) {
  const vault: Vault = {
    readSecret: async () => live,
    writeFields: notUsed,
    readRoleId: notUsed,
    lookupSelf: notUsed,
    requireUnsealed: notUsed,
  };
  return { vault, key };
}

const inputs = checkInputs({ path: PATH, fields: { password: {}, token: { kind: "hex", length: 64 } } });
const written = (values: Record<string, string>, path = PATH, key = KEY): Promise<SecretsOutputs> =>
  writeSecrets(holding({ version: 3, values }, key), { ...inputs, path }, undefined);
const state = () => written({ password: "canary-a", token: "canary-b" });

describe("what the state holds", () => {
  test("path, version and fingerprints, no value", async () => {
    const outputs = await state();
    expect(outputs).toEqual({
      ...inputs,
      schemaVersion: 1,
      version: 3,
      fingerprints: {
        password: expect.stringMatching(/^[0-9a-f]{16}$/),
        token: expect.stringMatching(/^[0-9a-f]{16}$/),
      },
      rotations: { password: 1, token: 1 },
      drift: [],
    });
    expect(JSON.stringify(outputs)).not.toContain("canary");
  });

  test.each<[string, () => Promise<SecretsOutputs>]>([
    ["another value", () => written({ password: "canary-c", token: "canary-b" })],
    ["another key", () => written({ password: "canary-a", token: "canary-b" }, PATH, `${KEY}2`)],
    ["another path", () => written({ password: "canary-a", token: "canary-b" }, `${PATH}2`)],
  ])("a fingerprint that changes with %s", async (_name, other) => {
    expect((await other()).fingerprints.password).not.toBe((await state()).fingerprints.password);
  });
});

describe("a refresh", () => {
  test("shows nothing when only somebody else's field changed", async () => {
    const olds = await state();
    const live = { version: 4, values: { password: "canary-a", token: "canary-b", other: "x" } };
    const found = await readSecrets(holding(live), olds);
    expect(found).toEqual({ ...olds, version: 4 });
    expect(diffSecrets(found, inputs).changes).toBe(false);
  });

  test("shows which value changed, until an update took notice of it", async () => {
    const live = { version: 4, values: { password: "canary-a", token: "canary-changed" } };
    const once = await readSecrets(holding(live), await state());
    const twice = await readSecrets(holding(live), once);
    for (const found of [once, twice]) {
      expect(found.drift).toEqual(["token"]);
      expect(diffSecrets(found, inputs).changes).toBe(true);
    }
    const updated = await writeSecrets(holding(live), inputs, twice);
    expect(updated.drift).toEqual([]);
    expect(diffSecrets(updated, inputs).changes).toBe(false);
  });
});

describe("a difference", () => {
  test.each<[string, (olds: SecretsOutputs) => typeof inputs, { changes: boolean; replaces: string[] }]>([
    ["nothing", () => inputs, { changes: false, replaces: [] }],
    [
      "another order of keys",
      () => ({
        path: PATH,
        fields: { token: { rotation: 1, length: 64, kind: "hex" }, password: inputs.fields.password! },
      }),
      { changes: false, replaces: [] },
    ],
    [
      "a new field",
      () => checkInputs({ path: PATH, fields: { ...inputs.fields, more: {} } }),
      { changes: true, replaces: [] },
    ],
    [
      "a raised rotation",
      () => checkInputs({ path: PATH, fields: { ...inputs.fields, password: { rotation: 2 } } }),
      { changes: true, replaces: [] },
    ],
    ["another path", () => ({ ...inputs, path: `${PATH}2` }), { changes: true, replaces: ["path"] }],
  ])("%s", async (_name, news, expected) => {
    const olds = await state();
    expect(diffSecrets(olds, news(olds))).toEqual(expected);
  });
});

test("state of a newer release is refused before anything is sent", async () => {
  const newer = { ...(await state()), schemaVersion: 2 };
  expect(() => diffSecrets(newer, inputs)).toThrow("the state was written by a newer release");
  await expect(readSecrets({ vault: holding(undefined).vault, key: KEY }, newer)).rejects.toThrow("newer release");
});

test.each([
  "secret/platform/redis",
  "secret/data",
  "secret/data/",
  "/secret/data/a",
  "secret/data/a b",
  "secret/data/../x",
])("%s is no path of a secret", (path) => {
  expect(() => checkInputs({ path, fields: {} })).toThrow(expect.objectContaining({ code: "config_invalid" }));
});

describe("one fingerprint for several secrets", () => {
  const prints = { a: "0011223344556677", b: "8899aabbccddeeff" };

  test("does not depend on order or repetition", () => {
    expect(combineFingerprints(prints, ["b", "a", "a"])).toBe(combineFingerprints(prints, ["a", "b"]));
  });

  test("changes with each of them, and with which are meant", () => {
    const all = combineFingerprints(prints, ["a", "b"]);
    expect(combineFingerprints({ ...prints, b: "0" }, ["a", "b"])).not.toBe(all);
    expect(combineFingerprints(prints, ["a"])).not.toBe(all);
  });

  test("is an error for a secret that has none", () => {
    expect(() => combineFingerprints(prints, ["c"])).toThrow("no fingerprint of secret c");
  });
});
