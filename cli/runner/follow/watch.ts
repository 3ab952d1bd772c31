import type { RunView } from "../../../automation/api/views.ts";
import type { RunnerAddress } from "../../client.ts";
import type { Live } from "../../print/live.ts";
import { showServices } from "../../print/service-progress.ts";
import { followRun } from "./follow.ts";
import type { RunEvent } from "./run-event.ts";

const PHASES: Record<string, string> = {
  checkout: "checking the release out",
  look: "looked whether anything is to do",
  dependencies: "getting its dependencies",
  engine: "running the engine",
  waiting: "waiting to try again",
};

/** What a run waits for says itself, and why a look did not answer it. */
function describePhase({ name, message, why = message }: { name: string; message?: unknown; why?: unknown }): string {
  const told = PHASES[name] ?? name;
  return typeof why === "string" ? `${told}: ${why}` : told;
}

/**
 * Follows a run and shows it. Undefined when the time is over or Ctrl-C was pressed before its end: the run goes on.
 * Throws CliError.
 */
export async function watchRun(
  runner: RunnerAddress,
  id: string,
  options: { env: string; timeoutSeconds: number; live: Live },
): Promise<RunView | undefined> {
  const { env, timeoutSeconds, live } = options;
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.on("SIGINT", interrupt);
  const until = AbortSignal.any([interrupted.signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
  const service = showServices(live);
  live.start(env, "waiting for its turn");
  try {
    return await followRun(
      runner,
      id,
      {
        onEvent: ({ record, at }: RunEvent) => {
          if (record.type === "phase") live.start(env, describePhase(record));
          else service(record, at);
        },
        onTrouble: (message) => live.start(env, `${message}; trying again`),
      },
      until,
    );
  } finally {
    process.off("SIGINT", interrupt);
    live.close();
  }
}
