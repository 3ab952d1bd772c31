import type { Hono } from "hono";
import type { z } from "zod";
import {
  type Acceptance,
  type Arrival,
  acceptDeploy,
  acceptDrift,
  acceptPreview,
  acceptSync,
} from "../../accept/runs.ts";
import type { Changes } from "../../answer/waiting.ts";
import { deployBody, driftBody, previewBody, syncBody } from "../../api/schemas.ts";
import type { Worker } from "../../claim/worker.ts";
import type { Runner } from "../../runner.ts";
import { parseBody, parseWait } from "../body.ts";
import type { Door, DoorEnv, Request } from "../middleware.ts";
import { answerRun } from "./answer.ts";

/** Seconds that an answer waits for the run's end, unless `Prefer: wait` says otherwise, and at most. */
const WAIT = 60;
const LONGEST_WAIT = 900;

/** `POST /deploy`, `/sync`, `/preview`, `/drift`: each makes a run and answers how it ended. */
export function requestRoutes(
  app: Hono<DoorEnv>,
  runner: Runner,
  parts: { door: Door; changes: Changes; worker: Pick<Worker, "wake">; stopping: AbortSignal },
): void {
  const { door, changes, worker, stopping } = parts;
  const route = <Body>(
    path: string,
    schema: z.ZodType<Body>,
    accept: (runner: Runner, body: Body, arrival: Arrival) => Promise<Acceptance>,
    toAsked: (body: Body) => string[] | undefined = () => undefined,
  ) =>
    app.post(path, async (c: Request) => {
      const { raw, signature } = await door.receive(c);
      const body = parseBody(schema, raw);
      const requestId = c.get("requestId");
      const acceptance = await accept(runner, body, { requestId, signature });
      const { id, kind, stack, tag, state } = acceptance.run;
      runner.log.info({ event: "run.accepted", requestId, run: id, kind, stack, tag, state });
      worker.wake();
      const waitMs = parseWait(c.req.header("prefer"), WAIT, LONGEST_WAIT) * 1000;
      const options = { asked: toAsked(body) ?? null, waitMs, signal: AbortSignal.any([c.req.raw.signal, stopping]) };
      const answer = await answerRun(runner, changes, acceptance, options);
      return c.json(answer.body as object, answer.status);
    });
  route("/deploy", deployBody, acceptDeploy, ({ services }) => services);
  route("/sync", syncBody, acceptSync, ({ services }) => services);
  route("/preview", previewBody, acceptPreview);
  route("/drift", driftBody, acceptDrift);
}
