import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import type { Features } from "./features.ts";
import type { ReviewerIds } from "./survey.ts";

export interface RepositorySettingsArgs {
  /** `owner/name`; it must exist. */
  repository: string;
  /** Branch that releases are cut from. */
  branch: string;
  /** Address of the runner, e.g. `https://iac.example.org`. */
  url: string;
  /** What signs requests to the runner. */
  webhookSecret: pulumi.Input<string>;
  /** `webhook`: GitHub tells the runner of pushes. `actions`: a workflow does. */
  trigger: "actions" | "webhook";
  /** What the plan allows; the rest is left out. */
  features: Features;
  reviewers: ReviewerIds;
  /** Minutes that a deployment to production waits. */
  waitMinutes: number;
  /** Approvals that a pull request to the branch needs. */
  approvals: number;
  /** Checks that must have passed before. */
  checks: readonly string[];
}

/** A GitHub repository's settings: who may deploy what, what workflows know, and tags that stay where they are. */
export class RepositorySettings extends pulumi.ComponentResource {
  constructor(name: string, args: RepositorySettingsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dockmaster:github:RepositorySettings", name, {}, opts);
    const repository = args.repository.split("/")[1] ?? "";
    const child = { parent: this };

    new github.ActionsSecret(
      `${name}-webhook-secret`,
      { repository, secretName: "WEBHOOK_SECRET", value: pulumi.secret(args.webhookSecret) },
      child,
    );
    new github.ActionsVariable(`${name}-url`, { repository, variableName: "DOCKMASTER_URL", value: args.url }, child);
    if (args.trigger === "webhook") {
      const configuration = {
        url: `${args.url}/webhook`,
        contentType: "json",
        secret: pulumi.secret(args.webhookSecret),
        insecureSsl: false,
      };
      new github.RepositoryWebhook(
        `${name}-push`,
        { repository, events: ["push"], active: true, configuration },
        child,
      );
    }
    if (args.features.environments) addEnvironments(name, repository, args, child);
    if (args.features.rulesets) addRulesets(name, repository, args, child);
    this.registerOutputs();
  }
}

function addEnvironments(
  name: string,
  repository: string,
  { branch, features, reviewers, waitMinutes }: RepositorySettingsArgs,
  child: pulumi.CustomResourceOptions,
): void {
  // Nobody lets their own deployment pass, administrators neither.
  const guarded = {
    preventSelfReview: true,
    canAdminsBypass: false,
    waitTimer: waitMinutes,
    reviewers: [reviewers].filter(({ users, teams }) => users.length + teams.length > 0),
  };
  for (const environment of ["staging", "production"]) {
    const own = new github.RepositoryEnvironment(
      `${name}-${environment}`,
      {
        repository,
        environment,
        deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
        ...(environment === "production" && features.reviewers ? guarded : {}),
      },
      child,
    );
    new github.RepositoryEnvironmentDeploymentPolicy(
      `${name}-${environment}-branch`,
      { repository, environment: own.environment, branchPattern: branch },
      child,
    );
  }
}

function addRulesets(
  name: string,
  repository: string,
  { branch, approvals, checks }: RepositorySettingsArgs,
  child: pulumi.CustomResourceOptions,
): void {
  const shared = { repository, enforcement: "active" };
  new github.RepositoryRuleset(
    `${name}-tags`,
    {
      ...shared,
      name: "Releases stay where they are",
      target: "tag",
      conditions: { refName: { includes: ["refs/tags/v*"], excludes: [] } },
      // Without bypass: what a release names is what was deployed, for everybody.
      rules: { update: true, deletion: true, nonFastForward: true },
    },
    child,
  );
  new github.RepositoryRuleset(
    `${name}-branch`,
    {
      ...shared,
      name: `Reviewed changes to ${branch}`,
      target: "branch",
      conditions: { refName: { includes: [`refs/heads/${branch}`], excludes: [] } },
      rules: {
        deletion: true,
        nonFastForward: true,
        pullRequest: { requiredApprovingReviewCount: approvals, dismissStaleReviewsOnPush: true },
        ...(checks.length > 0 && {
          requiredStatusChecks: {
            requiredChecks: checks.map((context) => ({ context })),
            strictRequiredStatusChecksPolicy: false,
          },
        }),
      },
    },
    child,
  );
}
