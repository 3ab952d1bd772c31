import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test } from "vitest";

interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  provider?: string;
}

let registered: Registered[] = [];
await pulumi.runtime.setMocks({
  newResource: ({ type, name, inputs }) => {
    registered.push({ type, name, inputs });
    return { id: `${name}-id`, state: { ...inputs, roleId: `${name}-role-id`, accessor: `${name}-accessor` } };
  },
  call: () => ({ accessor: "existing-accessor" }),
});

const { VaultAccess } = await import("../../../../../components/vault/access/access.ts");
const { mintSecretId } = await import("../../../../../components/vault/access/approle.ts");
const { vaultProvider } = await import("../../../../../components/vault/access/pulumi-provider.ts");

beforeEach(() => {
  registered = [];
});

const ARGS = {
  project: "platform",
  stacks: {
    staging: { redis: { shared: ["redis_password"] }, minio: {} },
    bootstrap: { runner: { kept: "old/runner" } },
  },
  engines: { "engine-staging": "staging" },
};

async function inputsOf(type: string, name: string): Promise<Record<string, unknown> | undefined> {
  await pulumi.runtime.disconnect();
  return registered.find((one) => one.type.endsWith(`:${type}`) && one.name === name)?.inputs;
}

describe("the privileged half of Vault", () => {
  test("makes mounts, one policy for services, and an entity with a role for each", async () => {
    new VaultAccess("vault", ARGS);
    expect(await inputsOf("Mount", "vault-kv")).toMatchObject({
      path: "secret",
      type: "kv",
      options: { version: "2" },
    });
    expect(await inputsOf("AuthBackend", "vault-approle")).toEqual({ path: "approle", type: "approle" });
    expect(await inputsOf("Policy", "vault-services")).toEqual({
      name: "platform-services",
      policy: [
        'path "secret/data/platform/{{identity.entity.metadata.stack}}/{{identity.entity.metadata.service}}" {',
        '  capabilities = ["read"]',
        "}",
        'path "secret/data/platform/{{identity.entity.metadata.stack}}/shared/{{identity.entity.metadata.service}}_*" {',
        '  capabilities = ["read"]',
        "}",
        'path "secret/data/platform/{{identity.entity.metadata.stack}}/shared/{{identity.entity.metadata.shared_redis_password}}" {',
        '  capabilities = ["read"]',
        "}",
        "",
      ].join("\n"),
    });
    expect(await inputsOf("Entity", "vault-staging-redis")).toEqual({
      name: "platform.staging.redis",
      metadata: { project: "platform", stack: "staging", service: "redis", shared_redis_password: "redis_password" },
    });
    expect(await inputsOf("AuthBackendRole", "vault-staging-redis")).toEqual({
      backend: "approle",
      roleName: "platform.staging.redis",
      tokenPolicies: ["platform-services"],
      tokenPeriod: 3600,
    });
    expect(await inputsOf("EntityAlias", "vault-staging-redis")).toEqual({
      name: "vault-staging-redis-role-id",
      mountAccessor: "vault-approle-accessor",
      canonicalId: "vault-staging-redis-id",
    });
    expect(registered.filter(({ type }) => type.endsWith(":AuthBackendRole"))).toHaveLength(4);
  });

  test("lets a stack's engine worker write and mint for this stack, and nothing else", async () => {
    new VaultAccess("vault", { ...ARGS, stacks: { ...ARGS.stacks, production: { redis: {} } } });
    const { policy } = (await inputsOf("Policy", "vault.engine-staging")) as { policy: string };
    const rules = [...policy.matchAll(/path "([^"]+)" \{\n {2}capabilities = \[([^\]]*)\]/g)].map(([, path, may]) => [
      path,
      may,
    ]);
    const role = (name: string) => `auth/approle/role/platform.staging.${name}`;
    expect(rules).toEqual([
      ["secret/data/platform/staging/*", '"create", "patch", "read"'],
      ["secret/metadata/platform/staging/*", '"list", "read"'],
      ...["redis", "minio"].flatMap((name) => [
        [`${role(name)}/role-id`, '"read"'],
        [`${role(name)}/secret-id`, '"update"'],
        [`${role(name)}/secret-id-accessor/lookup`, '"update"'],
        [`${role(name)}/secret-id-accessor/destroy`, '"update"'],
      ]),
    ]);
  });

  test("gives each worker a role of its own", async () => {
    const engines = { "engine-staging": "staging", "engine-production": "production" };
    const { engineRoleIds } = new VaultAccess("vault", { ...ARGS, engines });
    expect(await inputsOf("AuthBackendRole", "vault.engine-production")).toEqual({
      backend: "approle",
      roleName: "platform.engine-production",
      tokenPolicies: ["platform-engine-production"],
      tokenTtl: 7200,
      tokenMaxTtl: 7200,
    });
    const ids = await new Promise((resolve) => pulumi.all(engineRoleIds).apply(resolve));
    expect(ids).toEqual({
      "engine-staging": "vault.engine-staging-role-id",
      "engine-production": "vault.engine-production-role-id",
    });
  });

  test("keeps a path that was there before, for one role", async () => {
    new VaultAccess("vault", ARGS);
    expect(await inputsOf("Policy", "vault-bootstrap-runner-kept")).toMatchObject({
      name: "platform.bootstrap.runner.kept",
      policy: 'path "secret/data/old/runner" {\n  capabilities = ["read"]\n}\n',
    });
    expect(await inputsOf("AuthBackendRole", "vault-bootstrap-runner")).toMatchObject({
      tokenPolicies: ["platform-services", "platform.bootstrap.runner.kept"],
    });
  });

  test("uses mounts that are there", async () => {
    new VaultAccess("vault", { ...ARGS, existingMounts: true, kv: "kv", approle: "machines" });
    expect(await inputsOf("Mount", "vault-kv")).toBeUndefined();
    expect(await inputsOf("EntityAlias", "vault-staging-minio")).toMatchObject({ mountAccessor: "existing-accessor" });
    expect(await inputsOf("AuthBackendRole", "vault-staging-minio")).toMatchObject({ backend: "machines" });
  });

  test.each([
    ["a service", { ...ARGS, stacks: { staging: { "*": {} } } }],
    ["a stack", { ...ARGS, stacks: { "a/b": {} } }],
    ["a shared secret", { ...ARGS, stacks: { staging: { a: { shared: ["{{x}}"] } } } }],
    ["a kept path", { ...ARGS, stacks: { staging: { a: { kept: "old/*" } } } }],
    ["the project", { ...ARGS, project: "+" }],
    ["an engine worker", { ...ARGS, engines: { "*": "staging" } }],
    ["a worker's stack", { ...ARGS, engines: { "engine-x": "*" } }],
  ])("refuses a name of %s that would mean more than itself", (_name, args) => {
    expect(() => new VaultAccess("vault", args)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  });
});

