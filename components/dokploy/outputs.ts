import type { ComposeInputs } from "./inputs.ts";
import { ServiceError } from "./service-error.ts";
import type { Settings } from "./settings.ts";

/** Grows when an older release could no longer read what a newer one wrote. Outputs only ever gain keys. */
export const SCHEMA_VERSION = 1;

/** What the state holds of a Compose resource: its inputs as last seen, and what only Dokploy knows. */
export interface ComposeOutputs extends ComposeInputs {
  schemaVersion: number;
  composeId: string;
  appName: string;
  /** The server that holds it; another one is refused. */
  serverUrl: string;
  organizationId: string;
  /** Columns of the record that no input names, as last seen. */
  settings: Settings;
  /** Names of the env values that the program declares; others are shown as fingerprints. */
  declared: string[];
  /** Volumes that a deployment of ours may have made, with their definitions. */
  volumes: Record<string, string>;
  /** Routes made by hand (`host/path`), as last seen; with `routes: any` those of the last update. */
  foreignDomains: string[];
  /** Title of our last deployment, "" before the first. */
  deployment: string;
  /** Whether that deployment, its containers and checks all came to a good end. */
  deployed: boolean;
  /** What was found changed by hand since the last update, by key: `env.REDIS_ARGS`, `settings.autoDeploy`, … */
  drift: string[];
}

/** What the state holds of an Environment. */
export interface EnvironmentOutputs {
  schemaVersion: number;
  project: string;
  name: string;
  owner: ComposeInputs["owner"];
  /** The names that the program bound this resource to; another name would be another environment. */
  bound: { project: string; name: string };
  environmentId: string;
  projectId: string;
  organizationId: string;
  serverUrl: string;
}

/** Throws for state that a newer release wrote in a way this one does not know, before any call is made. */
export function requireKnownSchema(outputs: { schemaVersion?: number }): void {
  const version = outputs.schemaVersion ?? SCHEMA_VERSION;
  if (version <= SCHEMA_VERSION) return;
  throw new ServiceError(
    "program_error",
    `the state was written by a newer release (schema ${version}, this one knows ${SCHEMA_VERSION})`,
    "deploy the newer release again, or a newer one",
  );
}
