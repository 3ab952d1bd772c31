import type { RunView } from "../../automation/api/views.ts";
import { EXIT } from "../exit.ts";
import { progressFor } from "../print/progress.ts";
import { CliError } from "../problem.ts";
import { readRunnerAddress } from "../runner/address.ts";
import { watchRun } from "../runner/follow/watch.ts";
import { acceptRun } from "../runner/request-run.ts";

/** Why there is no run. */
export interface Problem {
  code: string;
  message: string;
  hint: string;
}

/** How one stack answered: its run, or why nobody could tell. */
export type Asked = { stack: string } & ({ run: RunView } | { problem: Problem });

/**
 * Asks the runner for a run of every stack, one after the other, and waits for each. What goes wrong with one stack does
 * not keep the others from being asked.
 */
export async function askEach(
  stacks: string[],
  { path, body, timeoutSeconds }: { path: "/preview" | "/drift"; body: object; timeoutSeconds: number },
): Promise<Asked[]> {
  const runner = readRunnerAddress(process.env, { asksFor: path === "/preview" ? "preview" : "any" });
  const answers: Asked[] = [];
  for (const stack of stacks) {
    try {
      const { run: id } = await acceptRun(runner, path, { env: stack, ...body });
      const live = progressFor({});
      const run = await watchRun(runner, id, { env: stack, timeoutSeconds, live });
      answers.push(run ? { stack, run } : { stack, problem: stillRunning(id) });
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      answers.push({ stack, problem: { code: error.code, message: error.message, hint: error.hint } });
    }
  }
  return answers;
}

/** Whether every stack could be asked and its run succeeded. */
export function exitCodeOf(answers: Asked[]): number {
  return answers.every((each) => "run" in each && each.run.state === "succeeded") ? EXIT.done : EXIT.failed;
}

function stillRunning(id: string) {
  return { code: "still_running", message: `The run ${id} has not ended in time`, hint: `dockmaster logs ${id} -f` };
}
