/** The rows that Dokploy keeps, with the columns that its answers show. Times are ISO 8601 strings. */

export interface ProjectRow {
  projectId: string;
  name: string;
  description: string | null;
  createdAt: string;
  organizationId: string;
  env: string;
}

export interface EnvironmentRow {
  environmentId: string;
  name: string;
  description: string | null;
  createdAt: string;
  env: string;
  projectId: string;
  isDefault: boolean;
}

export type ComposeStatus = "idle" | "running" | "done" | "error";

export interface ServiceNetwork {
  serviceName: string;
  networkIds: string[];
  detachDokployNetwork: boolean;
}

export interface ComposeRow {
  composeId: string;
  name: string;
  appName: string;
  description: string | null;
  env: string | null;
  composeFile: string;
  refreshToken: string | null;
  sourceType: "git" | "github" | "gitlab" | "bitbucket" | "gitea" | "raw";
  composeType: "docker-compose" | "stack";
  repository: string | null;
  owner: string | null;
  branch: string | null;
  autoDeploy: boolean | null;
  gitlabProjectId: number | null;
  gitlabRepository: string | null;
  gitlabOwner: string | null;
  gitlabBranch: string | null;
  gitlabPathNamespace: string | null;
  bitbucketRepository: string | null;
  bitbucketRepositorySlug: string | null;
  bitbucketOwner: string | null;
  bitbucketBranch: string | null;
  giteaRepository: string | null;
  giteaOwner: string | null;
  giteaBranch: string | null;
  customGitUrl: string | null;
  customGitBranch: string | null;
  customGitSSHKeyId: string | null;
  command: string;
  createEnvFile: boolean;
  enableSubmodules: boolean;
  composePath: string;
  suffix: string;
  randomize: boolean;
  isolatedDeployment: boolean;
  isolatedDeploymentsVolume: boolean;
  triggerType: "push" | "tag" | null;
  composeStatus: ComposeStatus;
  icon: string | null;
  environmentId: string;
  createdAt: string;
  watchPaths: string[] | null;
  githubId: string | null;
  gitlabId: string | null;
  bitbucketId: string | null;
  giteaId: string | null;
  serverId: string | null;
  serviceNetworks: ServiceNetwork[] | null;
}

export interface DeploymentRow {
  deploymentId: string;
  title: string;
  description: string;
  status: "running" | "done" | "error" | "cancelled";
  logPath: string;
  pid: string | null;
  applicationId: null;
  composeId: string;
  serverId: null;
  isPreviewDeployment: boolean;
  previewDeploymentId: null;
  createdAt: string;
  startedAt: string;
  finishedAt: string | null;
  errorMessage: string | null;
  scheduleId: null;
  backupId: null;
  rollbackId: null;
  volumeBackupId: null;
  buildServerId: null;
}

export interface DomainRow {
  domainId: string;
  host: string;
  https: boolean;
  port: number | null;
  customEntrypoint: string | null;
  path: string | null;
  serviceName: string | null;
  domainType: "compose" | "application" | "preview" | null;
  uniqueConfigKey: number;
  createdAt: string;
  composeId: string | null;
  customCertResolver: string | null;
  applicationId: null;
  previewDeploymentId: null;
  certificateType: "letsencrypt" | "none" | "custom";
  internalPath: string | null;
  stripPath: boolean;
  middlewares: string[] | null;
  forwardAuthEnabled: boolean;
  enabled: boolean;
}

export interface MountRow {
  mountId: string;
  type: "bind" | "volume" | "file";
  hostPath: string | null;
  volumeName: string | null;
  filePath: string | null;
  content: string | null;
  serviceType: string;
  mountPath: string;
  applicationId: null;
  composeId: string | null;
  libsqlId: null;
  mariadbId: null;
  mongoId: null;
  mysqlId: null;
  postgresId: null;
  redisId: null;
}

export interface ApiKeyRow {
  id: string;
  name: string;
  /** SHA-256 of the key; the key itself is shown once. */
  hash: string;
  start: string;
  userId: string;
  organizationId: string | null;
  rateLimitEnabled: boolean;
  rateLimitTimeWindow: number;
  rateLimitMax: number;
  requestCount: number;
  remaining: number | null;
  /** Start of the current rate-limit window, in ms. */
  lastRequest: number | null;
  expiresAt: string | null;
  createdAt?: string;
}

export interface UserRow {
  id: string;
  memberId: string;
  email: string;
  firstName: string;
  role: "owner" | "admin" | "member";
  createdAt: string;
  /** Ids of what this user made. */
  accessed?: { projects: string[]; environments: string[]; services: string[] };
}

/** One row only: what belongs to the server as a whole. */
export interface ServerRow {
  organizationId: string;
  organizationName: string;
  createdAt: string;
  buildsConcurrency: number;
  enableDockerCleanup: boolean;
  /** Last number given to a domain's `uniqueConfigKey`. */
  domainCount: number;
}

/** A network that Dokploy knows; Docker finds it by its name. */
export interface NetworkRow {
  networkId: string;
  name: string;
  driver: "bridge" | "overlay";
  internal: boolean;
  attachable: boolean;
  enableIPv4: boolean;
  enableIPv6: boolean;
  mtu: number | null;
  ipam: object;
  createdAt: string;
  organizationId: string;
  serverId: string | null;
}
