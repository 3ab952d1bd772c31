import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Problem, printProblem } from "../../../../components/compose/problem.ts";
import type { SecretVersion, Vault } from "../../../../components/vault/api/client.ts";
import { VaultError } from "../../../../components/vault/api/errors.ts";
import { checkSecrets, lookAtGithub, reachVault, readDokploy } from "../../../../stacks/bootstrap/look-up.ts";
import { bootstrapSettings } from "../../../../stacks/bootstrap/settings.ts";
import { fromStackFile } from "../../../../stacks/config/stack-file.ts";
import { type GithubDouble, startGithub } from "../../../engine/bootstrap/github-double.ts";

const { raw } = fromStackFile("bootstrap", "config:\n  bootstrap:github: {repository: you/platform}\n");
const printed = (problems: Problem[]) => problems.map(printProblem);

describe("GitHub", () => {
  let github: GithubDouble;
  beforeAll(async () => {
    github = await startGithub();
  });
  afterAll(() => github.stop());
  const settings = (more: object = {}) =>
    bootstrapSettings.shape.github.parse({ repository: "you/platform", api: github.api, ...more })!;

  test("tells what its plan allows", async () => {
    Object.assign(github.repository, { private: true, plan: "team" });
    expect(await lookAtGithub(raw!, settings(), github.token)).toEqual({
      github: {
        features: { rulesets: true, environments: true, reviewers: false },
        reviewers: { users: [], teams: [] },
        missing: [expect.stringContaining("reviewers and wait timers")],
      },
      problems: [],
    });
  });

  test("that does not tell the plan makes people say it", async () => {
    Object.assign(github.repository, { private: true, plan: "custom" });
    const { problems } = await lookAtGithub(raw!, settings(), github.token);
    expect(printed(problems)).toEqual([
      "Pulumi.bootstrap.yaml:2:3  `bootstrap:github.plan`: GitHub does not tell this token the plan of you/platform's owner, which decides what can be set up  (write it: free, pro, team, enterprise)",
    ]);
    expect(await lookAtGithub(raw!, settings({ plan: "enterprise" }), github.token)).toMatchObject({
      github: { features: { reviewers: true } },
    });
  });

  test.each([
    ["without a token", undefined, /^GITHUB_TOKEN {2}is not set/],
    ["with a wrong one", "wrong-canary", /GitHub does not know the token/],
  ])("is not looked at %s", async (_name, token, message) => {
    const { problems } = await lookAtGithub(raw!, settings(), token);
    expect(printed(problems)).toEqual([expect.stringMatching(message)]);
    expect(printed(problems).join()).not.toContain("canary");
  });

  test("away is said to be away", async () => {
    const { problems } = await lookAtGithub(raw!, settings({ api: "http://127.0.0.1:9/api/v3" }), github.token);
    expect(printed(problems)).toEqual([expect.stringMatching(/`bootstrap:github.api`: no answer from 127.0.0.1:9/)]);
  });
});

describe("the runner's secrets", () => {
  const path = "secret/data/platform/bootstrap/runner";
  const asked = {
    path,
    names: ["GIT_REPO_URL", "PLATFORM_KEY"],
    env: { PLATFORM_KEY: "canary" },
    unwanted: ["PULUMI_BACKEND_URL"],
    existing: false,
    allowed: "",
  };
  const vault = (read: () => SecretVersion | undefined) => ({ readSecret: async () => read() }) as unknown as Vault;
  const denied = (code: "vault_missing" | "vault_denied") => () => {
    throw new VaultError(code, "no", "do this");
  };

  test("that are nowhere are named, with what to do", async () => {
    expect(
      printed(
        await checkSecrets(
          vault(() => undefined),
          asked,
        ),
      ),
    ).toEqual([
      `GIT_REPO_URL  the runner has none: neither Vault at ${path} nor the environment  (set it for this one run, e.g. with \`op run\`)`,
    ]);
  });

  test("that differ from people's are named, and never shown", async () => {
    const live = { version: 1, values: { GIT_REPO_URL: "x", PLATFORM_KEY: "other-canary" } };
    const problems = printed(
      await checkSecrets(
        vault(() => live),
        asked,
      ),
    );
    expect(problems).toEqual([
      expect.stringMatching(
        /^PLATFORM_KEY {2}is another one than the runner's .*vault kv get -mount=secret -field=PLATFORM_KEY platform\/bootstrap\/runner/,
      ),
    ]);
    expect(problems.join()).not.toContain("canary");
  });

  test("of a shared state are no secrets of a runner that keeps a folder", async () => {
    const live = {
      version: 1,
      values: { GIT_REPO_URL: "x", PLATFORM_KEY: "y", PULUMI_BACKEND_URL: "postgres://canary" },
    };
    const problems = await checkSecrets(
      vault(() => live),
      { ...asked, env: {} },
    );
    expect(printed(problems)).toEqual([
      expect.stringMatching(
        /^PULUMI_BACKEND_URL {2}Vault has it at .*, so the runner's state is a shared one.*take the field out/,
      ),
    ]);
  });

  test("may lack their mount the first time, but not where it is somebody else's", async () => {
    const env = { GIT_REPO_URL: "x", PLATFORM_KEY: "y" };
    expect(await checkSecrets(vault(denied("vault_missing")), { ...asked, env })).toEqual([]);
    const existing = await checkSecrets(vault(denied("vault_missing")), { ...asked, env, existing: true });
    expect(printed(existing)).toEqual(["Vault  no  (do this)"]);
  });

  test("that may not be read are said to be that", async () => {
    expect(printed(await checkSecrets(vault(denied("vault_denied")), asked))).toContain("Vault  no  (do this)");
  });
});

test("Vault and Dokploy are asked for by name", async () => {
  const { problems } = await reachVault(raw!, { VAULT_ADDR: "http://127.0.0.1:9", VAULT_TOKEN: "" });
  expect(printed(problems)).toEqual([
    expect.stringContaining("`vault:address`: is missing; the containers reach Vault there"),
    expect.stringContaining("there is neither VAULT_TOKEN nor VAULT_ROLE_ID with VAULT_SECRET_ID"),
  ]);
  expect(readDokploy(raw!, { DOKPLOY_URL: "https://d.example.org/api/", DOKPLOY_API_KEY: "key" }).dokploy).toEqual({
    url: "https://d.example.org",
    apiKey: "key",
  });
  expect(printed(readDokploy(raw!, { DOKPLOY_URL: "x" }).problems)).toEqual([
    expect.stringContaining("DOKPLOY_API_KEY"),
  ]);
});
