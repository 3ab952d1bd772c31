import type { z } from "zod";
import type { Call } from "../rpc/procedure.ts";
import { newAppName, newId } from "../state/ids.ts";
import type { ComposeRow } from "../state/records.ts";
import type { createSchema } from "./compose-schema.ts";

/** A new service with the columns' defaults: `sourceType` github, `autoDeploy` on, a random end to its app name. */
export function newComposeRow(input: z.output<typeof createSchema>, createdAt: string): ComposeRow {
  return {
    composeId: newId(),
    name: input.name,
    appName: newAppName(input.appName),
    description: input.description ?? null,
    env: null,
    composeFile: input.composeFile ?? "",
    refreshToken: newId(),
    sourceType: input.sourceType ?? "github",
    composeType: input.composeType ?? "docker-compose",
    repository: null,
    owner: null,
    branch: null,
    autoDeploy: true,
    gitlabProjectId: null,
    gitlabRepository: null,
    gitlabOwner: null,
    gitlabBranch: null,
    gitlabPathNamespace: null,
    bitbucketRepository: null,
    bitbucketRepositorySlug: null,
    bitbucketOwner: null,
    bitbucketBranch: null,
    giteaRepository: null,
    giteaOwner: null,
    giteaBranch: null,
    customGitUrl: null,
    customGitBranch: null,
    customGitSSHKeyId: null,
    command: "",
    createEnvFile: true,
    enableSubmodules: false,
    composePath: "./docker-compose.yml",
    suffix: "",
    randomize: false,
    isolatedDeployment: false,
    isolatedDeploymentsVolume: false,
    triggerType: "push",
    composeStatus: "idle",
    icon: null,
    environmentId: input.environmentId,
    createdAt,
    watchPaths: null,
    githubId: null,
    gitlabId: null,
    bitbucketId: null,
    giteaId: null,
    serverId: null,
    serviceNetworks: [],
  };
}

/** The service with what belongs to it, as `compose.delete` answers it. */
export function composeWithRelations({ dokploy: { db } }: Call, compose: ComposeRow) {
  const environment = db.environments.get(compose.environmentId);
  const project = environment && db.projects.get(environment.projectId);
  return {
    ...compose,
    environment: { ...environment, project },
    // In no order, as PostgreSQL answers them: who needs the newest must look at the times.
    deployments: db.deployments.of(compose.composeId).sort((a, b) => (a.deploymentId < b.deploymentId ? -1 : 1)),
    mounts: db.mounts.of(compose.composeId),
    domains: db.domains.of(compose.composeId),
    github: null,
    gitlab: null,
    bitbucket: null,
    gitea: null,
    server: null,
    backups: [],
  };
}

/** PostgreSQL stores valid UTF-8 only, and no NUL in a text column. Env is encrypted first, so a NUL is no matter there. */
export function checkedText(patch: Partial<ComposeRow>): Partial<ComposeRow> {
  if (patch.composeFile?.includes("\0")) {
    throw new Error('Failed query: update "compose" set "composeFile" = $1 where "compose"."composeId" = $2');
  }
  const entries = Object.entries(patch).map(([key, value]) => [
    key,
    typeof value === "string" ? value.toWellFormed() : value,
  ]);
  return Object.fromEntries(entries) as Partial<ComposeRow>;
}
