import type { Life } from "./life.ts";
import type { HealthCheck } from "./project.ts";

/** Everything that one simulated Docker host holds; plain data, so that it can be written to a file as it is. */
export interface HostState {
  /** By container id. */
  containers: Record<string, HostContainer>;
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
    containers: {},
    volumes: {},
    networks: { "dokploy-network": { name: "dokploy-network", project: "", key: "" } },
  };
}

export function containersOf(state: HostState, project: string): HostContainer[] {
  return Object.values(state.containers).filter((container) => container.project === project);
}

/** By full id, short id or name, as Docker's API takes it. */
export function findContainer(state: HostState, idOrName: string): HostContainer | undefined {
  const exact = state.containers[idOrName];
  if (exact) return exact;
  const name = idOrName.replace(/^\//, "");
  const all = Object.values(state.containers);
  return (
    all.find((container) => container.name === name) ??
    (/^[0-9a-f]{4,64}$/.test(idOrName) ? all.find((container) => container.id.startsWith(idOrName)) : undefined)
  );
}
