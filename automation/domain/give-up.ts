import { whatWasDone } from "./carry.ts";
import { causeOf } from "./cause.ts";
import type { TimedRecord } from "./engine-record.ts";
import type { Cause, Run } from "./run.ts";
import { RUN_KINDS } from "./run-kinds.ts";

/** How the provider tells of a volume that a container leaves (components/dokploy/rules/data/give-up.ts). */
const TOLD = /\bgives up volume (\S+):/g;

/** How it tells that a preview cannot know yet what a service leaves. */
const LATER = "known only to the update";

/**
 * The volumes of which a run's next try has to find that they are left. An earlier one that changed something, or was cut off so that
 * nobody can tell, may have left them already: then none.
 */
export function toBeLeft({ kind, giveUp = [], attempts, outage, outcomes }: Tried): readonly string[] {
  if (!RUN_KINDS[kind].changesStack) return giveUp;
  const cutOff = attempts - (outage?.attempts ?? 0);
  return cutOff > 0 || whatWasDone(outcomes).length > 0 ? [] : giveUp;
}

type Tried = Pick<Run, "kind" | "giveUp" | "attempts" | "outage" | "outcomes">;

/**
 * Why a run that gives volumes up is refused after its preview: none of its services leaves one of them. Null when each is left, or
 * when only the update can tell: for a service that is made, or found again after the state was lost.
 */
export function refuseUnknown(givenUp: readonly string[], preview: readonly TimedRecord[]): Cause | null {
  const messages = preview.flatMap(({ event }) => (event.type === "diagnostic" ? [event.message] : []));
  const left = [...new Set(messages.flatMap((text) => [...text.matchAll(TOLD)].map(([, name = ""]) => name)))].sort();
  const unknown = givenUp.filter((name) => !left.includes(name));
  if (unknown.length === 0 || messages.some((text) => text.includes(LATER)) || preview.some(isMade)) return null;
  const hint =
    left.length > 0
      ? `give up only what is left: ${left.join(", ")}`
      : "this run leaves no volume: give up nothing, and run it again";
  return causeOf("config_invalid", `no service leaves ${unknown.join(", ")}, and nothing was changed`, hint);
}

function isMade({ event }: TimedRecord): boolean {
  return event.type === "resource" && event.op === "create" && event.urn.includes("dokploy:Compose::");
}
