import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Seen } from "../../../components/engine/seen.ts";
import type { LeftResource } from "../../../components/look/left.ts";
import { look } from "../../../components/look/look.ts";
import { connectVault } from "../../../components/vault/api/client.ts";
import { leftSignIn } from "../../../components/vault/observe.ts";
import { checkInputs, readSecrets, type SecretsOutputs, writeSecrets } from "../../../components/vault/secret.ts";
import { type OpenbaoServer, openbaoMissing, openbaoNote, startOpenbao } from "../vault/openbao-server.ts";

const KEY = "a-platform-key-of-more-than-32-characters";
const PATH = "secret/data/platform/staging/redis";
const META = PATH.replace("/data/", "/metadata/");

describe.skipIf(openbaoMissing)(`a look at Vault${openbaoNote}`, { timeout: 60_000 }, () => {
  let bao: OpenbaoServer;
  const told: Seen[] = [];
  beforeAll(async () => {
    bao = await startOpenbao();
    await bao.demand("POST", "sys/auth/approle", { type: "approle" });
    await bao.demand("POST", "auth/approle/role/platform.staging.redis", { token_policies: ["default"] });
  });
  afterAll(() => bao?.stop());
  beforeEach(async () => {
    told.length = 0;
    await bao.request("DELETE", META);
  });

  const context = () => {
    const vault = connectVault({ address: bao.address, auth: { token: bao.rootToken }, backoff: 1 });
    return {
      vault,
      key: KEY,
      told: { address: bao.address, tell: (seen: Seen) => void told.push(seen), facts: vault },
    };
  };
  const inputs = checkInputs({ path: PATH, fields: { redis_password: {} } });
  const write = (olds?: SecretsOutputs) => writeSecrets(context(), inputs, olds);
  const left = () => [told.at(-1) as LeftResource];
  const env = (patch: NodeJS.ProcessEnv = {}) => ({
    DOKPLOY_URL: "http://127.0.0.1:9",
    DOKPLOY_API_KEY: "x",
    PLATFORM_KEY: KEY,
    VAULT_ADDR: bao.address,
    VAULT_TOKEN: bao.rootToken,
    ...patch,
  });
  const seen = async (resources = left(), patch = {}) => {
    const { resources: all } = await look(resources, { env: env(patch), keptAt: 0 });
    return all[0];
  };

  test("an untouched secret is as it was left, by an update and by a refresh, and no value is read for it", async () => {
    const outs = await write();
    expect(left()).toMatchObject([{ type: "secret", service: "redis", id: PATH, address: bao.address }]);
    const byUpdate = left();
    expect(await readSecrets(context(), outs)).toEqual(outs);
    expect(left()).toEqual(byUpdate);
    expect(await seen()).toMatchObject({ is: "left", name: PATH, differs: [] });
    const { redis_password: value } = (await bao.demand("GET", PATH)).data.data;
    expect(JSON.stringify(told)).not.toContain(value);
  });

  test.each<[string, (bao: OpenbaoServer) => Promise<unknown>, object]>([
    [
      "changed",
      (bao) => bao.demand("PATCH", PATH, { data: { redis_password: "x" } }),
      { is: "other", differs: ["version"] },
    ],
    ["deleted", (bao) => bao.demand("DELETE", PATH), { is: "other", differs: ["version"] }],
    ["erased", (bao) => bao.demand("DELETE", META), { is: "gone" }],
    [
      "erased and written anew, so that its version is the first again",
      async (bao) => {
        await bao.demand("DELETE", META);
        await bao.demand("POST", PATH, { data: { redis_password: "x" } });
      },
      { is: "other", differs: ["version"] },
    ],
  ])("one that was %s is told", async (_, change, expected) => {
    await write();
    const before = left();
    await change(bao);
    expect(await seen(before)).toMatchObject(expected);
  });

  test("a refresh that finds another value leaves nothing, and the update after it does", async () => {
    const outs = await write();
    await bao.demand("PATCH", PATH, { data: { redis_password: "x" } });
    const found = await readSecrets(context(), outs);
    expect(found.drift).toEqual(["redis_password"]);
    expect(told.at(-1)).toEqual({ type: "secret", service: "redis", id: PATH, forget: true });
    await write(found);
    expect(await seen()).toMatchObject({ is: "left" });
  });

  test("what cannot be told is no finding", async () => {
    await write();
    expect(await seen(left(), { VAULT_TOKEN: "wrong" })).toMatchObject({
      is: "unknown",
      why: expect.stringMatching(/^vault_denied/),
    });
    expect(await seen(left(), { VAULT_ADDR: "http://127.0.0.1:9" })).toMatchObject({ is: "unknown" });
    expect(await seen(left(), { VAULT_ADDR: "" })).toMatchObject({ is: "unknown" });
    await bao.seal();
    expect(await seen()).toMatchObject({ is: "unknown" });
    await bao.unseal();
  });

  describe("at a service's sign-in", () => {
    const ROLE = "auth/approle/role/platform.staging.redis";
    const mint = async (metadata: object) => {
      const { data } = await bao.demand("POST", `${ROLE}/secret-id`, { metadata: JSON.stringify(metadata) });
      const { data: role } = await bao.demand("GET", `${ROLE}/role-id`);
      const accessor = data.secret_id_accessor as string;
      const id = `backend=approle::role=platform.staging.redis::accessor=${accessor}`;
      const keyed = { key: KEY, address: bao.address };
      return { accessor, left: [leftSignIn(keyed, "redis", id, { roleId: role.role_id, accessor }) as LeftResource] };
    };
    const half = (ttl: number) => String(Math.floor(Date.now() / (ttl * 500)));

    test("an untouched one is as it was left", async () => {
      expect(await seen((await mint({ rotation: "1" })).left)).toMatchObject({ is: "left" });
      const ttl = 1_000_000;
      expect(await seen((await mint({ rotation: "1", half: half(ttl), ttl: String(ttl) })).left)).toMatchObject({
        is: "left",
      });
    });

    test("one that was revoked is told", async () => {
      const { accessor, left } = await mint({ rotation: "1" });
      await bao.demand("POST", `${ROLE}/secret-id-accessor/destroy`, { secret_id_accessor: accessor });
      expect(await seen(left)).toMatchObject({ is: "other", differs: ["secretId"] });
    });

    test("a role that was made anew is told", async () => {
      const { left } = await mint({ rotation: "1" });
      await bao.demand("POST", `${ROLE}/role-id`, { role_id: "another" });
      expect(await seen(left)).toMatchObject({ is: "other", differs: ["roleId"] });
    });

    test("one that is to be renewed is no finding, and not as it was left", async () => {
      const { left } = await mint({ rotation: "1", half: "1", ttl: "1000000" });
      expect(await seen(left)).toMatchObject({
        is: "unknown",
        why: "the secret id of redis is to be renewed by an update",
      });
    });
  });
});
