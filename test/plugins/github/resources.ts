import { createHash } from "node:crypto";
import type { Props } from "../props.ts";
import { demand, request } from "./api.ts";

/** One type of resource: how GitHub gets it. `read` answers undefined for what is gone. */
export interface ResourceType {
  /** Inputs that cannot be changed afterwards. */
  fixed: string[];
  /** Outputs that are secrets. */
  secret?: string[];
  create(inputs: Props): Promise<string>;
  read(id: string, props: Props): Promise<Props | undefined>;
  update(id: string, inputs: Props): Promise<void>;
  /** Path below the repository. */
  path(id: string, props: Props): string;
}

const actionsSecret: ResourceType = {
  fixed: ["repository", "secretName"],
  secret: ["value"],
  async create({ repository, secretName, value }) {
    const { key_id } = await demand("GET", repository, "actions/secrets/public-key");
    // The real plugin sends it in a sealed box that only GitHub can open; here it is enough that it tells nothing and changes with it.
    const encrypted_value = createHash("sha256").update(String(value)).digest("base64");
    await demand("PUT", repository, `actions/secrets/${secretName}`, { encrypted_value, key_id });
    return `${repository}:${secretName}`;
  },
  read: async (_id, props) => (await request("GET", props.repository, `actions/secrets/${props.secretName}`)) && props,
  update: async (_id, inputs) => void (await actionsSecret.create(inputs)),
  path: (_id, { secretName }) => `actions/secrets/${secretName}`,
};

const actionsEnvironmentSecret: ResourceType = {
  fixed: ["repository", "environment", "secretName"],
  secret: ["value"],
  async create({ repository, environment, secretName, value }) {
    const encrypted_value = createHash("sha256").update(String(value)).digest("base64");
    await demand("PUT", repository, `environments/${environment}/secrets/${secretName}`, { encrypted_value });
    return `${repository}:${environment}:${secretName}`;
  },
  read: async (id, props) =>
    (await request("GET", props.repository, actionsEnvironmentSecret.path(id, props))) && props,
  update: async (_id, inputs) => void (await actionsEnvironmentSecret.create(inputs)),
  path: (_id, { environment, secretName }) => `environments/${environment}/secrets/${secretName}`,
};

const repositoryDeployKey: ResourceType = {
  fixed: ["repository", "key", "title", "readOnly"],
  create: async ({ repository, title, key, readOnly }) =>
    String((await demand("POST", repository, "keys", { title, key, read_only: readOnly })).id),
  read: async (id, props) => (await request("GET", props.repository, `keys/${id}`)) && props,
  update: async () => {},
  path: (id) => `keys/${id}`,
};

const actionsVariable: ResourceType = {
  fixed: ["repository", "variableName"],
  async create({ repository, variableName, value }) {
    await demand("POST", repository, "actions/variables", { name: variableName, value });
    return `${repository}:${variableName}`;
  },
  async read(id, props) {
    const found = await request("GET", props.repository, this.path(id, props));
    return found && { ...props, value: found.value };
  },
  async update(id, inputs) {
    await demand("PATCH", inputs.repository, this.path(id, inputs), { value: inputs.value });
  },
  path: (_id, { variableName }) => `actions/variables/${variableName}`,
};

const hookBody = ({ active, events, configuration }: Props): object => {
  const { url, contentType, secret, insecureSsl } = configuration as Props;
  const config = { url, content_type: contentType, secret, insecure_ssl: insecureSsl ? "1" : "0" };
  return { name: "web", active, events, config };
};
const repositoryWebhook: ResourceType = {
  fixed: ["repository"],
  secret: ["configuration"],
  create: async (inputs) => String((await demand("POST", inputs.repository, "hooks", hookBody(inputs))).id),
  async read(id, props) {
    const found = await request("GET", props.repository, `hooks/${id}`);
    return found && { ...props, active: found.active, events: found.events };
  },
  update: async (id, inputs) => void (await demand("PATCH", inputs.repository, `hooks/${id}`, hookBody(inputs))),
  path: (id) => `hooks/${id}`,
};

