import { showLine } from "../../text/characters.ts";
import { describeObservation, type Observation, wordObservation } from "../domain/watching/observation.ts";
import type { KeptLook } from "../store/stack/observing.ts";
import type { WatchNotice } from "./channel.ts";
import { CHANNELS, type ChannelName } from "./channels.ts";

/** What a look came to, as far as people are told of it. */
export interface Tellable {
  stack: string;
  looked: { confirmed: readonly Observation[]; over: readonly Observation[]; open: readonly Observation[]; at: number };
  /** What is done about it. */
  heal: { do: "heal" | "stop" | "nothing"; services?: readonly string[] };
  targets: readonly ChannelName[];
}

/** How many findings one notice names. */
const MOST = 20;

/** The notices of one look: what was confirmed in one, what is over in another, that no more is brought back in a third. Pure. */
export function toWatchNotices({ stack, looked, heal, targets }: Tellable): KeptLook["notices"] {
  const { confirmed, over, open, at } = looked;
  const told = (event: WatchNotice, observations: readonly Observation[], text: string, occurrence = "") => {
    const [first] = observations;
    if (!first || targets.length === 0) return [];
    const message = { event, env: stack, text, facts: { observations: observations.map(toFact) } };
    const notices = targets.map((target) => ({
      key: `${event}${occurrence}:${target}`,
      target,
      payload: CHANNELS[target].toRequest(message),
    }));
    return [{ observation: first.id, notices }];
  };
  const stopped = open.filter(({ service, confirmedAt }) => confirmedAt !== null && heal.services?.includes(service));
  return [
    ...told("found", confirmed, foundText(stack, confirmed, heal)),
    ...told("over", over, `${stack}: over\n${list(over)}`),
    ...(heal.do === "stop" ? told("heal_stopped", stopped, stopText(stack, stopped), `:${at}`) : []),
  ];
}

function foundText(stack: string, confirmed: readonly Observation[], heal: Tellable["heal"]): string {
  return `${stack}: not as the last update left it\n${list(confirmed)}\n${advise(stack, confirmed, heal)}`;
}

function advise(stack: string, confirmed: readonly Observation[], heal: Tellable["heal"]): string {
  if (heal.do === "heal") return "A sync that brings it back is asked for.";
  if (confirmed.every(({ kind }) => kind === "restarted"))
    return `It runs again. See: dockmaster observations ${stack}`;
  return `What to do: dockmaster sync ${stack} brings it back; dockmaster observations ${stack} tells more`;
}

function stopText(stack: string, open: readonly Observation[]): string {
  const hint = `What to do: find who changes it, then dockmaster sync ${stack}`;
  return `${stack}: brought back again and again within an hour, and still not as it was left: no more is done by itself\n${list(open)}\n${hint}`;
}

function toFact(observation: Observation): object {
  const { id, service, kind, parts } = observation;
  return { id, service, kind, parts, found: wordObservation(observation) };
}

/** Each is one line here: a line end of others must not look like one of ours. */
function list(observations: readonly Observation[]): string {
  const lines = observations.slice(0, MOST).map((each) => showLine(describeObservation(each)));
  const more = observations.length - MOST;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}
