import { dirname } from "node:path";
import { duplexPair } from "node:stream";
import { fileURLToPath } from "node:url";
import { readEngineConfig } from "../../../automation/config.ts";
import type { EngineSource } from "../../../automation/dispatch/engines.ts";
import type { Variables } from "../../../automation/environment.ts";
import type { Log } from "../../../automation/log.ts";
import { openEngineWorker } from "../../../automation/serve-engine.ts";
import { serveDoor } from "../../../automation/work/serve-door.ts";
import { enginePath } from "../../../tools/engine-path.mjs";

/** What a worker of a test has. */
export interface WorkerOfTest {
  variables: Variables;
  env: Record<string, string | undefined>;
  log: Log;
}

/** An engine worker in the test's own process, at the other end of a socket that is none: so that a test can see into it. */
export function inThisProcess({ variables, env, log }: WorkerOfTest): EngineSource {
  let served: ReturnType<typeof openEngineWorker> | undefined;
  return {
    stack: "*",
    open: async () => {
      served ??= openEngineWorker({
        config: readEngineConfig(variables),
        ...{ variables, log },
        // What Git says of this checkout changes while somebody works on it.
        env: { ...env, DOCKMASTER_IMAGE_RELEASE: "v0.0.0-test" },
        folder: fileURLToPath(new URL("../../..", import.meta.url)),
        enginePath: [enginePath(), dirname(process.execPath), process.env.PATH].join(":"),
      });
      const [door, worker] = duplexPair();
      serveDoor(worker, await served).catch((err) => log.error({ event: "engine.gone", err }));
      return door;
    },
  };
}
