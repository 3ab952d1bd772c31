import type { Channel } from "./channel.ts";

/** Everything there is to know, for programs. */
export const webhook = {
  variable: "NOTIFY_WEBHOOK",
  docs: "anything that takes JSON: `event`, `text`, `env`, `tag`, `run`, `cause`, `services`, …",
  toRequest: (message) => {
    const { event, text, run, facts } = message;
    if (!run) return { event, text, env: message.env, ...facts };
    return {
      event,
      text,
      env: run.stack,
      kind: run.kind,
      tag: run.tag,
      commit: run.commit,
      run: run.id,
      state: run.state,
      triggered_by: run.triggeredBy,
      cause: run.cause && { code: run.cause.code, message: run.cause.message, hint: run.cause.hint },
      services: run.outcomes.map(({ service, result, reason }) => ({ service, result, reason })),
      ...facts,
    };
  },
} as const satisfies Channel;
