import { z } from "zod";

const text = z.string().nullish();
const sourceType = z.enum(["git", "github", "gitlab", "bitbucket", "gitea", "raw"]);
const composeType = z.enum(["docker-compose", "stack"]);
const appName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-zA-Z0-9._-]+$/, "App name can only contain letters, numbers, dots, underscores and hyphens");

export const composeId = z.string().min(1);

/** Takes fewer fields than a service has: env, command, autoDeploy and the rest are dropped without a word. */
export const createSchema = z.object({
  name: z.string().min(1),
  description: text,
  environmentId: z.string(),
  composeType: composeType.optional(),
  appName: appName.optional(),
  serverId: text,
  composeFile: z.string().optional(),
  sourceType: sourceType.optional(),
});

/** Any column but `serverId`; `appName` is accepted and ignored. */
export const updateSchema = z.object({
  composeId: z.string(),
  name: z.string().min(1).optional(),
  appName: appName.optional(),
  description: text,
  env: text,
  composeFile: z.string().optional(),
  refreshToken: text,
  sourceType: sourceType.optional(),
  composeType: composeType.optional(),
  repository: text,
  owner: text,
  branch: text,
  autoDeploy: z.boolean().nullish(),
  gitlabProjectId: z.number().nullish(),
  gitlabRepository: text,
  gitlabOwner: text,
  gitlabBranch: text,
  gitlabPathNamespace: text,
  bitbucketRepository: text,
  bitbucketRepositorySlug: text,
  bitbucketOwner: text,
  bitbucketBranch: text,
  giteaRepository: text,
  giteaOwner: text,
  giteaBranch: text,
  customGitUrl: text,
  customGitBranch: text,
  customGitSSHKeyId: text,
  command: z.string().optional(),
  createEnvFile: z.boolean().optional(),
  enableSubmodules: z.boolean().optional(),
  composePath: z.string().min(1).optional(),
  suffix: z.string().optional(),
  randomize: z.boolean().optional(),
  isolatedDeployment: z.boolean().optional(),
  isolatedDeploymentsVolume: z.boolean().optional(),
  triggerType: z.enum(["push", "tag"]).nullish(),
  composeStatus: z.enum(["idle", "running", "done", "error"]).optional(),
  icon: z.string().max(2_097_152).nullish(),
  environmentId: z.string().optional(),
  createdAt: z.string().optional(),
  watchPaths: z.array(z.string()).nullish(),
  githubId: text,
  gitlabId: text,
  bitbucketId: text,
  giteaId: text,
  serviceNetworks: z
    .array(z.object({ serviceName: z.string(), networkIds: z.array(z.string()), detachDokployNetwork: z.boolean() }))
    .nullish(),
});
