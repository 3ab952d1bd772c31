import type { Acceptance } from "../../accept/runs.ts";
import { type Answer, toRunAnswer } from "../../answer/report.ts";
import { type Changes, waitForRun } from "../../answer/waiting.ts";
import type { Runner } from "../../runner.ts";

/** The answer to an accepted request: how the run ended, or after `waitMs` that it goes on. */
export async function answerRun(
  { store, now }: Runner,
  changes: Changes,
  acceptance: Acceptance,
  options: { asked: string[] | null; waitMs: number; signal?: AbortSignal },
): Promise<Answer> {
  const { asked, waitMs, signal } = options;
  if ("refusal" in acceptance) {
    const { supersededBy, message, hint } = acceptance.refusal;
    const { status, body } = toRunAnswer(acceptance.run, { asked, duplicate: false, now: now() });
    return { status, body: { ...body, superseded_by: supersededBy, message, hint } };
  }
  const run = waitMs > 0 ? await waitForRun(store, changes, acceptance.run.id, waitMs, signal) : acceptance.run;
  const winner = run.supersededBy === null ? undefined : await store.run(run.supersededBy);
  const { duplicate } = acceptance;
  return toRunAnswer(run, { asked, duplicate, now: now(), ...(winner ? { winner } : {}) });
}
