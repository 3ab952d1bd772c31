import { type ComposeInputs, hasUnknown, UNKNOWN } from "../inputs.ts";
import type { ComposeOutputs } from "../outputs.ts";
import { refuseLeftData } from "./give-up.ts";
import { type DeployedText, type Held, type Layout, readLayout } from "./held-data.ts";

/** A change of one service, as far as its data goes. */
export interface Change {
  /** What the state says; undefined when the state does not know the service. */
  previous: ComposeOutputs | undefined;
  /** The text on the server; undefined when the service is not there yet, or was never deployed. */
  live: DeployedText | undefined;
  wanted: ComposeInputs;
  appName: string;
}

/** The data that the last deployment gave the containers. States of older releases tell it by their text. */
export function deployedData(state: ComposeOutputs): readonly Held[] {
  return state.data ?? readLayout(state).data;
}

/**
 * Throws `config_invalid` when a container would start without its data and nobody gave it up. Answers what there is to tell of data
 * that was. Names of volumes that a preview does not know yet are judged by the update.
 */
export function refuseToLeave({ previous, live, wanted, appName }: Change, givenUp: ReadonlySet<string>): string[] {
  const { composeFile, env, service } = wanted;
  if (wanted.disposable === true || hasUnknown(composeFile) || (env as unknown) === UNKNOWN) return [];
  const layout = readLayout({ composeFile, env, appName });
  if (layout.mounts.some(isUnknown)) return [];
  const before = { deployed: previous && deployedData(previous), live: live && readLayout(live) };
  return refuseLeftData(before, layout, { service, appName, givenUp });
}

/** Like `refuseToLeave`, with the text that the state took over from the server. */
export function refuseToLeaveState(
  state: ComposeOutputs,
  wanted: ComposeInputs,
  givenUp: ReadonlySet<string>,
): string[] {
  return refuseToLeave({ previous: state, live: state, wanted, appName: state.appName }, givenUp);
}

/** What an update that was cut off after its first write leaves known: all but what was given up, which will be deployed by whomever. */
export function afterWrite(data: readonly Held[], givenUp: ReadonlySet<string>): readonly Held[] {
  return data.filter(({ name }) => !givenUp.has(name));
}

/** Data that the containers have once `wanted` is deployed. */
export function dataOf({ composeFile, env }: ComposeInputs, appName: string): Layout["data"] {
  return readLayout({ composeFile, env, appName }).data;
}

function isUnknown({ name, path, subpath = "" }: Held): boolean {
  return [name, path, subpath].some((text) => text.includes(UNKNOWN));
}
