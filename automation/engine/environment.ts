import { join } from "node:path";
import { nodeOptions } from "../../tools/engine-path.mjs";
import { pickEnvironment, type Variables } from "../environment.ts";
import { seenBy } from "../variables.ts";

/**
 * The environment of an update: built, not inherited, because every flag of the engine can be set by a
 * `PULUMI_OPTION_…` variable and the program must not see the runner's own secrets.
 */
export function buildEngineEnvironment(
  variables: Variables,
  options: {
    path: string;
    pulumiHome: string;
    backendUrl: string;
    release: string;
    giveUp?: readonly string[] | undefined;
  },
): Record<string, string> {
  const names = seenBy("program");
  const values = Object.fromEntries(names.map((name) => [name, variables.get(name)]));
  return {
    // Every update starts four Node processes that load the same libraries: compiled once, and only what is used.
    NODE_OPTIONS: nodeOptions(),
    NODE_COMPILE_CACHE: join(options.pulumiHome, "node"),
    ...pickEnvironment(values, names),
    PATH: options.path,
    PULUMI_HOME: options.pulumiHome,
    PULUMI_BACKEND_URL: options.backendUrl,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The stack file given to the engine is a copy without a salt; state keeps its own.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    DOCKMASTER_RELEASE: options.release,
    // Of this run's request alone: the runner's own environment never gives data up.
    ...(options.giveUp?.length ? { DOCKMASTER_GIVE_UP: options.giveUp.join(",") } : {}),
  };
}