describe("a secret id", () => {
  test("is of an existing role, and another one with another rotation", async () => {
    mintSecretId("redis", { role: "platform.staging.redis", mount: "approle", rotation: 2 });
    expect(await inputsOf("AuthBackendRoleSecretId", "redis")).toEqual({
      backend: "approle",
      roleName: "platform.staging.redis",
      metadata: '{"rotation":"2"}',
    });
  });
});

describe("Pulumi's own Vault provider", () => {
  const address = "https://vault.example.org";

  test("leaves the token to the environment", async () => {
    vaultProvider("vault", { address, auth: { token: "canary" } }, undefined, { VAULT_TOKEN: "canary" });
    const inputs = await inputsOf("vault", "vault");
    expect(inputs).toMatchObject({ address, skipChildToken: "true" });
    expect(JSON.stringify(inputs)).not.toContain("canary");
  });

  test("leaves the address to the environment too, so that no state keeps an old one", async () => {
    const env = { VAULT_ADDR: address, VAULT_TOKEN: "canary" };
    vaultProvider("vault", { address, auth: { token: "canary" } }, undefined, env);
    expect((await inputsOf("vault", "vault"))?.address).toBeUndefined();
  });

  test("signs in with a role", async () => {
    vaultProvider("vault", { address, auth: { roleId: "role", secretId: "secret", mount: "approle" } });
    const login = (await inputsOf("vault", "vault"))?.authLogin as { value: string };
    expect(JSON.parse(login.value)).toEqual({
      path: "auth/approle/login",
      parameters: { role_id: "role", secret_id: "secret" },
    });
  });
});
