import type { Hono } from "hono";
import { acceptPush, readDelivery } from "../../accept/webhook.ts";
import { toRunAnswer } from "../../answer/report.ts";
import { type Changes, waitForRun } from "../../answer/waiting.ts";
import { toWebhookAnswer } from "../../answer/webhook-answer.ts";
import { PUSH_SELECTION, pushBody } from "../../api/push.ts";
import type { Worker } from "../../claim/worker.ts";
import type { Runner } from "../../runner.ts";
import { PUSH_LIMIT, PUSH_TIMEOUT, parseText, parseWait } from "../body.ts";
import type { Door, DoorEnv } from "../middleware.ts";

/** GitHub hangs up after 10 seconds. */
const LONGEST_WAIT = 8;

/** `POST /webhook`: a push of GitHub, Gitea or Forgejo. */
export function webhookRoutes(
  app: Hono<DoorEnv>,
  runner: Runner,
  parts: { door: Door; changes: Changes; worker: Pick<Worker, "wake">; stopping: AbortSignal },
): void {
  const { door, changes, worker, stopping } = parts;
  const { store, log, now } = runner;
  app.post("/webhook", async (c) => {
    const began = now();
    const { read, signature } = await door.receivePicked(c, PUSH_SELECTION, {
      limit: PUSH_LIMIT,
      timeoutMs: PUSH_TIMEOUT,
    });
    const push = parseText(pushBody, read);
    const delivery = readDelivery(c.req.raw.headers);
    const requestId = c.get("requestId");
    log.info({
      event: "webhook.received",
      requestId,
      hook: delivery.event,
      delivery: delivery.id,
      commit: push.after,
    });
    const result = await acceptPush(runner, push, delivery, { requestId, signature });
    if ("answer" in result) return c.json(result.answer);
    const { acceptance, touched, back } = result;
    const { id, stack, tag, state } = acceptance.run;
    log.info({ event: "run.accepted", requestId, run: id, kind: "deploy", stack, tag, state });
    worker.wake();
    if ("refusal" in acceptance) {
      const { supersededBy, message: reason, hint } = acceptance.refusal;
      const by = supersededBy === undefined ? {} : { superseded_by: supersededBy };
      return c.json({ ...toWebhookAnswer(acceptance.run, touched, undefined), ...by, reason, hint, ...back });
    }
    const waitMs = parseWait(c.req.header("prefer"), LONGEST_WAIT, LONGEST_WAIT) * 1000 - (now() - began);
    const signal = AbortSignal.any([c.req.raw.signal, stopping]);
    const run = await waitForRun(store, changes, id, Math.max(0, waitMs), signal);
    const winner = run.supersededBy === null ? undefined : await store.run(run.supersededBy);
    if (run.state === "failed" || run.state === "canceled") {
      const answer = toRunAnswer(run, { asked: null, duplicate: acceptance.duplicate, now: now() });
      return c.json(answer.body, answer.status);
    }
    const answer = toWebhookAnswer(run, touched, winner);
    const duplicate = acceptance.duplicate ? { duplicate: true } : {};
    return c.json({ ...answer, ...duplicate }, answer.status === "in_progress" ? 202 : 200);
  });
}
