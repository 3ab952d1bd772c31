import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type OpenbaoServer, openbaoMissing, openbaoNote, startOpenbao } from "../../contract/vault/openbao-server.ts";
import type { Plan } from "./program/index.ts";
import { createStack, type TestStack } from "./stack.ts";

const TTL = 30 * 24 * 3600;
const HERE = ["127.0.0.0/8"];
const ELSEWHERE = ["10.99.0.0/16"];

const access = (limits: NonNullable<Plan["access"]>["limits"], engineLimits = {}): Plan => ({
  access: {
    project: "platform",
    kv: "platform-kv",
    stacks: { staging: { redis: {} } },
    engines: { "engine-staging": "staging" },
    limits,
    engineLimits,
  },
});

describe.skipIf(openbaoMissing)(`sign-ins with limits${openbaoNote}`, { timeout: 120_000 }, () => {
  let bao: OpenbaoServer;
  let privileged: TestStack;
  let stack: TestStack;

  const role = "auth/approle/role/platform.staging.redis";
  const login = async () => {
    const { role_id } = (await bao.demand("GET", `${role}/role-id`)).data;
    const { secret_id } = (await bao.demand("POST", `${role}/secret-id`)).data;
    return bao.request("POST", "auth/approle/login", { role_id, secret_id }, "");
  };
  const mint = async (now: number) => {
    const secretIds = { redis: { role: "platform.staging.redis", limits: { secretIdTtl: TTL }, now } };
    const { ok, text, changes } = await stack.up({ secretIds }, { VAULT_TOKEN: bao.rootToken });
    expect(ok, text).toBe(true);
    const { redis } = (await stack.outputs()).accessors as Record<string, string>;
    const { data } = await bao.demand("POST", `${role}/secret-id-accessor/lookup`, { secret_id_accessor: redis });
    return { accessor: redis, ttl: data.secret_id_ttl as number, changes };
  };
  const listed = async () => (await bao.demand("LIST", `${role}/secret-id`)).data.keys as string[];

  beforeAll(async () => {
    bao = await startOpenbao();
    privileged = await createStack("bootstrap", { VAULT_ADDR: bao.address, VAULT_TOKEN: bao.rootToken });
    const key = "test-platform-key-of-more-than-32-characters";
    stack = await createStack("staging", { VAULT_ADDR: bao.address, PLATFORM_KEY: key });
  });
  afterAll(async () => {
    privileged?.remove();
    stack?.remove();
    await bao?.stop();
  });

  test("without any a secret id has no end, and signs in from anywhere, as ever", async () => {
    const { ok, text } = await privileged.up(access({}));
    expect(ok, text).toBe(true);
    expect((await bao.demand("GET", role)).data).toMatchObject({ secret_id_ttl: 0 });
    expect((await login()).status).toBe(200);
  });

  test("a time is the role's, so that who mints cannot give more", async () => {
    expect((await privileged.up(access({ staging: { secretIdTtl: TTL } }, { secretIdTtl: TTL }))).ok).toBe(true);
    expect((await bao.demand("GET", role)).data).toMatchObject({ secret_id_ttl: TTL });
    expect((await bao.demand("GET", "auth/approle/role/platform.engine-staging")).data).toMatchObject({
      secret_id_ttl: TTL,
    });
    const longer = await bao.request("POST", `${role}/secret-id`, { ttl: 2 * TTL }, bao.rootToken);
    expect(longer.status).toBe(400);
  });

  test("an update in the same half keeps a secret id, one in the next half makes another and takes the old one away", async () => {
    const start = 1_000 * TTL * 500;
    const first = await mint(start);
    expect(first.ttl).toBe(TTL);
    const same = await mint(start + TTL * 499);
    expect(same.accessor).toBe(first.accessor);
    expect(same.changes).toEqual({});
    const next = await mint(start + TTL * 500);
    expect(next.accessor).not.toBe(first.accessor);
    expect(await listed()).toContain(next.accessor);
    expect(await listed()).not.toContain(first.accessor);
  });

  test("a network that is not ours is refused, for secret ids and for tokens", async () => {
    for (const [limits, status] of [
      [{ secretIdBoundCidrs: HERE, tokenBoundCidrs: HERE }, 200],
      [{ secretIdBoundCidrs: ELSEWHERE }, 500],
    ] as const) {
      const { ok, text } = await privileged.up(access({ staging: limits }));
      expect(ok, text).toBe(true);
      const signedIn = await login();
      expect(signedIn.status === 200, JSON.stringify(signedIn)).toBe(status === 200);
    }
    expect((await privileged.up(access({ staging: { tokenBoundCidrs: ELSEWHERE } }))).ok).toBe(true);
    expect((await login()).status).not.toBe(200);
  });
});
