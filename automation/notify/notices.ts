import { isDrift } from "../domain/drift.ts";
import { tellOutage } from "../domain/outage.ts";
import type { Outage, Run, RunState } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import type { Notice } from "../store/store.ts";

/** Where notices can go; each address is in the environment as `NOTIFY_<TARGET>`. */
export const TARGETS = ["webhook", "slack", "feishu"] as const;

/** One of them. */
export type Target = (typeof TARGETS)[number];

/** What people want to hear of. */
type NoticeEvent = "failed" | "recovered" | "drift" | "production_deployed" | "waiting" | "resumed";

/**
 * What a run's end, or that it waits, is worth telling. `before` is how the stack's last deploy or sync before it ended;
 * `outageBefore` what the run knew of an outage until now: people are told once that a stack waits, and once that it is over. Pure.
 */
export function decideEvents(
  run: Run,
  before: RunState | undefined,
  outageBefore: Outage | null | undefined = run.outage,
): NoticeEvent[] {
  const { answers, choosesRelease } = RUN_KINDS[run.kind];
  if (answers === "drift") {
    const hasDrift = run.state === "succeeded" && run.outcomes.some(isDrift);
    return hasDrift ? ["drift"] : [];
  }
  if (answers === "plan") return [];
  if (run.state === "failed") return ["failed"];
  if (run.state === "waiting" && run.outage?.told && !outageBefore?.told) return ["waiting"];
  if (run.state !== "succeeded") return [];
  return [
    ...(run.outage?.told ? (["resumed"] as const) : []),
    ...(before === "failed" ? (["recovered"] as const) : []),
    ...(run.stack === "production" && choosesRelease ? (["production_deployed"] as const) : []),
  ];
}

/** The notices of a run's end, one per event and target. */
export function toNotices(run: Run, events: NoticeEvent[], targets: Target[]): Notice[] {
  return events.flatMap((event) =>
    targets.map((target) => ({ key: `${event}:${target}`, target, payload: toPayload(run, event, target) })),
  );
}

function toPayload(run: Run, event: NoticeEvent, target: Target): unknown {
  const text = toText(run, event);
  switch (target) {
    // https://api.slack.com/messaging/webhooks
    case "slack":
      return { text };
    // https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    case "feishu":
      return { msg_type: "text", content: { text } };
    case "webhook":
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
      };
  }
}

function toText(run: Run, event: NoticeEvent): string {
  const release = run.tag ?? run.commit.slice(0, 7);
  const touched = run.outcomes.filter(({ result }) => result !== "unchanged");
  const list = touched.map(({ service, result, reason }) => `${service}: ${result} (${reason})`).join("\n");
  const by = `run ${run.id}, asked for by ${run.triggeredBy}`;
  switch (event) {
    case "failed": {
      const cause = run.cause ? `\n${run.cause.code}: ${run.cause.message}\nWhat to do: ${run.cause.hint}` : "";
      return `${run.stack}: ${release} failed (${by})${cause}\n${list}`.trimEnd();
    }
    case "waiting": {
      const { outage } = run;
      const why = outage ? `${tellOutage(outage)}; tried again until ${toTime(outage.until)}` : "";
      return `${run.stack}: ${release} waits (${by})\n${why}`.trimEnd();
    }
    case "resumed": {
      const { outage } = run;
      const what = outage ? `\nover: ${tellOutage(outage)}` : "";
      return `${run.stack}: ${release} waits no more and is deployed (${by})${what}\n${list}`.trimEnd();
    }
    case "recovered":
      return `${run.stack}: ${release} is well again (${by})\n${list}`.trimEnd();
    case "drift":
      return `${run.stack}: not as ${release} left it (${by})\n${list}`.trimEnd();
    case "production_deployed":
      return `${run.stack}: ${release} is deployed (${by})\n${list}`.trimEnd();
  }
}

function toTime(ms: number | null): string {
  return ms === null ? "it is there" : new Date(ms).toISOString();
}
