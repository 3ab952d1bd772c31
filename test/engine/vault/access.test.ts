import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lookUpRoles } from "../../../components/vault/access/approle.ts";
import { connectVault } from "../../../components/vault/api/client.ts";
import { type OpenbaoServer, openbaoMissing, openbaoNote, startOpenbao } from "../../contract/vault/openbao-server.ts";
import type { Plan } from "./program/index.ts";
import { createStack, type TestStack } from "./stack.ts";

const LAYOUT = { project: "platform", kv: "platform-kv" };
const PLATFORM = "platform-kv/data/platform";

const bootstrap: Plan = {
  access: {
    ...LAYOUT,
    stacks: {
      staging: {
        redis: {},
        authentik: { shared: ["redis_redis_password"] },
        minio: {},
      },
      production: { redis: {} },
      bootstrap: { runner: { kept: "bootstrap/iac_runner" }, "engine-staging": {}, "engine-production": {} },
    },
    engines: { "engine-staging": "staging", "engine-production": "production" },
  },
};

const staging = (rotation = 1): Plan => ({
  secrets: {
    redis: { path: `${PLATFORM}/staging/redis`, fields: { admin_password: {} } },
    shared: { path: `${PLATFORM}/staging/shared/redis_redis_password`, fields: { redis_password: {} } },
    minio: { path: `${PLATFORM}/staging/minio`, fields: { root_password: {} } },
  },
  secretIds: { redis: { role: "platform.staging.redis", rotation }, minio: { role: "platform.staging.minio" } },
});

