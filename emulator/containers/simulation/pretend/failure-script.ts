/** How a scripted container or deployment goes wrong. */
export interface ScriptedFailure {
  /**
   * `fail`: `up` ends with an error before the container starts. `unhealthy`: its health check fails. `starting`: its
   * health check never comes to an end. `restarting`: it crashes in a loop whatever its restart policy. `exit`: it ends.
   * `hang`: `up` never ends until it is killed.
   */
  outcome: "fail" | "unhealthy" | "starting" | "restarting" | "hang" | "exit";
  /**
   * Compose's race at `--wait-timeout`: it looks at the containers and at its deadline at the same moment, and when the
   * deadline is first it ends without an error, whatever they are (seen with v2.40.0 in 9 of 40 runs). Default false.
   */
  passesAtTimeout?: boolean;
  /** Default 1. */
  exitCode?: number;
  /** How many `up`s it concerns. Default: all, until `clearScripts`. */
  times?: number;
  /** Lines of the container's log (`fail`, `hang`: of compose's output), instead of the usual ones. */
  log?: string[];
  /** Milliseconds of the clock from the start until it happens. Default 0. */
  afterMs?: number;
}

/** The failures that tests asked for. */
export interface FailureScripts {
  /** `match`: an appName or the start of one, a container's name, or a service's key. */
  add(match: string, failure: ScriptedFailure): void;
  clear(): void;
  /** The failure for one container in one `up`; `take` counts it against `times`. */
  find(names: { project: string; container: string; service: string }): ScriptedFailure | undefined;
  /** Says that one `up` has used this failure. */
  use(failure: ScriptedFailure): void;
}

export function createFailureScripts(): FailureScripts {
  const scripts: { match: string; failure: ScriptedFailure; left: number }[] = [];
  return {
    add: (match, failure) => scripts.push({ match, failure, left: failure.times ?? Number.POSITIVE_INFINITY }),
    clear: () => {
      scripts.length = 0;
    },
    find: ({ project, container, service }) =>
      scripts.find(
        ({ match, left }) => left > 0 && (project.startsWith(match) || container === match || service === match),
      )?.failure,
    use: (failure) => {
      for (const script of scripts) if (script.failure === failure) script.left--;
    },
  };
}
