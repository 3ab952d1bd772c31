import type { Life } from "../pretend/life.ts";
import type { HealthCheck } from "../read/project.ts";

/** Everything that one simulated Docker host holds: data without behaviour, so that a file can keep it. */
export interface HostState {
  /** By container id. */
  containers: Map<string, HostContainer>;
  /** By volume name. */
  volumes: Record<string, HostVolume>;
  /** By network name. */
  networks: Record<string, HostNetwork>;
}

export interface HostContainer {
  id: string;
  name: string;
  project: string;
  service: string;
  image: string;
  configHash: string;
  createdAt: number;
  life?: Life;
  restart: string;
  command: string[];
  environment: Record<string, string>;
  labels: Record<string, string>;
  healthCheck?: HealthCheck | "disabled";
  /** Network name → names the container answers to there. */
  networks: Record<string, string[]>;
  /** Name that only this container knows → name that it stands for. Before other names are asked for. */
  links?: Record<string, string>;
  mounts: HostMount[];
  /** Path inside the container → content at the time of its creation: secrets and configs. */
  files: Record<string, string>;
  log: { at: number; line: string }[];
  /** A scripted failure shaped its life; it heals when the script is gone. */
  scripted?: boolean;
}

export interface HostMount {
  type: "volume" | "bind" | "tmpfs";
  /** Volume name or path on the host. */
  source: string;
  target: string;
  readOnly: boolean;
}

export interface HostVolume {
  name: string;
  /** Project that created it; survives that project. */
  project: string;
  key: string;
  driver: string;
  driverOptions: Record<string, string>;
  labels: Record<string, string>;
  definitionHash: string;
  createdAt: number;
  /** What lies in it: path → content. */
  data: Record<string, string>;
  /** Who wrote to it first and with which secrets (SHA-256 of each file): what a database would have kept as its password. */
  firstUse?: { project: string; container: string; at: number; files: Record<string, string> };
}

export interface HostNetwork {
  name: string;
  /** Empty for the ones that Compose did not create. */
  project: string;
  /** Its key in the file that made it. */
  key: string;
}

export function emptyHost(): HostState {
  return {
    containers: new Map(),
    volumes: {},
    networks: { "dokploy-network": { name: "dokploy-network", project: "", key: "" } },
  };
}

export function containersOf(state: HostState, project: string): HostContainer[] {
  const found: HostContainer[] = [];
  for (const container of state.containers.values()) if (container.project === project) found.push(container);
  return found;
}

/** By full id, short id or name, as Docker's API takes it. */
export function findContainer(state: HostState, idOrName: string): HostContainer | undefined {
  const exact = state.containers.get(idOrName);
  if (exact) return exact;
  const name = idOrName.replace(/^\//, "");
  const isId = /^[0-9a-f]{4,64}$/.test(idOrName);
  let byId: HostContainer | undefined;
  for (const container of state.containers.values()) {
    if (container.name === name) return container;
    if (isId && container.id.startsWith(idOrName)) byId = container;
  }
  return byId;
}

export function toJson(state: HostState): string {
  return JSON.stringify({ ...state, containers: [...state.containers.values()] });
}

export function fromJson(text: string): HostState {
  const { containers, volumes, networks } = JSON.parse(text) as Omit<HostState, "containers"> & {
    containers: HostContainer[];
  };
  return { containers: new Map(containers.map((container) => [container.id, container])), volumes, networks };
}
