import { acceptPush, type Pushes, readDelivery } from "../../accept/webhook.ts";
import { toRunAnswer } from "../../answer/report.ts";
import { type Changes, waitForRun } from "../../answer/waiting.ts";
import { toWebhookAnswer } from "../../answer/webhook-answer.ts";
import type { Worker } from "../../claim/worker.ts";
import type { Log } from "../../log.ts";
import type { Handlers } from "../register.ts";

/** `POST /webhook`: a push of GitHub, Gitea or Forgejo. */
export function webhookHandlers(
  on: Pushes & { log: Pick<Log, "info"> },
  { changes, worker, stopping }: { changes: Changes; worker: Pick<Worker, "wake">; stopping: AbortSignal },
): Pick<Handlers, "webhook"> {
  const { store, log, now } = on;
  const webhook: Handlers["webhook"] = async ({ c, body: push, signature, waitMs }) => {
    const delivery = readDelivery(c.req.raw.headers);
    const requestId = c.get("requestId");
    log.info({
      event: "webhook.received",
      requestId,
      hook: delivery.event,
      delivery: delivery.id,
      commit: push.after,
    });
    const result = await acceptPush(on, push, delivery, { requestId, signature });
    if ("answer" in result) return c.json(result.answer);
    const { acceptance, touched, back } = result;
    const { id, kind, stack, tag, state } = acceptance.run;
    log.info({ event: "run.accepted", requestId, run: id, kind, stack, tag, state });
    worker.wake();
    if ("refusal" in acceptance) {
      const { supersededBy, message: reason, hint } = acceptance.refusal;
      const by = supersededBy === undefined ? {} : { superseded_by: supersededBy };
      return c.json({ ...toWebhookAnswer(acceptance.run, touched, undefined), ...by, reason, hint, ...back });
    }
    const left = waitMs - (now() - c.get("arrivedAt"));
    const signal = AbortSignal.any([c.req.raw.signal, stopping]);
    const run = await waitForRun(store, changes, id, Math.max(0, left), signal);
    const winner = run.supersededBy === null ? undefined : await store.run(run.supersededBy);
    if (run.state === "failed" || run.state === "canceled") {
      const answer = toRunAnswer(run, { asked: null, duplicate: acceptance.duplicate, now: now() });
      return c.json(answer.body, answer.status);
    }
    const answer = toWebhookAnswer(run, touched, winner);
    const duplicate = acceptance.duplicate ? { duplicate: true } : {};
    return c.json(
      { ...answer, ...duplicate },
      answer.status === "in_progress" || answer.status === "waiting" ? 202 : 200,
    );
  };
  return { webhook };
}
