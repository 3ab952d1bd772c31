import { z } from "zod";
import { DokployError } from "./errors.ts";
import { found } from "./found.ts";
import {
  type ComposeRecord,
  type ContainerConfig,
  type ContainerRow,
  composeRecord,
  composeRow,
  containerConfig,
  containerRow,
  type DeploymentRow,
  deploymentRow,
  type EnvironmentRecord,
  environmentCreated,
  environmentRecord,
  membership,
  type NetworkRow,
  type NetworksToSync,
  networkRow,
  networksToSync,
  type ProjectEntry,
  projectCreated,
  projectEntry,
  type QueueEntry,
  queueEntry,
  type VolumeRow,
  volumeRow,
  wholeProject,
} from "./schema.ts";
import { openTransport, type TransportOptions } from "./transport.ts";
import { parseVersion, type ServerVersion } from "./version.ts";

/** What `compose.create` keeps; everything else it drops and `updateCompose` writes. */
export interface NewCompose {
  name: string;
  environmentId: string;
  /** Dokploy appends six random characters and uses it as Compose project name. */
  appName: string;
  description: string;
  composeFile: string;
}

/** Columns that we write. Real booleans: Dokploy reads the text "false" as true and a missing boolean as false. */
export interface ComposeColumns {
  name: string;
  description: string;
  env: string;
  composeFile: string;
  sourceType: "raw";
  composeType: "docker-compose";
  command: string;
  autoDeploy: boolean;
  createEnvFile: boolean;
  composePath: string;
  suffix: string;
  randomize: boolean;
  isolatedDeployment: boolean;
  serviceNetworks: never[];
}

export interface DomainColumns {
  host: string;
  path: string;
  port: number;
  https: boolean;
  certificateType: "letsencrypt" | "none";
  serviceName: string;
  internalPath: string;
  stripPath: boolean;
  customEntrypoint: null;
  customCertResolver: null;
  middlewares: never[];
  forwardAuthEnabled: boolean;
}

