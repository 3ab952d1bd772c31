import { EXIT } from "../exit.ts";
import { presentDrift } from "../print/drift.ts";
import { printLines } from "../print/print.ts";
import { progressFor } from "../print/progress.ts";
import { CliError } from "../problem.ts";
import { readRunnerAddress } from "./address.ts";
import { whoAsks } from "./asker.ts";
import { watchRun } from "./follow/watch.ts";
import { fullBody } from "./options.ts";
import { toOutcomes } from "./outcome.ts";
import { acceptRun, parseTimeout } from "./request-run.ts";

/** Lets the runner look for drift. Returns the exit code. Throws CliError. */
export async function askForDrift(
  env: string,
  options: { timeout: string; json?: boolean; full?: boolean },
): Promise<number> {
  const timeoutSeconds = parseTimeout(options.timeout);
  const runner = readRunnerAddress();
  const { run: id } = await acceptRun(runner, "/drift", { env, triggered_by: whoAsks(), ...fullBody(options.full) });
  const run = await watchRun(runner, id, { env, timeoutSeconds, live: progressFor(options) });
  if (!run) {
    throw new CliError("still_running", `The runner is still looking (run ${id})`, `dockmaster logs ${id} -f`, {
      exitCode: EXIT.stillRunning,
    });
  }
  const found = { stack: env, ok: run.state === "succeeded", services: toOutcomes(run), cause: run.cause, by: run.by };
  const code = presentDrift(found, options);
  if (!options.json) printLines([`  (run ${id}${run.by === "look" ? ", by a look" : ""})`]);
  return code;
}
