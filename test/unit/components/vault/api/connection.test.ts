import { expect, test } from "vitest";
import { vaultAddress, vaultConnection } from "../../../../../components/vault/api/connection.ts";

const config = (values: Record<string, string>) => ({ get: (key: string) => values[key] });

test.each([
  ["https://vault.example.org", "https://vault.example.org"],
  ["https://Vault.example.org:443/", "https://vault.example.org"],
  [" http://vault:8200/v1/ ", "http://vault:8200"],
  ["https://example.org/vault/", "https://example.org/vault"],
])("reads the address %s as %s", (text, address) => {
  expect(vaultAddress(text)).toBe(address);
});

test.each([undefined, "", "vault:8200", "ftp://vault", "https://u:p@vault", "https://vault?x=1"])(
  "refuses the address %s",
  (text) => {
    expect(() => vaultAddress(text)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  },
);

test("prefers the environment to the stack's configuration", () => {
  const stack = config({ "vault:address": "https://stack", "vault:token": "from-stack" });
  expect(vaultConnection(stack, {})).toEqual({ address: "https://stack", auth: { token: "from-stack" } });
  expect(vaultConnection(stack, { VAULT_ADDR: "https://env", VAULT_TOKEN: "from-env" })).toEqual({
    address: "https://env",
    auth: { token: "from-env" },
  });
});

test("sends no token in clear to a host that nobody named", () => {
  const stack = config({ "vault:address": "http://vault:8200", "vault:token": "canary" });
  expect(() => vaultConnection(stack, {})).toThrow(
    expect.objectContaining({
      code: "config_invalid",
      message: "VAULT_ADDR reaches vault without encryption, and keys would go there in clear",
      hint: expect.stringContaining("set ALLOW_INSECURE=vault"),
    }),
  );
  expect(vaultConnection(stack, { ALLOW_INSECURE: "vault" })).toMatchObject({ address: "http://vault:8200" });
  const named = config({ "vault:address": "http://vault:8200", "vault:token": "t", "platform:allowInsecure": "vault" });
  expect(vaultConnection(named, {})).toMatchObject({ address: "http://vault:8200" });
  expect(vaultConnection(stack, { VAULT_ADDR: "http://127.0.0.1:8200" })).toMatchObject({ auth: { token: "canary" } });
});

test("looks at no configuration where the environment holds all there is: it may be the one of the last update", () => {
  const stack = config({ "vault:address": "https://old", "vault:token": "old", "platform:vault": '{"approle":"old"}' });
  const env = {
    DOCKMASTER_SETTINGS: "environment",
    VAULT_ADDR: "https://new",
    VAULT_ROLE_ID: "r",
    VAULT_SECRET_ID: "s",
  };
  expect(vaultConnection(stack, env)).toEqual({
    address: "https://new",
    auth: { roleId: "r", secretId: "s", mount: "approle" },
  });
});

test("signs in with the runner's role when there is no token in the environment", () => {
  const env = { VAULT_ADDR: "https://env", VAULT_ROLE_ID: "role\n", VAULT_SECRET_ID: "secret\n" };
  expect(vaultConnection(undefined, env).auth).toEqual({ roleId: "role", secretId: "secret", mount: "approle" });
  expect(vaultConnection(undefined, { ...env, VAULT_APPROLE_MOUNT: "machines" }).auth).toMatchObject({
    mount: "machines",
  });
  expect(vaultConnection(undefined, { ...env, VAULT_TOKEN: "token" }).auth).toEqual({ token: "token" });
});

test.each<[string, NodeJS.ProcessEnv, string]>([
  ["no address", { VAULT_TOKEN: "canary" }, "VAULT_ADDR is not set"],
  ["no token", { VAULT_ADDR: "https://a" }, "there is neither VAULT_TOKEN nor VAULT_ROLE_ID with VAULT_SECRET_ID"],
  [
    "half a role",
    { VAULT_ADDR: "https://a", VAULT_ROLE_ID: "canary" },
    "there is neither VAULT_TOKEN nor VAULT_ROLE_ID with VAULT_SECRET_ID",
  ],
  [
    "a broken token",
    { VAULT_ADDR: "https://a", VAULT_TOKEN: "can\nary" },
    "VAULT_TOKEN holds characters that no token has",
  ],
])("refuses %s", (_name, env, message) => {
  expect(() => vaultConnection(undefined, env)).toThrow(expect.objectContaining({ code: "config_invalid", message }));
});
