import { z } from "zod";
import { errorAnswer, runsAnswer } from "../../automation/api/answers.ts";
import { gate, type RunView, runView } from "../../automation/api/views.ts";
import { UPDATES } from "../../automation/domain/run-kinds.ts";
import { type RunnerAddress, type RunnerAnswer, requestRunner } from "../client.ts";
import { EXIT } from "../exit.ts";
import { CliError } from "../problem.ts";

/** Errors of the runner that say that the command was used wrongly. */
const WRONG_USE = [400, 415, 422];

/** Checks an answer and gives its body. Throws CliError with the runner's own words, or when it is something else. */
export function readAnswer<T>(schema: z.ZodType<T>, { status, body }: RunnerAnswer): T {
  const error = errorAnswer.safeParse(body);
  if (error.success) {
    const { code, message, hint, requestId } = error.data.error;
    const exitCode = WRONG_USE.includes(status) ? EXIT.wrongUse : EXIT.failed;
    throw new CliError(code, message, status >= 500 ? `${hint} (request ${requestId})` : hint, { exitCode });
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join(".")).slice(0, 3);
  throw new CliError(
    "runner_differs",
    `The runner answered ${status} in a way this release does not know (${fields.join(", ")})`,
    "Use the CLI of the release that the runner has, and check DOCKMASTER_URL",
  );
}

/** One run. Throws CliError, `run_not_found` among others. */
export async function readRun(runner: RunnerAddress, id: string): Promise<RunView> {
  return readAnswer(runView, await requestRunner(runner, "GET", `/runs/${encodeURIComponent(id)}`));
}

/** Which runs to list. */
export interface RunsQuery {
  env?: string;
  state?: string;
  kind?: string;
  limit?: number;
  before?: string;
}

/** One page of runs, newest first. */
export async function readRuns(runner: RunnerAddress, query: RunsQuery): Promise<z.output<typeof runsAnswer>> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  return readAnswer(runsAnswer, await requestRunner(runner, "GET", `/runs?${parameters}`));
}

/** The newest runs that changed a stack, deploys and syncs together, newest first: `limit` of each at most. */
export async function readUpdates(runner: RunnerAddress, query: Omit<RunsQuery, "kind">): Promise<RunView[]> {
  const pages = await Promise.all(UPDATES.map((kind) => readRuns(runner, { ...query, kind })));
  return pages.flatMap(({ runs }) => runs).sort((a, b) => b.created_at.localeCompare(a.created_at));
}

/** What every answer to a request for a run has. */
export const acceptedAnswer = z.object({
  status: z.string(),
  run: z.string(),
  duplicate: z.boolean().optional(),
  superseded_by: z.string().optional(),
  message: z.string().optional(),
  hint: z.string().optional(),
  gate: gate.optional(),
});

/** Whether an accepted run has not ended: it is under way, or waits. */
export function goesOn({ status }: { status: string }): boolean {
  return status === "in_progress" || status === "waiting";
}

/** Whether it is worth asking again: the runner is starting, stopping or away. */
export function isPassing(error: unknown): boolean {
  return error instanceof CliError && ["runner_unreachable", "runner_unknown", "stopping"].includes(error.code);
}
