import { shortcutEnvironment } from "../../tools/shortcuts/environment.mjs";

/**
 * The environment of an update: built, not inherited, because every flag of the engine can be set by a
 * `PULUMI_OPTION_…` variable and the program must not see the runner's own secrets.
 */
export function buildEngineEnvironment(
  given: Record<string, string>,
  options: {
    path: string;
    pulumiHome: string;
    /** Folder of code that was compiled once. */
    compiled: string;
    /** Folders of the run's own, by variable. */
    own: Record<string, string>;
    backendUrl: string;
    release: string;
    giveUp?: readonly string[] | undefined;
  },
): Record<string, string> {
  return {
    ...given,
    ...options.own,
    // Every update starts four Node processes that load the same libraries: compiled once, and only what is used.
    ...shortcutEnvironment(given, options.compiled),
    PATH: options.path,
    PULUMI_HOME: options.pulumiHome,
    PULUMI_BACKEND_URL: options.backendUrl,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The stack file given to the engine is a copy without a salt; state keeps its own.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    DOCKMASTER_RELEASE: options.release,
    // Also when it is empty: a program that is not told it was started by a runner that knows nothing of it.
    ALLOW_INSECURE: given.ALLOW_INSECURE ?? "",
    // Of this run's request alone: the runner's own environment never gives data up.
    ...(options.giveUp?.length ? { DOCKMASTER_GIVE_UP: options.giveUp.join(",") } : {}),
  };
}
