import { describe, expect, test } from "vitest";
import { planSecrets } from "../../../../../components/bootstrap/runner/secrets.ts";

const plan = (names: string[], live: Record<string, unknown>, env: Record<string, string | undefined>) =>
  planSecrets(names, live, env, () => "made");
const nothing = { writes: {}, generated: [], missing: [], different: [] };

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
      { API_TOKEN: "a" },
      { writes: { API_TOKEN: "a" } },
    ],
    [
      "here, when it is one that may be made",
      ["WEBHOOK_SECRET", "API_TOKEN"],
      {},
      { API_TOKEN: "given" },
      { writes: { WEBHOOK_SECRET: "made", API_TOKEN: "given" }, generated: ["WEBHOOK_SECRET"] },
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
