/** One `docker compose up` as Dokploy runs it: the files on disk, the command after `docker `, and where its output goes. */
export interface ComposeUp {
  appName: string;
  /** Folder that holds `docker-compose.yml` and `.env`, as Dokploy wrote them. */
  folder: string;
  /** The words after `docker `, e.g. `compose -p web-8ep1kd -f docker-compose.yml up -d --build --remove-orphans`. */
  command: string;
  /** One line of compose's output. */
  log(line: string): void;
  /** Aborted when the server goes down. */
  signal: AbortSignal;
}

/** One row of `docker.getContainersByAppNameMatch`. */
export interface ContainerRow {
  containerId: string;
  name: string;
  /** created | running | restarting | exited | … */
  state: string;
  /** As `docker ps` says it: `Up 3 seconds (healthy)`. */
  status: string;
}

/** One row of `docker.getContainers`. */
export interface HostRow extends ContainerRow {
  image: string;
  /** As `docker ps` says them: `0.0.0.0:80->80/tcp`. */
  ports: string;
}

/** One network of the host. */
export interface NetworkEntry {
  name: string;
  driver: string;
  subnets: string[];
}

/** The host's containers and volumes, simulated or real. Errors of compose are log lines and `ok: false`, never throws. */
export interface Containers {
  up(run: ComposeUp): Promise<{ ok: boolean }>;
  stop(appName: string): Promise<{ ok: boolean; message: string }>;
  start(appName: string, folder: string): Promise<{ ok: boolean; message: string }>;
  down(appName: string, folder: string, volumes: boolean): Promise<void>;
  list(appName: string): Promise<ContainerRow[]>;
  /** Every container of the host, the newest first; undefined when Docker does not answer. */
  listAll(): Promise<HostRow[] | undefined>;
  /** `docker inspect` of one container, by id or name: State.Status, State.Health.Status, RestartCount, Config.Image, Config.Labels, … */
  inspect(containerId: string): Promise<Record<string, unknown> | undefined>;
  /** Lines with RFC 3339 timestamps, as `docker logs -t`. */
  logs(containerId: string, tail: number): Promise<string | undefined>;
  volumes(): Promise<string[]>;
  /** `docker stop` and `docker rm -f` of one container; what docker says when it refuses. */
  stopContainer(containerId: string): Promise<string | undefined>;
  removeContainer(containerId: string): Promise<string | undefined>;
  /** `docker volume inspect`: Name, Driver, Labels, … */
  inspectVolume(name: string): Promise<Record<string, unknown> | undefined>;
  /** `docker volume rm`; what docker says when it refuses: the volume is in use, or there is none. */
  removeVolume(name: string): Promise<string | undefined>;
  networks(): Promise<NetworkEntry[]>;
  /** `message` is Docker's, e.g. that there is one of that name. */
  createNetwork(name: string, driver: string): Promise<{ ok: boolean; message: string }>;
  /** One that is not there counts as removed; one with containers on it is not `ok`. */
  removeNetwork(name: string): Promise<{ ok: boolean; message: string }>;
  close(): Promise<void>;
}
