import type { Config } from "./config.ts";
import type { Variables } from "./environment.ts";
import type { Catalogue } from "./git/catalogue.ts";
import type { Mirror } from "./git/mirror.ts";
import type { Log } from "./log.ts";
import type { Mask } from "./mask.ts";
import type { Metrics } from "./metrics.ts";
import type { Store } from "./store/store.ts";

/** What the parts of the runner share; `main.ts` picks the implementations. */
export interface Runner {
  config: Config;
  variables: Variables;
  store: Store;
  mirror: Mirror;
  catalogue: Catalogue;
  log: Log;
  mask: Mask;
  metrics: Metrics;
  /** PATH for the engine: its own folder first, then Node's. */
  enginePath: string;
  /** Folder of the runner's own checkout, whose dependencies serve releases with the same lock file. */
  folder: string;
  /** Environment that git and npm may pick from. */
  env: Record<string, string | undefined>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Called when a run's record or state changed, so that who waits for it looks again. */
  changed(run: string): void;
}
