import { expect, test } from "vitest";
import { readStackSettings, settingsEnvironment } from "../../../../automation/engine/stack-settings.ts";

const FILE = `encryptionsalt: v1:x
config:
  dokploy:url: https://dokploy.example.org
  dokploy:apiKey:
    secure: v1:abc
  dokploy:alsoAt: http://dokploy:3000
  platform:key: {secure: v1:def}
  platform:domain: example.org
  platform:vault: {approle: machines}
  prometheus:url: https://prometheus.example.org
  prometheus:token: {secure: v1:jkl}
  vault:address: https://vault.example.org
  vault:token: {secure: v1:ghi}
`;
const SECRETS = {
  "dokploy:apiKey": { value: "now" },
  "platform:key": { value: "master" },
  "prometheus:token": { value: "p" },
  "vault:token": { value: "t" },
};
const decrypt = () => Promise.resolve(SECRETS);
const never = () => Promise.reject(new Error("nothing is to be decrypted"));

test("what a stack's file says reaches the providers as environment, and no other config counts then", async () => {
  expect(await settingsEnvironment(FILE, {}, decrypt)).toEqual({
    DOCKMASTER_SETTINGS: "environment",
    DOKPLOY_URL: "https://dokploy.example.org",
    DOKPLOY_API_KEY: "now",
    DOKPLOY_ALSO_AT: "http://dokploy:3000",
    PLATFORM_KEY: "master",
    PROMETHEUS_URL: "https://prometheus.example.org",
    PROMETHEUS_TOKEN: "p",
    VAULT_ADDR: "https://vault.example.org",
    VAULT_TOKEN: "t",
    VAULT_APPROLE_MOUNT: "machines",
  });
});

test.each<[string, Record<string, string>, string[]]>([
  ["a variable", { DOKPLOY_API_KEY: "mine" }, ["PLATFORM_KEY", "PROMETHEUS_TOKEN", "VAULT_TOKEN"]],
  ["a token", { VAULT_TOKEN: "mine" }, ["DOKPLOY_API_KEY", "PLATFORM_KEY", "PROMETHEUS_TOKEN"]],
  ["a role", { VAULT_ROLE_ID: "r", VAULT_SECRET_ID: "s" }, ["DOKPLOY_API_KEY", "PLATFORM_KEY", "PROMETHEUS_TOKEN"]],
  [
    "half a role is none",
    { VAULT_ROLE_ID: "r" },
    ["DOKPLOY_API_KEY", "PLATFORM_KEY", "PROMETHEUS_TOKEN", "VAULT_TOKEN"],
  ],
  [
    "an empty variable is none",
    { DOKPLOY_API_KEY: "" },
    ["DOKPLOY_API_KEY", "PLATFORM_KEY", "PROMETHEUS_TOKEN", "VAULT_TOKEN"],
  ],
])("%s of the environment wins", (_name, env, wanted) => {
  expect(readStackSettings(FILE, env).encrypted.map(({ variable }) => variable)).toEqual(wanted);
});

test("nothing is decrypted that the environment has already, or that nobody needs", async () => {
  const env = { DOKPLOY_API_KEY: "mine", PLATFORM_KEY: "mine", PROMETHEUS_TOKEN: "mine", VAULT_TOKEN: "mine" };
  expect(await settingsEnvironment(FILE, env, never)).not.toHaveProperty("DOKPLOY_API_KEY");
  const other = "config:\n  platform:redis:\n    secrets: {redis_password: {secure: v1:x}}\n";
  expect(await settingsEnvironment(other, {}, never)).toEqual({ DOCKMASTER_SETTINGS: "environment" });
});

test("hosts that may be reached in clear add up", async () => {
  const file = "config:\n  platform:allowInsecure: vault\n";
  expect(await settingsEnvironment(file, {}, never)).toMatchObject({ ALLOW_INSECURE: "vault" });
  expect(await settingsEnvironment(file, { ALLOW_INSECURE: "dokploy" }, never)).toMatchObject({
    ALLOW_INSECURE: "dokploy,vault",
  });
});

test("where secrets cannot be decrypted the engine is left to say why", async () => {
  const settings = await settingsEnvironment(FILE, {}, () => Promise.resolve(undefined));
  expect(settings).toHaveProperty("DOKPLOY_URL");
  expect(settings).not.toHaveProperty("DOCKMASTER_SETTINGS");
});

test.each(["", "config:\n", "config:\n  dokploy:url:\n"])("a file without settings says none: %j", async (text) => {
  expect(await settingsEnvironment(text, {}, never)).toEqual({ DOCKMASTER_SETTINGS: "environment" });
});
