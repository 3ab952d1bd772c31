import { showLine } from "../../text/characters.ts";
import { describeHold, type Hold } from "../domain/gates/hold.ts";
import type { Variables } from "../environment.ts";
import type { Notice } from "../store/store.ts";
import type { HoldNotice } from "./channel.ts";
import { CHANNELS } from "./channels.ts";
import { readTargets } from "./outbox.ts";

/** The notices of a hold that begins or ends, one per channel. */
export function tellHold(on: { variables: Pick<Variables, "get"> }, event: HoldNotice): (hold: Hold) => Notice[] {
  return (hold) => {
    const message = { event, env: hold.stack, text: toText(hold, event), facts: toFacts(hold) };
    return readTargets(on).map((target) => ({
      key: `${event}:${target}`,
      target,
      payload: CHANNELS[target].toRequest(message),
    }));
  };
}

function toText(hold: Hold, event: HoldNotice): string {
  const what = showLine(describeHold(hold));
  if (event === "hold_ended")
    return `${hold.stack}: held no more (ended by ${showLine(hold.endedBy ?? "")})\nit was ${what}`;
  const lift = `dockmaster hold ${hold.stack} --lift`;
  return `${hold.stack}: ${what}\nWhat goes forward waits; going back works. To end it: ${lift}`;
}

function toFacts({ id, by, reason, until, takenBack, endedBy }: Hold): Record<string, unknown> {
  return {
    hold: id,
    by,
    reason,
    until: until === null ? null : new Date(until).toISOString(),
    taken_back: takenBack,
    ended_by: endedBy,
  };
}
