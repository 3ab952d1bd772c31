import { beforeEach, describe, expect, test } from "vitest";
import { recordResources } from "../runner/registered.ts";

const engine = await recordResources();
const { RepositorySettings } = await import("../../../../../components/bootstrap/github/repository.ts");
type Args = ConstructorParameters<typeof RepositorySettings>[1];

beforeEach(engine.clear);

const args = (changes: Partial<Args> = {}): Args => ({
  repository: "you/platform",
  branch: "main",
  url: "https://iac.example.org",
  webhookSecret: "canary",
  trigger: "actions",
  features: { rulesets: true, environments: true, reviewers: true },
  reviewers: { users: [11], teams: [22] },
  waitMinutes: 10,
  approvals: 2,
  checks: ["check"],
  ...changes,
});
const repository = "platform";

describe("a GitHub repository", () => {
  test("knows the runner's address and how to sign", async () => {
    new RepositorySettings("github", args());
    expect(await engine.inputsOf("ActionsSecret")).toEqual({
      repository,
      secretName: "WEBHOOK_SECRET",
      value: "canary",
    });
    expect(await engine.inputsOf("ActionsVariable")).toEqual({
      repository,
      variableName: "DOCKMASTER_URL",
      value: "https://iac.example.org",
    });
  });

  test("tells the runner of pushes only where the webhook is the trigger", async () => {
    new RepositorySettings("github", args());
    expect(await engine.ofType("RepositoryWebhook")).toEqual([]);
    new RepositorySettings("github", args({ trigger: "webhook" }));
    expect(await engine.inputsOf("RepositoryWebhook")).toEqual({
      repository,
      events: ["push"],
      active: true,
      configuration: {
        url: "https://iac.example.org/webhook",
        contentType: "json",
        secret: "canary",
        insecureSsl: false,
      },
    });
  });

  test("deploys to production from main only, after somebody else has approved and some time has passed", async () => {
    new RepositorySettings("github", args());
    const deploymentBranchPolicy = { protectedBranches: false, customBranchPolicies: true };
    expect(await engine.inputsOf("RepositoryEnvironment", "github-production")).toEqual({
      repository,
      environment: "production",
      deploymentBranchPolicy,
      preventSelfReview: true,
      canAdminsBypass: false,
      waitTimer: 10,
      reviewers: [{ users: [11], teams: [22] }],
    });
    expect(await engine.inputsOf("RepositoryEnvironment", "github-staging")).toEqual({
      repository,
      environment: "staging",
      deploymentBranchPolicy,
    });
    for (const environment of ["staging", "production"]) {
      const name = `github-${environment}-branch`;
      const policy = await engine.inputsOf("RepositoryEnvironmentDeploymentPolicy", name);
      expect(policy).toEqual({ repository, environment, branchPattern: "main" });
    }
  });

  test("keeps releases where they are, for everybody, and main behind reviews", async () => {
    new RepositorySettings("github", args());
    expect(await engine.inputsOf("RepositoryRuleset", "github-tags")).toEqual({
      repository,
      enforcement: "active",
      name: "Releases stay where they are",
      target: "tag",
      conditions: { refName: { includes: ["refs/tags/v*"], excludes: [] } },
      rules: { update: true, deletion: true, nonFastForward: true },
    });
    expect(await engine.inputsOf("RepositoryRuleset", "github-branch")).toEqual({
      repository,
      enforcement: "active",
      name: "Reviewed changes to main",
      target: "branch",
      conditions: { refName: { includes: ["refs/heads/main"], excludes: [] } },
      rules: {
        deletion: true,
        nonFastForward: true,
        pullRequest: { requiredApprovingReviewCount: 2, dismissStaleReviewsOnPush: true },
        requiredStatusChecks: {
          requiredChecks: [{ context: "check" }],
          strictRequiredStatusChecksPolicy: false,
        },
      },
    });
  });

  test("asks for no checks where none are named", async () => {
    new RepositorySettings("github", args({ checks: [] }));
    const { rules } = (await engine.inputsOf("RepositoryRuleset", "github-branch")) as { rules: object };
    expect(Object.keys(rules).sort()).toEqual(["deletion", "nonFastForward", "pullRequest"]);
  });

  test.each<[string, Partial<Args["features"]>, string, number]>([
    ["rulesets", { rulesets: false }, "RepositoryRuleset", 0],
    ["environments", { environments: false, reviewers: false }, "RepositoryEnvironment", 0],
  ])("does without %s where the plan has none", async (_name, changes, type, count) => {
    new RepositorySettings("github", args({ features: { ...args().features, ...changes } }));
    expect(await engine.ofType(type)).toHaveLength(count);
    expect(await engine.ofType("ActionsSecret")).toHaveLength(1);
  });

  test("has no reviewers where the plan has none, but main only", async () => {
    new RepositorySettings("github", args({ features: { rulesets: true, environments: true, reviewers: false } }));
    expect(Object.keys((await engine.inputsOf("RepositoryEnvironment", "github-production"))!).sort()).toEqual([
      "deploymentBranchPolicy",
      "environment",
      "repository",
    ]);
  });

  test("waits for nobody where nobody is named", async () => {
    new RepositorySettings("github", args({ reviewers: { users: [], teams: [] } }));
    const inputs = await engine.inputsOf("RepositoryEnvironment", "github-production");
    expect(inputs).toMatchObject({ reviewers: [], preventSelfReview: true });
  });
});
