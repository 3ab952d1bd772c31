import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connectVault, type VaultConnection } from "../../../components/vault/api/client.ts";
import type { VaultError } from "../../../components/vault/api/errors.ts";
import { freePort, type OpenbaoServer, openbaoMissing, openbaoNote, startOpenbao } from "./openbao-server.ts";

const CANARY = "canary-7f3a91";

describe.skipIf(openbaoMissing)(`the Vault client on OpenBao${openbaoNote}`, () => {
  let bao: OpenbaoServer;
  beforeAll(async () => {
    bao = await startOpenbao();
  });
  afterAll(() => bao?.stop());

  const client = (auth: VaultConnection["auth"] = { token: bao.rootToken }, address = bao.address) =>
    connectVault({ address, auth, timeout: 2_000, backoff: 1 });
  const path = (name: string) => `secret/data/platform/test/${name}`;

  test("knows what was never written from what was deleted", async () => {
    expect(await client().readSecret(path("never"))).toBeUndefined();
    await client().writeFields(path("deleted"), { a: "1" }, 0);
    await bao.demand("DELETE", path("deleted"));
    expect(await client().readSecret(path("deleted"))).toEqual({ version: 1, values: undefined });
    await bao.demand("PUT", "secret/destroy/platform/test/deleted", { versions: [1] });
    expect(await client().readSecret(path("deleted"))).toEqual({ version: 1, values: undefined });
  });

  test("adds fields and leaves the others alone", async () => {
    expect(await client().writeFields(path("patched"), { a: "1", b: "2" }, 0)).toBe(1);
    expect(await client().writeFields(path("patched"), { b: "3", c: "4" }, 1)).toBe(2);
    expect(await client().readSecret(path("patched"))).toEqual({ version: 2, values: { a: "1", b: "3", c: "4" } });
  });

  test("writes nothing when somebody else was quicker", async () => {
    await client().writeFields(path("raced"), { a: "first" }, 0);
    expect(await client().writeFields(path("raced"), { a: "second" }, 0)).toBeUndefined();
    await client().writeFields(path("raced"), { b: "x" }, 1);
    expect(await client().writeFields(path("raced"), { a: "second" }, 1)).toBeUndefined();
    expect((await client().readSecret(path("raced")))?.values).toEqual({ a: "first", b: "x" });
  });

  test("takes a deleted newest version for somebody else's write", async () => {
    await client().writeFields(path("undeletable"), { a: "1" }, 0);
    await bao.demand("DELETE", path("undeletable"));
    expect(await client().writeFields(path("undeletable"), { a: "2" }, 0)).toBeUndefined();
    expect(await client().writeFields(path("undeletable"), { a: "2" }, 1)).toBeUndefined();
  });

  test("signs in with a role, once, and knows roles that are not there", async () => {
    await bao.demand("POST", "sys/auth/approle", { type: "approle" });
    await bao.demand("POST", "auth/approle/role/reader", { token_policies: [] });
    const roleId = await client().readRoleId("approle", "reader");
    expect(await client().readRoleId("approle", "nobody")).toBeUndefined();
    const { data } = await bao.demand("POST", "auth/approle/role/reader/secret-id");
    const auth = { roleId: roleId!, secretId: data.secret_id, mount: "approle" };
    const reader = client(auth);
    expect((await Promise.all([reader.lookupSelf(), reader.lookupSelf()]))[0]?.policies).toEqual(["default"]);
    await expect(reader.readSecret(path("patched"))).rejects.toMatchObject({ code: "vault_denied" });
    await expect(client({ ...auth, secretId: CANARY }).lookupSelf()).rejects.toMatchObject({
      code: "vault_denied",
      message: "auth/approle/login refused the role id or the secret id",
    });
  });

  test.each<[string, () => Promise<unknown>, Partial<VaultError>]>([
    ["a wrong token", () => client({ token: CANARY }).readSecret(path("a")), { code: "vault_denied" }],
    [
      "a wrong token on a write",
      () => client({ token: "x" }).writeFields(path("a"), { a: CANARY }, 0),
      { code: "vault_denied" },
    ],
    ["an unknown mount", () => client().readSecret("nowhere/data/a/b"), { code: "vault_missing" }],
    [
      "an unknown mount on a write",
      () => client().writeFields("nowhere/data/a/b", { a: CANARY }, 0),
      { code: "vault_missing" },
    ],
  ])("says what to do about %s, without a value", async (_name, call, expected) => {
    const error = await call().then(
      () => expect.unreachable(),
      (thrown: VaultError) => thrown,
    );
    expect(error).toMatchObject(expected);
    expect(error.hint).not.toBe("");
    expect(`${error.message} ${error.hint} ${error.stack} ${JSON.stringify(error)}`).not.toContain(CANARY);
  });

  test("says that nobody answers, after trying again", async () => {
    const address = `http://127.0.0.1:${await freePort()}`;
    await expect(client({ token: "x" }, address).readSecret(path("a"))).rejects.toMatchObject({
      code: "vault_unreachable",
      message: `GET ${path("a")}: no answer from ${address} (ECONNREFUSED)`,
    });
  });

  describe("sealed", () => {
    afterEach(() => bao.unseal());

    test("says so", async () => {
      const stranger = client({ token: "x" });
      expect(await stranger.requireUnsealed()).toBeUndefined();
      await bao.seal();
      await expect(stranger.requireUnsealed()).rejects.toMatchObject({
        code: "vault_sealed",
        message: "Vault is sealed",
      });
      await expect(client().readSecret(path("patched"))).rejects.toMatchObject({ code: "vault_sealed" });
      await expect(client().writeFields(path("patched"), { z: CANARY }, 2)).rejects.toMatchObject({
        code: "vault_sealed",
        message: "Vault is sealed",
      });
    });
  });
});
