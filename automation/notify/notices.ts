import { showLine } from "../../text/characters.ts";
import { isReturn } from "../domain/confirming/take-back.ts";
import { isDrift } from "../domain/drift.ts";
import { describeOutage } from "../domain/outage.ts";
import type { Outage, Run, RunState } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import type { Notice } from "../store/store.ts";
import type { RunNotice } from "./channel.ts";
import { CHANNELS, type ChannelName } from "./channels.ts";

/**
 * What a run's end, or that it waits, is worth telling. `before` is how the stack's last deploy or sync before it ended;
 * `outageBefore` what the run knew of an outage until now: people are told once that a stack waits, and once that it is over. Pure.
 */
export function decideEvents(
  run: Run,
  before: RunState | undefined,
  outageBefore: Outage | null | undefined = run.outage,
): RunNotice[] {
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
    ...(isReturn(run) ? (["rolled_back"] as const) : []),
    ...(run.stack === "production" && choosesRelease ? (["production_deployed"] as const) : []),
  ];
}

/** The notices of a run's end, one per event and channel. */
export function toNotices(run: Run, events: RunNotice[], channels: ChannelName[]): Notice[] {
  return events.flatMap((event) => {
    const message = { event, run, text: toText(run, event) };
    return channels.map((target) => ({
      key: `${event}:${target}`,
      target,
      payload: CHANNELS[target].toRequest(message),
    }));
  });
}

function toText(run: Run, event: RunNotice): string {
  const release = run.tag ?? run.commit.slice(0, 7);
  const touched = run.outcomes.filter(({ result }) => result !== "unchanged");
  // Each is one line here: a line end of others must not look like one of ours.
  const list = touched.map(({ service, result, reason }) => showLine(`${service}: ${result} (${reason})`)).join("\n");
  const by = showLine(`run ${run.id}, asked for by ${run.triggeredBy}`);
  switch (event) {
    case "failed": {
      const cause = run.cause ? `\n${run.cause.code}: ${run.cause.message}\nWhat to do: ${run.cause.hint}` : "";
      return `${run.stack}: ${release} failed (${by})${cause}\n${list}`.trimEnd();
    }
    case "waiting": {
      const { outage } = run;
      const why = outage ? `${describeOutage(outage)}; tried again until ${toTime(outage.until)}` : "";
      return `${run.stack}: ${release} waits (${by})\n${why}`.trimEnd();
    }
    case "resumed": {
      const { outage } = run;
      const what = outage ? `\nover: ${describeOutage(outage)}` : "";
      return `${run.stack}: ${release} waits no more and is deployed (${by})${what}\n${list}`.trimEnd();
    }
    case "rolled_back":
      return `${run.stack}: ${release} is back (${by})\n${showLine(run.reason ?? "")}\nThe stack is held: dockmaster hold ${run.stack} --lift\n${list}`.trimEnd();
    case "recovered":
      return `${run.stack}: ${release} is well again (${by})\n${list}`.trimEnd();
    case "drift":
      return `${run.stack}: not as ${release} left it (${by})\n${list}`.trimEnd();
    case "look_wrong":
      return `${run.stack}: a full check found what a look had called as left (${by}); looks answer nothing here until the next update. Please report it\n${list}`.trimEnd();
    case "production_deployed":
      return `${run.stack}: ${release} is deployed (${by})\n${list}`.trimEnd();
  }
}

function toTime(ms: number | null): string {
  return ms === null ? "it is there" : new Date(ms).toISOString();
}