describe.skipIf(openbaoMissing)(
  `from an empty Vault to services with roles${openbaoNote}`,
  { timeout: 120_000 },
  () => {
    let bao: OpenbaoServer;
    let privileged: TestStack;
    let stack: TestStack;
    /** Role id and secret id of staging's engine worker. */
    let runner: { VAULT_ROLE_ID: string; VAULT_SECRET_ID: string };

    const signIn = async (role_id: string, secret_id: string): Promise<string> =>
      (await bao.demand("POST", "auth/approle/login", { role_id, secret_id })).auth.client_token;
    const roleId = async (role: string): Promise<string> =>
      (await bao.demand("GET", `auth/approle/role/${role}/role-id`)).data.role_id;
    const secretId = async (role: string): Promise<string> =>
      (await bao.demand("POST", `auth/approle/role/${role}/secret-id`)).data.secret_id;
    const status = async (token: string, method: string, path: string, body?: object): Promise<number> =>
      (await bao.request(method, path, body, token)).status;
    const runnerToken = () => signIn(runner.VAULT_ROLE_ID, runner.VAULT_SECRET_ID);

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

    test("the bootstrap stack makes mounts, policies, entities and roles, once", async () => {
      const first = await privileged.up(bootstrap);
      expect(first.ok, first.text).toBe(true);
      const second = await privileged.up(bootstrap);
      expect(second.ok, second.text).toBe(true);
      expect(second.changes).toEqual({});
      const role = "platform.engine-staging";
      runner = { VAULT_ROLE_ID: await roleId(role), VAULT_SECRET_ID: await secretId(role) };
    });

    test("the engine worker fills in secrets and mints secret ids with its own role, in one update", async () => {
      const { ok, changes, text } = await stack.up(staging(), runner);
      expect(ok, text).toBe(true);
      expect(Object.keys(changes)).toEqual(expect.arrayContaining(["redis", "shared", "minio"]));
    });

    test("secret ids survive later updates", async () => {
      const before = await stack.outputs();
      const { ok, changes, text } = await stack.up(staging(), runner);
      expect(ok, text).toBe(true);
      expect(changes).toEqual({});
      expect(await stack.outputs()).toEqual(before);
    });

    test("a secret id is rotated on request, and only this one", async () => {
      const before = (await stack.outputs()).accessors as Record<string, string>;
      expect((await stack.up(staging(2), runner)).ok).toBe(true);
      const after = (await stack.outputs()).accessors as Record<string, string>;
      expect(after.redis).not.toBe(before.redis);
      expect(after.minio).toBe(before.minio);
      expect(await accessors("platform.staging.redis")).toEqual([after.redis]);
    });

    test("a revoked secret id is replaced by the next update", async () => {
      const before = (await stack.outputs()).accessors as Record<string, string>;
      const role = "auth/approle/role/platform.staging.minio";
      await bao.demand("POST", `${role}/secret-id-accessor/destroy`, { secret_id_accessor: before.minio });
      const { ok, text } = await stack.up(staging(2), runner);
      expect(ok, text).toBe(true);
      const after = (await stack.outputs()).accessors as Record<string, string>;
      expect(after.minio).not.toBe(before.minio);
      expect(after.redis).toBe(before.redis);
      expect(await accessors("platform.staging.minio")).toEqual([after.minio]);
    });

    test.each([
      ["staging.redis", ["staging/redis", "staging/shared/redis_redis_password"]],
      ["staging.authentik", ["staging/authentik", "staging/shared/redis_redis_password"]],
      ["staging.minio", ["staging/minio"]],
      ["production.redis", ["production/redis", "production/shared/redis_redis_password"]],
      ["bootstrap.runner", ["bootstrap/runner", "../bootstrap/iac_runner"]],
      ["bootstrap.engine-staging", ["bootstrap/engine-staging"]],
      ["bootstrap.engine-production", ["bootstrap/engine-production"]],
    ])("%s reads its own and what is shared with it, and nothing else", async (service, own) => {
      const role = `platform.${service}`;
      const token = await signIn(await roleId(role), await secretId(role));
      const all = ["redis", "authentik", "minio", "shared/redis_redis_password", "shared/other", "*", "+"].flatMap(
        (name) => [`staging/${name}`, `production/${name}`],
      );
      const held = ["runner", "engine-staging", "engine-production"].map((name) => `bootstrap/${name}`);
      const paths = [...all, ...held, "../bootstrap/iac_runner"];
      for (const path of paths) await bao.request("POST", dataPath(path), { data: { a: "b" }, options: { cas: 0 } });
      const readable: string[] = [];
      for (const path of paths) if ((await status(token, "GET", dataPath(path))) === 200) readable.push(path);
      expect(readable).toEqual(own);
      for (const path of own) {
        expect(await status(token, "POST", dataPath(path), { data: { a: "c" } })).toBe(403);
        expect(await status(token, "DELETE", dataPath(path))).toBe(403);
      }
    });

    test.each([
      [
        "write a policy",
        "PUT",
        "sys/policies/acl/platform-engine-staging",
        { policy: 'path "*" { capabilities = ["sudo"] }' },
      ],
      ["make a policy", "PUT", "sys/policies/acl/mine", { policy: 'path "*" { capabilities = ["read"] }' }],
      ["write a role", "POST", "auth/approle/role/platform.staging.redis", { token_policies: ["root"] }],
      ["make a role", "POST", "auth/approle/role/mine", { token_policies: ["platform-services"] }],
      ["delete a role", "DELETE", "auth/approle/role/platform.staging.redis", undefined],
      [
        "choose a secret id",
        "POST",
        "auth/approle/role/platform.staging.redis/custom-secret-id",
        { secret_id: "mine" },
      ],
      ["mint its own secret id", "POST", "auth/approle/role/platform.engine-staging/secret-id", {}],
      ["mint one for what bootstrap holds", "POST", "auth/approle/role/platform.bootstrap.runner/secret-id", {}],
      ["mint one for its own agent", "POST", "auth/approle/role/platform.bootstrap.engine-staging/secret-id", {}],
      ["mint one for another worker", "POST", "auth/approle/role/platform.engine-production/secret-id", {}],
      ["mint one for another stack's service", "POST", "auth/approle/role/platform.production.redis/secret-id", {}],
      ["read another stack's role", "GET", "auth/approle/role/platform.production.redis/role-id", undefined],
      ["read another stack's secret", "GET", `${PLATFORM}/production/redis`, undefined],
      ["add to another stack's secret", "PATCH", `${PLATFORM}/production/redis`, { data: { a: "b" } }],
      ["read what another worker holds", "GET", `${PLATFORM}/bootstrap/engine-production`, undefined],
      ["read what its own agent brings", "GET", `${PLATFORM}/bootstrap/engine-staging`, undefined],
      ["change an entity", "POST", "identity/entity/name/platform.staging.redis", { metadata: { service: "minio" } }],
      ["make a token for somebody", "POST", "auth/token/create", { policies: ["platform-services"] }],
      ["replace a secret", "POST", `${PLATFORM}/staging/redis`, { data: {} }],
      ["delete a secret", "DELETE", `${PLATFORM}/staging/redis`, undefined],
      ["destroy a version", "PUT", "platform-kv/destroy/platform/staging/redis", { versions: [1] }],
      ["erase a secret", "DELETE", "platform-kv/metadata/platform/staging/redis", undefined],
      ["limit versions", "POST", "platform-kv/metadata/platform/staging/redis", { max_versions: 1 }],
      ["read what bootstrap holds", "GET", `${PLATFORM}/bootstrap/runner`, undefined],
      ["read outside of the platform", "GET", "platform-kv/data/bootstrap/iac_runner", undefined],
      ["remove a mount", "DELETE", "sys/mounts/platform-kv", undefined],
      ["remove the roles' mount", "DELETE", "sys/auth/approle", undefined],
      ["seal", "PUT", "sys/seal", undefined],
    ] as [string, string, string, object | undefined][])(
      "the worker of a stack may not %s",
      async (_name, method, path, body) => {
        const token = await runnerToken();
        expect(await status(token, "GET", `${PLATFORM}/staging/redis`)).toBe(200);
        expect(await status(token, method, path, body)).toBe(403);
      },
    );

    test("role ids are found before anything is registered, and missing roles are named with what to do", async () => {
      const { VAULT_ROLE_ID, VAULT_SECRET_ID } = runner;
      const auth = { roleId: VAULT_ROLE_ID, secretId: VAULT_SECRET_ID, mount: "approle" };
      const client = connectVault({ address: bao.address, auth });
      const { roleIds, missing } = await lookUpRoles(client, LAYOUT, "staging", ["redis", "minio"]);
      expect(roleIds).toEqual({
        redis: await roleId("platform.staging.redis"),
        minio: await roleId("platform.staging.minio"),
      });
      expect(missing).toEqual([]);
      const administrator = connectVault({ address: bao.address, auth: { token: bao.rootToken } });
      for (const who of [client, administrator]) {
        expect((await lookUpRoles(who, LAYOUT, "staging", ["grafana"])).missing).toEqual([
          {
            service: "grafana",
            message: "Vault has no role `platform.staging.grafana` for us, so grafana could not get its secrets",
            hint: "run `dockmaster up bootstrap` with an administrator's token",
          },
        ]);
      }
    });

    test("the worker's own secret id, revoked, is said to be the reason", async () => {
      const revoked = { ...runner, VAULT_SECRET_ID: await secretId("platform.engine-staging") };
      await bao.demand("POST", "auth/approle/role/platform.engine-staging/secret-id/destroy", {
        secret_id: revoked.VAULT_SECRET_ID,
      });
      const before = await stack.resources();
      const { ok, text } = await stack.up(staging(2), revoked);
      expect(ok).toBe(false);
      expect(text).toContain("vault_denied: auth/approle/login refused the role id or the secret id");
      expect(await stack.resources()).toEqual(before);
    });

    test("no secret id, token or value has come into state, output or events in clear", async () => {
      const values = await Promise.all(
        ["redis", "minio", "shared/redis_redis_password"].map(async (name) =>
          Object.values((await bao.demand("GET", `${PLATFORM}/staging/${name}`)).data.data),
        ),
      );
      const everything = stack.everything();
      for (const secret of [runner.VAULT_SECRET_ID, ...values.flat().map(String)])
        expect(everything.includes(secret)).toBe(false);
      for (const plain of secretIds(everything)) expect(plain).toBe("");
    });

    test("the mount with the secrets outlives the bootstrap stack", async () => {
      expect((await privileged.destroy()).ok).toBe(true);
      expect(await status(bao.rootToken, "GET", `${PLATFORM}/staging/redis`)).toBe(200);
      expect(await status(bao.rootToken, "GET", "auth/approle/role/platform.staging.redis")).toBe(404);
    });

    async function accessors(role: string): Promise<string[]> {
      return (await bao.demand("LIST", `auth/approle/role/${role}/secret-id`)).data.keys;
    }
  },
);

function dataPath(path: string): string {
  return path.startsWith("../") ? `platform-kv/data/${path.slice(3)}` : `${PLATFORM}/${path}`;
}

/** Secret ids that stand in clear in the engine's output or state. */
function secretIds(text: string): string[] {
  return [...text.matchAll(/"secretId":\s*"([0-9a-f-]{36})"/g)].map(([, id]) => id ?? "");
}
