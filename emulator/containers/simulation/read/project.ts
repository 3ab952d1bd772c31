/** A compose file as Compose understands it: variables replaced, short forms written out. */
export interface Project {
  name: string;
  services: Map<string, Service>;
  volumes: Map<string, VolumeDefinition>;
  networks: Map<string, NetworkDefinition>;
  secrets: Map<string, FileSource>;
  configs: Map<string, FileSource>;
  /** Lines that Compose prints before it starts: variables that are not set. */
  warnings: string[];
}

export type DependencyCondition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface Dependency {
  condition: DependencyCondition;
  restart: boolean;
  required: boolean;
}

/** Durations in milliseconds. */
export interface HealthCheck {
  test: string[];
  interval: number;
  timeout: number;
  retries: number;
  startPeriod: number;
  startInterval?: number;
}

export interface ServiceVolume {
  type: "volume" | "bind" | "tmpfs";
  /** Key of the file's `volumes`, or a path of the host; empty for an anonymous volume or a tmpfs. */
  source: string;
  target: string;
  readOnly: boolean;
}

/** A secret or config that a service uses, with the absolute path it appears at. */
export interface FileUse {
  source: string;
  target: string;
  mode?: string;
}

export interface Service {
  key: string;
  image: string;
  containerName?: string;
  command?: string[];
  entrypoint?: string[];
  environment: Map<string, string>;
  labels: Map<string, string>;
  dependsOn: Map<string, Dependency>;
  healthCheck?: HealthCheck | "disabled";
  /** `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:<n>`. */
  restart: string;
  readOnly: boolean;
  volumes: ServiceVolume[];
  tmpfs: string[];
  secrets: FileUse[];
  configs: FileUse[];
  /** Name for the service alone → container that it stands for. */
  externalLinks: Map<string, string>;
  /** Key of the file's `networks` → further names of the service there. */
  networks: Map<string, string[]>;
  profiles: string[];
  /** Same text, same container: what Compose hashes. */
  configHash: string;
}

export interface VolumeDefinition {
  name: string;
  external: boolean;
  driver: string;
  driverOptions: Map<string, string>;
  labels: Map<string, string>;
  definitionHash: string;
}

export interface NetworkDefinition {
  name: string;
  external: boolean;
}

/** Where a secret or config comes from. `undefined` content: the variable is not set. */
export interface FileSource {
  kind: "environment" | "content" | "file" | "external";
  /** The variable's name or the file's path. */
  from: string;
  content?: string;
}
