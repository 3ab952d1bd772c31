import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OpenbaoServer, openbaoMissing, openbaoNote, startOpenbao } from "../../contract/vault/openbao-server.ts";
import type { Plan } from "./program/index.ts";
import { createStack, type Outcome, type TestStack } from "./stack.ts";

const KEY = "test-platform-key-of-more-than-32-characters";
const PATH = "secret/data/platform/staging/redis";

describe.skipIf(openbaoMissing)(`secrets through the engine${openbaoNote}`, { timeout: 120_000 }, () => {
  let bao: OpenbaoServer;
  let stack: TestStack;
  beforeAll(async () => {
    bao = await startOpenbao();
    stack = await createStack("staging", { VAULT_ADDR: bao.address, VAULT_TOKEN: bao.rootToken, PLATFORM_KEY: KEY });
  });
  afterAll(async () => {
    await stack?.remove();
    await bao?.stop();
  });

  const plan = (rotation = 1): Plan => ({
    secrets: {
      redis: { path: PATH, fields: { redis_password: { rotation }, token: { kind: "hex", length: 64 }, by_hand: {} } },
    },
    consumers: {
      cache: { secret: "redis", fields: ["redis_password"] },
      worker: { secret: "redis", fields: ["token", "by_hand"] },
    },
  });
  const values = async (): Promise<Record<string, string>> => (await bao.demand("GET", PATH)).data.data;

  test("fills in what is missing and keeps what is there", async () => {
    await bao.demand("POST", PATH, { data: { by_hand: "canary-by-hand" } });
    const { changes } = await stack.up(plan());
    expect(changes).toMatchObject({ redis: "create", cache: "create", worker: "create" });
    expect(await values()).toEqual({
      by_hand: "canary-by-hand",
      redis_password: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
      token: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test("changes nothing the second time", async () => {
    const before = await values();
    expect((await stack.up(plan())).changes).toEqual({});
    expect(await values()).toEqual(before);
  });

  test("sees a value that was rotated in Vault and recreates exactly its consumers", async () => {
    await bao.demand("PATCH", PATH, { data: { token: "canary-rotated-in-vault" } });
    expect((await stack.drift()).ok).toBe(false);
    expect((await stack.up(plan())).changes).toEqual({ redis: "update", worker: "update" });
    expect((await stack.drift()).ok).toBe(true);
  });

  test("rotates one field on request, once", async () => {
    const before = await values();
    expect((await stack.up(plan(2))).changes).toEqual({ redis: "update", cache: "update" });
    const after = await values();
    expect(after.redis_password).not.toBe(before.redis_password);
    expect({ ...after, redis_password: "" }).toEqual({ ...before, redis_password: "" });
    expect((await stack.up(plan(2))).changes).toEqual({});
    await stack.up(plan(1));
    expect(await values()).toEqual(after);
  });

  test("leaves the state as it is while Vault is sealed, and says so", async () => {
    const before = await stack.resources();
    await bao.seal();
    await fails(stack.up(plan(3)), "vault_sealed: Vault is sealed");
    await bao.unseal();
    expect(await stack.resources()).toEqual(before);
    expect((await stack.up(plan(1))).changes).toEqual({});
  });

  test("leaves the state as it is while Vault is away, and says so", async () => {
    const before = await stack.resources();
    await fails(stack.up(plan(3), { VAULT_ADDR: "http://127.0.0.1:1" }), "vault_unreachable: GET");
    expect(await stack.resources()).toEqual(before);
  });

  test("makes no new values when another Vault, a put over all fields or a deletion took them away", async () => {
    const before = await values();
    await bao.demand("POST", PATH, { data: { only: "one" } });
    await fails(stack.up(plan()), /vault_missing: .* lost by_hand, redis_password, token/);
    await bao.demand("DELETE", PATH);
    await fails(stack.up(plan()), /vault_missing: version \d+ of .* was deleted/);
    await bao.demand("DELETE", PATH.replace("data", "metadata"));
    await fails(stack.up(plan()), /vault_missing: .* is gone/);
    await bao.demand("POST", PATH, { data: before });
    expect((await stack.up(plan())).changes).toEqual({});
  });

  test("takes over what is there when the state was lost", async () => {
    const before = await values();
    const other = await createStack("staging", {
      VAULT_ADDR: bao.address,
      VAULT_TOKEN: bao.rootToken,
      PLATFORM_KEY: KEY,
    });
    try {
      await other.up(plan(7));
      expect(await values()).toEqual(before);
    } finally {
      await other.remove();
    }
  });

  test("keeps the values in Vault when the stack is destroyed", async () => {
    const before = await values();
    await stack.destroy();
    expect(await values()).toEqual(before);
  });

  test("has put no value into state, events or errors", async () => {
    const everything = stack.everything();
    const metadata = await bao.demand("GET", PATH.replace("data", "metadata"));
    expect(everything.includes(PATH)).toBe(true);
    const seen = [...Object.values(await values()), "canary-by-hand", "canary-rotated-in-vault"];
    for (const value of [...seen, KEY]) expect(everything.includes(value)).toBe(false);
    expect(metadata.data.custom_metadata).toBeNull();
  });
});

async function fails(update: Promise<Outcome>, reason: string | RegExp): Promise<void> {
  const { ok, text } = await update;
  expect(ok).toBe(false);
  expect(text).toMatch(reason);
}
