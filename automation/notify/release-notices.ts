import { showLine } from "../../text/characters.ts";
import type { Run } from "../domain/run.ts";
import type { Variables } from "../environment.ts";
import type { Notice } from "../store/store.ts";
import type { ReleaseNotice } from "./channel.ts";
import { CHANNELS } from "./channels.ts";
import { readTargets } from "./outbox.ts";

/** What became of a release after its update, for people. */
export interface ReleaseNews {
  event: ReleaseNotice;
  /** The update of the release. */
  run: Run;
  /** What was seen, or for how long nothing was. */
  why: string;
  /** The release that comes back, or could. */
  back?: string;
  /** Why none comes back by itself. */
  refused?: string;
}

/** The notices of it, one per channel. */
export function tellRelease(on: { variables: Pick<Variables, "get"> }, news: ReleaseNews): Notice[] {
  const { event, run, why, back, refused } = news;
  const facts = {
    why,
    ...(back === undefined ? {} : { back_to: back }),
    ...(refused === undefined ? {} : { refused }),
  };
  const message = { event, run, text: toText(news), facts };
  return readTargets(on).map((target) => ({
    key: `${event}:${target}`,
    target,
    payload: CHANNELS[target].toRequest(message),
  }));
}

function toText({ event, run, why, back, refused }: ReleaseNews): string {
  const { stack } = run;
  const release = run.tag ?? run.commit.slice(0, 7);
  const by = showLine(`run ${run.id}, asked for by ${run.triggeredBy}`);
  const found = showLine(why);
  const command = rollbackCommand(stack, back);
  switch (event) {
    case "confirmed":
      return `${stack}: ${release} is confirmed (${by})\n${found}`;
    case "rollback_refused":
      return `${stack}: ${release} is in trouble and does not go back by itself (${by})\n${found}\nwhy not: ${showLine(refused ?? "")}\nWhat to do: ${command}`;
    case "trouble":
      return refused === undefined
        ? `${stack}: ${release} is taken back (${by})\n${found}\n${back} comes back, and the stack is held`
        : `${stack}: ${release} is in trouble (${by})\n${found}\nWhat to do: ${command}`;
  }
}

/** What a person types to go back. */
export function rollbackCommand(stack: string, tag: string | undefined): string {
  return `dockmaster rollback ${stack}${tag === undefined ? "" : ` --to ${tag}`} --wait`;
}
