import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Problem, printProblem } from "../../../../components/compose/problem.ts";
import { lookAtGithub, reachVault, readDokploy } from "../../../../stacks/bootstrap/look-up.ts";
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
        missing: [
          expect.stringContaining("reviewers and wait timers"),
          expect.stringContaining("may make tags v*: say who in `bootstrap:github.tagMakers`"),
          expect.stringContaining("CODEOWNERS of you/platform names nobody for /.github/, /stacks/, /components/"),
        ],
      },
      problems: [],
    });
  });

  test("looks up who may make tags, and says nothing of what is guarded", async () => {
    Object.assign(github.repository, { private: false, codeOwners: "* @you/platform\n" });
    expect(await lookAtGithub(raw!, settings({ tagMakers: ["anna", "team:platform"] }), github.token)).toMatchObject({
      github: { tagMakers: { users: [11], teams: [22] }, missing: [] },
    });
    const { problems } = await lookAtGithub(raw!, settings({ tagMakers: ["bob"] }), github.token);
    expect(printed(problems)).toEqual([
      expect.stringMatching(/`bootstrap:github.tagMakers.0`: there is no user `bob`/),
    ]);
    github.repository.codeOwners = undefined;
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
