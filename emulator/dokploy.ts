import type { Containers } from "./containers/containers.ts";
import type { Queue } from "./deploy/queue.ts";
import type { Faults } from "./faults/faults.ts";
import type { Database } from "./state/database.ts";
import type { Folders } from "./state/folders.ts";
import type { Keys } from "./state/keys.ts";
import type { ServerRow } from "./state/records.ts";

/** What every procedure works upon. */
export interface Dokploy {
  db: Database;
  containers: Containers;
  queue: Queue;
  folders: Folders;
  keys: Keys;
  faults: Faults;
  /** The one row of settings. */
  server(): ServerRow;
  now(): Date;
}

export const DOKPLOY_VERSION = "v0.30.2";
