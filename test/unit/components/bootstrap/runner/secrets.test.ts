import { describe, expect, test } from "vitest";
import { planSecrets } from "../../../../../components/bootstrap/runner/secrets.ts";

const MADE = "made".repeat(16);
const GIVEN = "given".repeat(7);

const plan = (names: string[], live: Record<string, unknown>, env: Record<string, string | undefined>) =>
  planSecrets(names, live, env, () => MADE);
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
      ["WEBHOOK_SECRET", "API_TOKEN"],
      {},
      { API_TOKEN: GIVEN },
      { writes: { WEBHOOK_SECRET: MADE, API_TOKEN: GIVEN }, generated: ["WEBHOOK_SECRET"] },
    ],
    [
      "Vault, though it is too short for the runner",
      ["WEBHOOK_SECRET", "WEBHOOK_SECRET_OLD"],
      { WEBHOOK_SECRET: `${GIVEN},,short`, WEBHOOK_SECRET_OLD: GIVEN },
      {},
      {
        weak: {
          WEBHOOK_SECRET: [
            "WEBHOOK_SECRET: part 2 of 3 is empty: take out the comma, or make one with `openssl rand -hex 32`",
            "WEBHOOK_SECRET: part 3 of 3 has 5 characters, at least 32 are needed: make one with `openssl rand -hex 32`",
          ],
        },
      },
    ],
    [
      "the environment, though it is too short for the runner",
      ["API_TOKEN"],
      {},
      { API_TOKEN: "short" },
      {
        writes: { API_TOKEN: "short" },
        weak: {
          API_TOKEN: ["API_TOKEN has 5 characters, at least 32 are needed: make one with `openssl rand -hex 32`"],
        },
      },
    ],
    ["Vault, for a key that is the same for all", ["PLATFORM_KEY"], { PLATFORM_KEY: "k" }, { PLATFORM_KEY: "k" }, {}],
    [
      "nobody, when people and runner have another key",
      ["PLATFORM_KEY", "PULUMI_CONFIG_PASSPHRASE"],
      { PLATFORM_KEY: "k", PULUMI_CONFIG_PASSPHRASE: "p" },
      { PLATFORM_KEY: "other", PULUMI_CONFIG_PASSPHRASE: "other" },
      { different: ["PLATFORM_KEY", "PULUMI_CONFIG_PASSPHRASE"] },
    ],
  ])("%s", (_name, names, live, env, expected) => {
    expect(plan(names, live, env)).toEqual({ ...nothing, ...expected });
  });
});
