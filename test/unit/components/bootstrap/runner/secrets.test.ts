import { describe, expect, test } from "vitest";
import {
  DOOR_SECRETS,
  ENGINE_SECRETS,
  isEngineSecret,
  outgrown,
  planSecrets,
  type SecretSources,
  variableOf,
} from "../../../../../components/bootstrap/runner/secrets.ts";

const MADE = "made".repeat(16);
const GIVEN = "given".repeat(7);

const plan = (names: string[], live: Record<string, unknown>, sources: SecretSources) =>
  planSecrets(names, live, sources, () => MADE);
const nothing = { writes: {}, generated: [], missing: [], different: [], weak: {} };

describe("where a secret of the runner comes from", () => {
  test.each<[string, string[], Record<string, unknown>, Record<string, string | undefined>, object]>([
    ["Vault, when it has one", ["GIT_REPO_URL"], { GIT_REPO_URL: "kept" }, {}, {}],
    ["Vault, whatever the environment says", ["GIT_REPO_URL"], { GIT_REPO_URL: "kept" }, { GIT_REPO_URL: "other" }, {}],
    ["the environment", ["GIT_REPO_URL"], {}, { GIT_REPO_URL: "given" }, { writes: { GIT_REPO_URL: "given" } }],
    ["nowhere", ["GIT_REPO_URL"], {}, {}, { missing: ["GIT_REPO_URL"] }],
    [
      "nowhere, when it is empty",
      ["GIT_REPO_URL"],
      { GIT_REPO_URL: "" },
      { GIT_REPO_URL: "" },
      { missing: ["GIT_REPO_URL"] },
    ],
    [
      "the environment, when Vault's is no text",
      ["API_TOKEN"],
      { API_TOKEN: 5 },
      { API_TOKEN: GIVEN },
      { writes: { API_TOKEN: GIVEN } },
    ],
    [
      "here, when it is one that may be made",
      ["WEBHOOK_SECRET", "API_TOKEN", "PRODUCTION_SECRET"],
      {},
      { API_TOKEN: GIVEN },
      {
        writes: { WEBHOOK_SECRET: MADE, API_TOKEN: GIVEN, PRODUCTION_SECRET: MADE },
        generated: ["WEBHOOK_SECRET", "PRODUCTION_SECRET"],
      },
    ],
    ["nowhere, when it is the one before", ["WEBHOOK_SECRET_OLD"], {}, {}, { missing: ["WEBHOOK_SECRET_OLD"] }],
    ["Vault, for a key that is the same for all", ["PLATFORM_KEY"], { PLATFORM_KEY: "k" }, { PLATFORM_KEY: "k" }, {}],
    [
      "nobody, when people and runner have another key",
      ["PLATFORM_KEY", "PULUMI_CONFIG_PASSPHRASE"],
      { PLATFORM_KEY: "k", PULUMI_CONFIG_PASSPHRASE: "p" },
      { PLATFORM_KEY: "other", PULUMI_CONFIG_PASSPHRASE: "other" },
      {
        different: [
          { name: "PLATFORM_KEY", variable: "PLATFORM_KEY" },
          { name: "PULUMI_CONFIG_PASSPHRASE", variable: "PULUMI_CONFIG_PASSPHRASE" },
        ],
      },
    ],
  ])("%s", (_name, names, live, env, expected) => {
    expect(plan(names, live, { env })).toEqual({ ...nothing, ...expected });
  });
});

describe("where a secret of production's engine worker comes from", () => {
  const before = { PLATFORM_KEY: "runner's", DOKPLOY_API_KEY: "runner's" };
  test.each<[string, Record<string, unknown>, Omit<SecretSources, "stack">, object]>([
    ["the runner's of before, typed by nobody", {}, { env: {}, before }, { writes: { PLATFORM_KEY: "runner's" } }],
    ["Vault, when it has one", { PLATFORM_KEY: "own" }, { env: {}, before }, {}],
    [
      "the environment, when there was no runner",
      {},
      { env: { PLATFORM_KEY: "all" } },
      { writes: { PLATFORM_KEY: "all" } },
    ],
    [
      "the variable of this stack before that of all",
      {},
      { env: { PLATFORM_KEY: "all", PRODUCTION_PLATFORM_KEY: "mine", STAGING_PLATFORM_KEY: "theirs" } },
      { writes: { PLATFORM_KEY: "mine" } },
    ],
    [
      "the variable of this stack before the runner's of before",
      {},
      { env: { PLATFORM_KEY: "all", PRODUCTION_PLATFORM_KEY: "mine" }, before },
      { writes: { PLATFORM_KEY: "mine" } },
    ],
    [
      "nobody, when the runner's of before is another one than people's",
      {},
      { env: { PLATFORM_KEY: "all" }, before },
      { writes: { PLATFORM_KEY: "runner's" }, different: [{ name: "PLATFORM_KEY", variable: "PLATFORM_KEY" }] },
    ],
    [
      "nobody, when the stack's variable says another one than Vault",
      { PLATFORM_KEY: "own" },
      { env: { PLATFORM_KEY: "own", PRODUCTION_PLATFORM_KEY: "mine" }, before },
      { different: [{ name: "PLATFORM_KEY", variable: "PRODUCTION_PLATFORM_KEY" }] },
    ],
    ["nowhere", {}, { env: { STAGING_PLATFORM_KEY: "theirs" } }, { missing: ["PLATFORM_KEY"] }],
  ])("%s", (_name, live, sources, expected) => {
    expect(plan(["PLATFORM_KEY"], live, { ...sources, stack: "production" })).toEqual({ ...nothing, ...expected });
  });

  test.each([
    ["production", "PRODUCTION_PLATFORM_KEY"],
    ["my-stack.eu", "MY_STACK_EU_PLATFORM_KEY"],
  ])("is named by the stack %s: %s", (stack, variable) => {
    expect(variableOf(stack, "PLATFORM_KEY")).toBe(variable);
  });
});

describe("door and workers", () => {
  test("share no secret", () => {
    expect(DOOR_SECRETS.filter(isEngineSecret)).toEqual([]);
    expect(ENGINE_SECRETS.filter((name) => !isEngineSecret(name))).toEqual([]);
  });

  test("leave behind what the runner of before had for both", () => {
    const live = { WEBHOOK_SECRET: "a", PLATFORM_KEY: "b", VAULT_ROLE_ID: "c", AWS_ACCESS_KEY_ID: "", other: "d" };
    expect(outgrown(live)).toEqual(["PLATFORM_KEY", "VAULT_ROLE_ID"]);
  });
});
