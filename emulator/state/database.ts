import { DatabaseSync } from "node:sqlite";
import { type Collection, openCollection } from "./collection.ts";
import type {
  ApiKeyRow,
  ComposeRow,
  DeploymentRow,
  DomainRow,
  EnvironmentRow,
  MountRow,
  NetworkRow,
  ProjectRow,
  ServerRow,
  UserRow,
} from "./records.ts";

/** All that survives a restart. */
export interface Database {
  projects: Collection<ProjectRow>;
  environments: Collection<EnvironmentRow>;
  composes: Collection<ComposeRow>;
  deployments: Collection<DeploymentRow>;
  domains: Collection<DomainRow>;
  mounts: Collection<MountRow>;
  networks: Collection<NetworkRow>;
  apiKeys: Collection<ApiKeyRow>;
  users: Collection<UserRow>;
  servers: Collection<ServerRow>;
  close(): void;
}

/** Opens or creates the database file. Survives SIGKILL of the process; not a power cut (synchronous writes are off). */
export function openDatabase(file: string): Database {
  const sqlite = new DatabaseSync(file);
  sqlite.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;");
  sqlite.exec("CREATE TABLE IF NOT EXISTS rows (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL)");
  sqlite.exec("CREATE UNIQUE INDEX IF NOT EXISTS rows_by_id ON rows (kind, id)");
  return {
    projects: openCollection<ProjectRow>(sqlite, "project", "projectId"),
    environments: openCollection<EnvironmentRow>(sqlite, "environment", "environmentId", "projectId"),
    composes: openCollection<ComposeRow>(sqlite, "compose", "composeId", "environmentId"),
    deployments: openCollection<DeploymentRow>(sqlite, "deployment", "deploymentId", "composeId"),
    domains: openCollection<DomainRow>(sqlite, "domain", "domainId", "composeId"),
    mounts: openCollection<MountRow>(sqlite, "mount", "mountId", "composeId"),
    networks: openCollection<NetworkRow>(sqlite, "network", "networkId"),
    apiKeys: openCollection<ApiKeyRow>(sqlite, "apikey", "id"),
    users: openCollection<UserRow>(sqlite, "user", "id"),
    servers: openCollection<ServerRow>(sqlite, "server", "organizationId"),
    close: () => sqlite.close(),
  };
}
