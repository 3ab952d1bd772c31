import type { WebhookAnswer } from "../api/push.ts";
import type { Run } from "../domain/run.ts";
import { toGateView } from "./hold-view.ts";
import { toWaitingView } from "./report.ts";
import { toTimestamp } from "./timestamp.ts";

/** The answer to a push whose run has ended or goes on. `touched`: services that the push itself touches. */
export function toWebhookAnswer(run: Run, touched: string[], winner: Run | undefined): WebhookAnswer {
  const common = {
    env: run.stack,
    tag: run.tag,
    commit: run.commit,
    run: run.id,
    timestamp: toTimestamp(run.finishedAt ?? run.createdAt),
  };
  if (run.state === "superseded") {
    return { status: "superseded", ...common, ...(winner?.tag ? { superseded_by: winner.tag } : {}) };
  }
  if (run.state !== "succeeded") {
    const { gate } = toGateView(run);
    const how = gate
      ? ({ status: "waiting", gate } as const)
      : ({ status: "in_progress", ...toWaitingView(run) } as const);
    return { ...how, ...common, status_url: `/runs/${run.id}` };
  }
  const changed = run.outcomes.filter(({ result }) => result !== "unchanged").map(({ service }) => service);
  return {
    status: "success",
    ...common,
    synced_services: touched.filter((service) => changed.includes(service)),
    skipped_services: touched.filter((service) => !changed.includes(service)),
    also_changed_services: changed.filter((service) => !touched.includes(service)),
    reasons: Object.fromEntries(run.outcomes.map(({ service, reason }) => [service, reason])),
  };
}
