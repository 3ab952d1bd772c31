import { expect, test } from "vitest";
import { findSecret, listSecrets } from "../../../../../cli/stack/secret/secrets.ts";

const SECRET = "4dabf18193072939515e22adb298388d";
const service = "urn:pulumi:staging::dockmaster::dockmaster:platform:Service";
const state = {
  pendingOperations: 0,
  resources: [
    {
      urn: `${service}$pulumi-nodejs:dynamic/dokploy:Compose::redis`,
      type: "pulumi-nodejs:dynamic/dokploy:Compose",
      inputs: {
        composeFile:
          "secrets:\n  b: {environment: B}\n  a: {environment: A}\n  file: {file: ./x}\n  vault_role_id: {environment: VAULT_ROLE_ID}\n",
        env: { A: { [SECRET]: "1", plaintext: '"value of a"' }, B: { [SECRET]: "1", ciphertext: "x" }, C: "plain" },
      },
      outputs: {},
    },
    {
      urn: `${service}$pulumi-nodejs:dynamic/vault:Secrets::redis-secrets`,
      type: "pulumi-nodejs:dynamic/vault:Secrets",
      inputs: { path: "secret/data/platform/staging/redis", fields: { redis_password: { kind: "text" } } },
      outputs: {},
    },
  ],
};

test("lists what rests on Dokploy and what rests in Vault, with values only where the state has them in clear", () => {
  expect(listSecrets(state)).toEqual([
    { service: "redis", name: "a", rests: { dokploy: "A" }, value: "value of a" },
    { service: "redis", name: "b", rests: { dokploy: "B" } },
    { service: "redis", name: "redis_password", rests: { vault: "secret/data/platform/staging/redis" } },
  ]);
});

test("a wrong name is told with the right ones", () => {
  const secrets = listSecrets(state);
  expect(findSecret(secrets, "redis", "a").name).toBe("a");
  expect(() => findSecret(secrets, "redis", "c")).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("a, b") }),
  );
  expect(() => findSecret(secrets, "minio", "a")).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("redis") }),
  );
});
