import type { Accepting } from "../../accept/release-request.ts";
import { ACCEPT, type Acceptance } from "../../accept/runs.ts";
import { type Answer, toRunAnswer } from "../../answer/report.ts";
import { type Changes, waitForRun } from "../../answer/waiting.ts";
import type { RunBody } from "../../api/requests.ts";
import type { Signature } from "../../api/signature.ts";
import type { Worker } from "../../claim/worker.ts";
import { kindsWith, type RunKind } from "../../domain/run-kinds.ts";
import type { Log } from "../../log.ts";
import type { Request } from "../middleware.ts";
import type { Handlers } from "../register.ts";

interface Asked<Kind extends RunKind> {
  c: Request;
  body: RunBody<Kind>;
  signature: Signature;
  waitMs: number;
}

/** The request for each kind of run: makes one and answers how it ended. */
export function requestHandlers(
  on: Accepting & { log: Pick<Log, "info"> },
  { changes, worker, stopping }: { changes: Changes; worker: Pick<Worker, "wake">; stopping: AbortSignal },
): Pick<Handlers, RunKind> {
  const handle =
    <Kind extends RunKind>(requested: Kind) =>
    async ({ c, body, signature, waitMs }: Asked<Kind>): Promise<Response> => {
      const requestId = c.get("requestId");
      const acceptance = await ACCEPT[requested](on, body, { requestId, signature });
      const { id, kind, stack, tag, state } = acceptance.run;
      on.log.info({ event: "run.accepted", requestId, run: id, kind, stack, tag, state });
      worker.wake();
      const { services: asked = null } = body as { services?: string[] };
      const signal = AbortSignal.any([c.req.raw.signal, stopping]);
      const answer = await answerRun(on, changes, acceptance, { asked, waitMs, signal });
      return c.json(answer.body as object, answer.status);
    };
  return Object.fromEntries(kindsWith().map((kind) => [kind, handle(kind)])) as {
    [Kind in RunKind]: ReturnType<typeof handle<Kind>>;
  };
}

/** The answer to an accepted request: how the run ended, or after `waitMs` that it goes on. */
async function answerRun(
  { store, now }: Pick<Accepting, "store" | "now">,
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