const repositoryEnvironment: ResourceType = {
  fixed: ["repository", "environment"],
  async create(inputs) {
    const { waitTimer, reviewers, preventSelfReview, canAdminsBypass, deploymentBranchPolicy } = inputs;
    const policy = deploymentBranchPolicy as Props | undefined;
    const people = (reviewers ?? []) as { users: number[]; teams: number[] }[];
    await demand("PUT", inputs.repository, `environments/${inputs.environment}`, {
      wait_timer: waitTimer ?? 0,
      prevent_self_review: preventSelfReview ?? false,
      can_admins_bypass: canAdminsBypass ?? true,
      reviewers: people.flatMap(({ users, teams }) => [
        ...users.map((id) => ({ type: "User", id })),
        ...teams.map((id) => ({ type: "Team", id })),
      ]),
      deployment_branch_policy: policy
        ? { protected_branches: policy.protectedBranches, custom_branch_policies: policy.customBranchPolicies }
        : null,
    });
    return `${inputs.repository}:${inputs.environment}`;
  },
  async read(id, props) {
    const found = await request("GET", props.repository, this.path(id, props));
    if (!found || props.waitTimer === undefined) return found && props;
    return { ...props, waitTimer: found.wait_timer, preventSelfReview: found.prevent_self_review };
  },
  update: async (_id, inputs) => void (await repositoryEnvironment.create(inputs)),
  path: (_id, { environment }) => `environments/${environment}`,
};

const branchPolicy: ResourceType = {
  fixed: ["repository", "environment", "branchPattern"],
  async create({ repository, environment, branchPattern }) {
    const path = `environments/${environment}/deployment-branch-policies`;
    return String((await demand("POST", repository, path, { name: branchPattern, type: "branch" })).id);
  },
  read: async (id, props) => (await request("GET", props.repository, branchPolicy.path(id, props))) && props,
  update: async () => {},
  path: (id, { environment }) => `environments/${environment}/deployment-branch-policies/${id}`,
};

const rulesetBody = ({ name, target, enforcement, conditions, rules, bypassActors }: Props): object => {
  const { includes, excludes } = (conditions as { refName: Props }).refName;
  const { creation, update, deletion, nonFastForward, pullRequest, requiredStatusChecks } = rules as Props;
  const plain = { creation, update, deletion, non_fast_forward: nonFastForward };
  const types = Object.entries(plain).flatMap(([type, on]) => (on ? [{ type }] : []));
  const { requiredApprovingReviewCount } = (pullRequest ?? {}) as Props;
  const { requiredChecks } = (requiredStatusChecks ?? {}) as Props;
  const parameters = [
    ...(pullRequest
      ? [{ type: "pull_request", parameters: { required_approving_review_count: requiredApprovingReviewCount } }]
      : []),
    ...(requiredChecks
      ? [{ type: "required_status_checks", parameters: { required_status_checks: requiredChecks } }]
      : []),
  ];
  const ref_name = { include: includes, exclude: excludes };
  const bypass_actors = ((bypassActors ?? []) as Props[]).map(({ actorType, actorId, bypassMode }) => ({
    ...{ actor_type: actorType, actor_id: actorId ?? null, bypass_mode: bypassMode },
  }));
  return { name, target, enforcement, conditions: { ref_name }, rules: [...types, ...parameters], bypass_actors };
};
const repositoryRuleset: ResourceType = {
  fixed: ["repository", "target"],
  create: async (inputs) => String((await demand("POST", inputs.repository, "rulesets", rulesetBody(inputs))).id),
  async read(id, props) {
    const found = await request("GET", props.repository, `rulesets/${id}`);
    return found && { ...props, enforcement: found.enforcement };
  },
  update: async (id, inputs) => void (await demand("PUT", inputs.repository, `rulesets/${id}`, rulesetBody(inputs))),
  path: (id) => `rulesets/${id}`,
};

/** The types that this project uses. */
export const RESOURCE_TYPES: Record<string, ResourceType> = {
  "github:index/actionsSecret:ActionsSecret": actionsSecret,
  "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret": actionsEnvironmentSecret,
  "github:index/repositoryDeployKey:RepositoryDeployKey": repositoryDeployKey,
  "github:index/actionsVariable:ActionsVariable": actionsVariable,
  "github:index/repositoryWebhook:RepositoryWebhook": repositoryWebhook,
  "github:index/repositoryEnvironment:RepositoryEnvironment": repositoryEnvironment,
  "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy": branchPolicy,
  "github:index/repositoryRuleset:RepositoryRuleset": repositoryRuleset,
};
