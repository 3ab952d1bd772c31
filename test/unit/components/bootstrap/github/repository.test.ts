import { beforeEach, describe, expect, test } from "vitest";
import { recordResources } from "../runner/registered.ts";

const engine = await recordResources();
const { makeTagKey, publicKeyOf } = await import("../../../../../components/bootstrap/github/tag-key.ts");
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
        pullRequest: {
          requiredApprovingReviewCount: 2,
          dismissStaleReviewsOnPush: true,
          requireLastPushApproval: true,
          requireCodeOwnerReview: true,
        },
        requiredStatusChecks: {
          requiredChecks: [{ context: "check" }],
          strictRequiredStatusChecksPolicy: false,
        },
      },
    });
  });

  test("asks nobody for approval who has nobody to ask", async () => {
    new RepositorySettings("github", args({ approvals: 0 }));
    expect(await engine.inputsOf("RepositoryRuleset", "github-branch")).toMatchObject({
      rules: { pullRequest: { requireLastPushApproval: false, requireCodeOwnerReview: false } },
    });
  });

  test("lets deploy keys, administrators and named people alone make releases, where people are named", async () => {
    new RepositorySettings("github", args());
    expect(await engine.ofType("RepositoryDeployKey")).toEqual([]);
    const key = makeTagKey();
    new RepositorySettings("github", args({ tags: { makers: { users: [11], teams: [22] }, key } }));
    expect(await engine.inputsOf("RepositoryRuleset", "github-tag-makers")).toEqual({
      repository,
      enforcement: "active",
      name: "Releases are made by workflows and named people",
      target: "tag",
      conditions: { refName: { includes: ["refs/tags/v*"], excludes: [] } },
      bypassActors: [
        { actorType: "DeployKey", bypassMode: "always" },
        { actorType: "RepositoryRole", actorId: 5, bypassMode: "always" },
        { actorType: "Team", actorId: 22, bypassMode: "always" },
        { actorType: "User", actorId: 11, bypassMode: "always" },
      ],
      rules: { creation: true },
    });
    expect(await engine.inputsOf("RepositoryDeployKey")).toMatchObject({ readOnly: false, key: publicKeyOf(key) });
    for (const environment of ["staging", "production"]) {
      const secret = await engine.inputsOf("ActionsEnvironmentSecret", `github-${environment}-tag-key`);
      expect(secret).toEqual({ repository, environment, secretName: "TAG_KEY", value: key });
    }
  });

  test("knows production's secret in its environment only, and a preview's behind reviewers only", async () => {
    new RepositorySettings("github", args({ productionSecret: "for production", previewSecret: "for previews" }));
    expect(await engine.inputsOf("ActionsEnvironmentSecret", "github-production-secret")).toEqual({
      ...{ repository, environment: "production", secretName: "PRODUCTION_SECRET", value: "for production" },
    });
    expect(await engine.inputsOf("RepositoryEnvironment", "github-preview")).toEqual({
      repository,
      environment: "preview",
      preventSelfReview: true,
      canAdminsBypass: false,
      reviewers: [{ users: [11], teams: [22] }],
    });
    expect(await engine.inputsOf("ActionsEnvironmentSecret", "github-preview-secret")).toEqual({
      ...{ repository, environment: "preview", secretName: "PREVIEW_SECRET", value: "for previews" },
    });
    expect(await engine.ofType("ActionsSecret")).toHaveLength(1);
  });

  test.each<[string, Partial<Args>]>([
    ["named", { reviewers: { users: [], teams: [] } }],
    ["part of the plan", { features: { rulesets: true, environments: true, reviewers: false } }],
  ])("gives nobody's yes to previews where reviewers are not %s", async (_name, changes) => {
    new RepositorySettings("github", args({ previewSecret: "for previews", ...changes }));
    const secrets = await engine.ofType("ActionsEnvironmentSecret");
    expect(JSON.stringify(secrets)).not.toContain("PREVIEW_SECRET");
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
