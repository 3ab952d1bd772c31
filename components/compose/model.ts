/** A compose file after the specification's schema has accepted it; see https://github.com/compose-spec/compose-spec. */
export interface ComposeFile {
  services: Record<string, ComposeService>;
  networks?: Record<string, ComposeNetwork | null>;
  volumes?: Record<string, ComposeVolume | null>;
  secrets?: Record<string, ComposeSecret>;
  configs?: Record<string, ComposeConfig>;
  [key: string]: unknown;
}

export type Scalar = string | number | boolean | null;
export type ListOrMap = string[] | Record<string, Scalar>;

export interface ComposeService {
  image?: string;
  container_name?: string;
  hostname?: string;
  command?: string | string[] | null;
  entrypoint?: string | string[] | null;
  environment?: ListOrMap;
  labels?: ListOrMap;
  secrets?: (string | FileGrant)[];
  configs?: (string | FileGrant)[];
  volumes?: (string | Mount)[];
  tmpfs?: string | string[];
  networks?: string[] | Record<string, unknown>;
  network_mode?: string;
  depends_on?: string[] | Record<string, Dependency>;
  healthcheck?: HealthCheck;
  restart?: string;
  ports?: unknown[];
  read_only?: boolean | string;
  deploy?: { replicas?: number | string | null; [key: string]: unknown };
  scale?: number | string;
  logging?: unknown;
  [key: string]: unknown;
}

/** A secret or config handed to a container, in the long form. */
export interface FileGrant {
  source?: string;
  target?: string;
  uid?: string;
  gid?: string;
  mode?: number | string;
}

/** A mount in the long form. */
export interface Mount {
  type: string;
  source?: string;
  target?: string;
  read_only?: boolean | string;
  [key: string]: unknown;
}

export interface Dependency {
  condition: "service_started" | "service_healthy" | "service_completed_successfully";
  restart?: boolean | string;
  required?: boolean;
}

export interface HealthCheck {
  test?: string | string[];
  interval?: string;
  timeout?: string;
  retries?: number | string;
  start_period?: string;
  start_interval?: string;
  disable?: boolean | string;
}

export interface ComposeNetwork {
  name?: string;
  external?: unknown;
  [key: string]: unknown;
}

export interface ComposeVolume {
  name?: string;
  driver?: string;
  driver_opts?: Record<string, string | number>;
  external?: unknown;
  labels?: ListOrMap;
}

export interface ComposeSecret {
  environment?: string;
  file?: string;
  external?: unknown;
  [key: string]: unknown;
}

export interface ComposeConfig {
  content?: string;
  environment?: string;
  file?: string;
  external?: unknown;
  [key: string]: unknown;
}
