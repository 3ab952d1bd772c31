import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import type { Features } from "./features.ts";
import type { ReviewerIds } from "./survey.ts";
import { publicKeyOf, TAG_KEY } from "./tag-key.ts";

/** GitHub's id of the role (https://registry.terraform.io/providers/integrations/github/latest/docs/resources/repository_ruleset). */
const ADMINISTRATOR = 5;

export interface RepositorySettingsArgs {
  /** `owner/name`; it must exist. */
  repository: string;
  /** Branch that releases are cut from. */
  branch: string;
  /** Address of the runner, e.g. `https://iac.example.org`. */
  url: string;
  /** What signs requests to the runner. */
  webhookSecret: pulumi.Input<string>;
  /** What signs requests for production, where the runner has such a secret. Only the environment `production` knows it. */
  productionSecret?: pulumi.Input<string>;
  /** What says yes to a preview, where the runner waits for that. Only the environment `preview` knows it, behind its reviewers. */
  previewSecret?: pulumi.Input<string>;
  /**
   * Who may make tags `v*`: deploy keys, administrators and these. Undefined: whoever may push. `key`: the private half of the deploy
   * key that the workflows push tags with.
   */
  tags?: { makers: ReviewerIds; key: pulumi.Input<string> };
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
    if (args.features.rulesets && args.features.environments && args.tags)
      addTagMakers(name, repository, args.tags, child);
    this.registerOutputs();
  }
}

function addEnvironments(
  name: string,
  repository: string,
  args: RepositorySettingsArgs,
  child: pulumi.CustomResourceOptions,
): void {
  const { branch, features, reviewers, waitMinutes, productionSecret, previewSecret, tags } = args;
  const named = [reviewers].filter(({ users, teams }) => users.length + teams.length > 0);
  // Nobody lets their own deployment pass, administrators neither.
  const guarded = {
    preventSelfReview: true,
    canAdminsBypass: false,
    waitTimer: waitMinutes,
    reviewers: named,
  };
  const addSecret = (own: github.RepositoryEnvironment, id: string, secretName: string, value: pulumi.Input<string>) =>
    new github.ActionsEnvironmentSecret(
      `${name}-${id}`,
      { repository, environment: own.environment, secretName, value: pulumi.secret(value) },
      child,
    );
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
    if (environment === "production" && productionSecret) {
      addSecret(own, "production-secret", "PRODUCTION_SECRET", productionSecret);
    }
    if (tags) addSecret(own, `${environment}-tag-key`, TAG_KEY, tags.key);
  }
  if (!previewSecret || !features.reviewers || named.length === 0) return;
  // For any branch: it is there to look at what is not merged. Whoever opened the pull request does not say yes to it.
  const guards = { preventSelfReview: true, canAdminsBypass: false, reviewers: named };
  const preview = new github.RepositoryEnvironment(
    `${name}-preview`,
    { repository, environment: "preview", ...guards },
    child,
  );
  addSecret(preview, "preview-secret", "PREVIEW_SECRET", previewSecret);
}

/**
 * Deploy keys and not the workflows' own token: GitHub takes its Actions app as nobody's bypass
 * (https://github.com/M4i-Imaging-Mass-Spectrometry/thyra/pull/149), and a workflow of any branch has that token, while the key is a
 * secret of environments that main alone may use.
 */
function addTagMakers(
  name: string,
  repository: string,
  { makers, key }: NonNullable<RepositorySettingsArgs["tags"]>,
  child: pulumi.CustomResourceOptions,
): void {
  const deployKey = { repository, title: "Dockmaster: workflows that push tags", readOnly: false };
  new github.RepositoryDeployKey(
    `${name}-tag-key`,
    { ...deployKey, key: pulumi.unsecret(pulumi.output(key).apply(publicKeyOf)) },
    child,
  );
  const always = { bypassMode: "always" };
  new github.RepositoryRuleset(
    `${name}-tag-makers`,
    {
      repository,
      enforcement: "active",
      name: "Releases are made by workflows and named people",
      target: "tag",
      conditions: { refName: { includes: ["refs/tags/v*"], excludes: [] } },
      bypassActors: [
        { actorType: "DeployKey", ...always },
        { actorType: "RepositoryRole", actorId: ADMINISTRATOR, ...always },
        ...makers.teams.map((actorId) => ({ actorType: "Team", actorId, ...always })),
        ...makers.users.map((actorId) => ({ actorType: "User", actorId, ...always })),
      ],
      rules: { creation: true },
    },
    child,
  );
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
        pullRequest: {
          requiredApprovingReviewCount: approvals,
          dismissStaleReviewsOnPush: true,
          // A last push by who approved before would be nobody's review. Who works alone has nobody to ask.
          requireLastPushApproval: approvals > 0,
          // Of the paths that CODEOWNERS names.
          requireCodeOwnerReview: approvals > 0,
        },
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