/** Every operation of Dokploy that this project uses. All reject with a {@link DokployError}. */
export interface Dokploy {
  readonly url: string;
  /** As the server says it: `v0.30.2`, `canary`. */
  versionName(): Promise<string>;
  /** Asked once per connection; undefined when the server names no version that can be compared. */
  version(): Promise<ServerVersion | undefined>;
  /** Role of the key's user in its organization, asked once per connection; undefined when the server does not say. */
  role(): Promise<string | undefined>;
  projects(): Promise<ProjectEntry[]>;
  createProject(project: { name: string; description: string }): Promise<z.infer<typeof projectCreated>>;
  updateProject(project: { projectId: string; name?: string; description?: string }): Promise<void>;
  removeProject(projectId: string): Promise<void>;
  environment(environmentId: string): Promise<EnvironmentRecord>;
  createEnvironment(environment: {
    name: string;
    projectId: string;
    description: string;
  }): Promise<{ environmentId: string }>;
  updateEnvironment(environment: { environmentId: string; name?: string; description?: string }): Promise<void>;
  removeEnvironment(environmentId: string): Promise<void>;
  compose(composeId: string): Promise<ComposeRecord>;
  createCompose(compose: NewCompose): Promise<{ composeId: string; appName: string }>;
  /** Writes the record only; nothing is deployed. Rejects with `not-found` for an unknown id. */
  updateCompose(composeId: string, columns: Partial<ComposeColumns>): Promise<void>;
  moveCompose(composeId: string, targetEnvironmentId: string): Promise<void>;
  /** Removes the record and its containers, and its volumes only when told so. */
  deleteCompose(composeId: string, options?: { volumes: boolean }): Promise<void>;
  /** Queues a deployment. No id comes back: the title is how to find it. */
  deploy(composeId: string, title: string, description: string): Promise<void>;
  deployments(composeId: string): Promise<DeploymentRow[]>;
  queue(): Promise<QueueEntry[]>;
  deploymentLog(deploymentId: string, lines: number): Promise<string>;
  createDomain(composeId: string, columns: DomainColumns): Promise<void>;
  updateDomain(domainId: string, columns: DomainColumns & { enabled: boolean }): Promise<void>;
  deleteDomain(domainId: string): Promise<void>;
  containers(appName: string): Promise<ContainerRow[]>;
  /**
   * Every container of Dokploy's own server, whoever made it: one `docker ps -a`. Those with `dokploy` in their name are not told of, and
   * it is empty also when Docker does not answer.
   */
  allContainers(): Promise<ContainerRow[]>;
  /** One container, by id or name, as `docker inspect` tells it; undefined when there is none, or Docker does not answer. */
  container(container: string): Promise<ContainerConfig | undefined>;
  /** All volumes of the server's Docker; empty also when that does not answer. Servers before v0.30 know none of the calls about volumes. */
  volumes(): Promise<VolumeRow[]>;
  hasVolume(name: string): Promise<boolean>;
  /** Rejects with `not-found` when there is none, and with `conflict` while a container has it: both in Docker's words. */
  removeVolume(name: string): Promise<void>;
  /** Networks that Dokploy has rows of. Servers before v0.30 know none of the calls about networks. */
  networkRows(): Promise<NetworkRow[]>;
  /** How Docker's networks differ from those rows. */
  networksToSync(): Promise<NetworksToSync>;
  /** Makes a bridge network of the server's Docker, and its row. Rejects with `validation` when Docker has one of that name. */
  createNetwork(name: string): Promise<void>;
  /** Makes the network of a row again. Rejects as {@link createNetwork} does. */
  recreateNetwork(networkId: string): Promise<void>;
  /** Removes network and row. Rejects with `validation` while containers are on it. */
  removeNetwork(networkId: string): Promise<void>;
  containerLog(composeId: string, containerId: string, lines: number): Promise<string>;
  stopContainer(containerId: string): Promise<void>;
  /** `docker rm -f`; volumes stay. */
  removeContainer(containerId: string): Promise<void>;
  /** Every Compose project of the organization. */
  composes(): Promise<{ appName: string; name: string; description?: string | null | undefined }[]>;
  close(): void;
}

/** Deletions wait for the containers' grace periods. */
const DELETE_TIMEOUT = 180_000;

const VERSION = "settings.getDokployVersion";

