import type { Held } from "./data/held-data.ts";
import type { ComposeInputs } from "./inputs.ts";
import { ServiceError } from "./service-error.ts";
import type { Settings } from "./settings.ts";

/** Grows when an older release could no longer read what a newer one wrote. Outputs only ever gain keys. */
export const SCHEMA_VERSION = 1;

/** What begins an entry of `drift` that is about deployment and containers, not about a key of the record. */
export const DEPLOYED = "deployed: ";

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
  /** Data that our last deployment gave the containers; absent in states of older releases. */
  data?: readonly Held[];
  /** Routes made by hand (`host/path`), as last seen; with `routes: any` those of the last update. */
  foreignDomains: string[];
  /** Title of our last deployment, "" before the first. */
  deployment: string;
  /** Whether that deployment, its containers and checks all came to a good end. */
  deployed: boolean;
  /** What was found changed by hand since the last update, by key: `env.REDIS_ARGS`, `settings.autoDeploy`, … */
  drift: string[];
  /** Keys that an update was to bring and did not finish; `new` for the whole service. Absent when the last one came to its end. */
  unfinished?: string[];
  /** An update was cut off, so that it could not even say how far it came: found by what it had written. */
  cutOff?: true;
  /** Its containers after the last update, by name; absent in states of older releases, and where Docker did not say. */
  containers?: Record<string, SeenContainer>;
}

/** One container as Docker told it: enough to see that it was started again. */
export interface SeenContainer {
  /** The first 12 digits. */
  id: string;
  /** RFC 3339, by the server's clock. */
  startedAt: string;
  /** How often Docker started it again by itself. */
  restarts: number;
  /** Of its last end, while it does not run: Docker forgets it at the next start. */
  exitCode?: number;
}

/** What the state holds of an Environment. */
export interface EnvironmentOutputs {
  schemaVersion: number;
  project: string;
  name: string;
  owner: ComposeInputs["owner"];
  /** Since the network is the environment's, and no longer the first service's. */
  network?: string;
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