/** Connects to a Dokploy server. Nothing is sent before the first call. */
export function connectDokploy(options: TransportOptions): Dokploy {
  const { get, post, close } = openTransport(options);
  const again = { idempotent: true };

  return {
    url: options.url,
    versionName: async () => read(z.string(), await get(VERSION), VERSION),
    version: once(async () => parseVersion(await get(VERSION))),
    role: once(async () => membership.safeParse(await get("user.get")).data?.role),
    projects: async () => read(z.array(projectEntry), await get("project.all"), "project.all"),
    createProject: async (project) => read(projectCreated, await post("project.create", project), "project.create"),
    updateProject: async (project) => void (await post("project.update", project, again)),
    removeProject: async (projectId) => void (await post("project.remove", { projectId })),
    environment: async (environmentId) =>
      read(environmentRecord, await get("environment.one", { environmentId }), "environment.one"),
    createEnvironment: async (environment) =>
      read(environmentCreated, await post("environment.create", environment), "environment.create"),
    updateEnvironment: async (environment) => void (await post("environment.update", environment, again)),
    removeEnvironment: async (environmentId) => void (await post("environment.remove", { environmentId })),
    compose: async (composeId) => read(composeRecord, await get("compose.one", { composeId }), "compose.one"),
    async createCompose(compose) {
      const body = { ...compose, composeType: "docker-compose", sourceType: "raw" };
      return read(composeRow, await post("compose.create", body), "compose.create");
    },
    async updateCompose(composeId, columns) {
      const row = await post("compose.update", { composeId, ...columns }, again);
      if (row !== undefined) return;
      throw new DokployError(
        "not-found",
        "POST compose.update: no such compose",
        "it was deleted in Dokploy meanwhile",
      );
    },
    moveCompose: async (composeId, targetEnvironmentId) =>
      void (await post("compose.move", { composeId, targetEnvironmentId }, again)),
    deleteCompose: async (composeId, { volumes } = { volumes: false }) =>
      void (await post("compose.delete", { composeId, deleteVolumes: volumes === true }, { timeout: DELETE_TIMEOUT })),
    deploy: async (composeId, title, description) =>
      void (await post("compose.deploy", { composeId, title, description })),
    deployments: async (composeId) =>
      read(z.array(deploymentRow), await get("deployment.allByCompose", { composeId }), "deployment.allByCompose"),
    queue: async () => read(z.array(queueEntry), await get("deployment.queueList"), "deployment.queueList"),
    deploymentLog: async (deploymentId, lines) =>
      text(await get("deployment.readLogs", { deploymentId, tail: String(lines) })),
    createDomain: async (composeId, columns) =>
      void (await post("domain.create", { composeId, domainType: "compose", ...columns })),
    updateDomain: async (domainId, columns) => void (await post("domain.update", { domainId, ...columns }, again)),
    deleteDomain: async (domainId) => void (await post("domain.delete", { domainId })),
    containers: async (appName) =>
      read(
        z.array(containerRow),
        await get("docker.getContainersByAppNameMatch", { appName, appType: "docker-compose" }),
        "docker.getContainersByAppNameMatch",
      ),
    allContainers: async () => {
      // Nothing at all when `docker ps` wrote an error; a host without any container gives one row in words.
      const answer = (await get("docker.getContainers")) ?? [];
      const rows = read(z.array(containerRow), answer, "docker.getContainers");
      return rows.filter(({ containerId }) => containerId !== "No container id");
    },
    container: async (containerId) => containerConfig.safeParse(await get("docker.getConfig", { containerId })).data,
    volumes: async () => read(z.array(volumeRow), await get("dockerVolume.getVolumes"), "dockerVolume.getVolumes"),
    hasVolume: async (volumeName) =>
      (await found(get("dockerVolume.getVolumeConfig", { volumeName }).then(() => true))) ?? false,
    removeVolume: async (volumeName) =>
      void (await post("dockerVolume.removeVolume", { volumeName }, { timeout: DELETE_TIMEOUT })),
    networkRows: async () => read(z.array(networkRow), await get("network.all"), "network.all"),
    networksToSync: async () => read(networksToSync, await get("network.networksToSync"), "network.networksToSync"),
    createNetwork: async (name) => void (await post("network.create", { name, driver: "bridge" })),
    recreateNetwork: async (networkId) => void (await post("network.recreate", { networkId })),
    removeNetwork: async (networkId) => void (await post("network.remove", { networkId })),
    containerLog: async (composeId, containerId, lines) =>
      text(await get("compose.readLogs", { composeId, containerId, tail: String(lines) })),
    stopContainer: async (containerId) =>
      void (await post("docker.stopContainer", { containerId }, { ...again, timeout: DELETE_TIMEOUT })),
    removeContainer: async (containerId) => void (await post("docker.removeContainer", { containerId }, again)),
    composes: async () => {
      const projects = read(z.array(projectEntry), await get("project.all"), "project.all");
      const whole = projects.map(async ({ projectId }) =>
        read(wholeProject, await get("project.one", { projectId }), "project.one"),
      );
      return (await Promise.all(whole)).flatMap(({ environments }) => environments.flatMap(({ compose }) => compose));
    },
    close,
  };
}

/** Asks when it is first needed and keeps the answer. A failed question is asked again by whoever needs the answer next. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask();
    asked.catch(() => {
      asked = undefined;
    });
    return asked;
  };
}

function read<T>(schema: z.ZodType<T>, answer: unknown, procedure: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join(".") || "the answer").slice(0, 3);
  throw new DokployError(
    "unknown",
    `${procedure} answered something else than expected (${fields.join(", ")})`,
    "check that DOKPLOY_URL is the address of a Dokploy server, v0.29.6 or newer",
  );
}

function text(answer: unknown): string {
  return typeof answer === "string" ? answer : "";
}
