import { LEFT_FORMAT, type LeftBehind } from "../../../components/look/left.ts";
import { digestSettings } from "../../engine/settings-digest.ts";
import { plainSettings, readStackSettings } from "../../engine/stack-settings.ts";
import type { ToldLeft } from "../../engine/start.ts";
import { stampEngine } from "../../engine/version-check.ts";
import { isOf, readStateMark, toState } from "../../state/state-mark.ts";
import type { WorkContext } from "../perform.ts";

/** What is kept of an engine that ended well. */
export interface Engine {
  told: ToldLeft;
  stack: string;
  project: string;
  /** The text of the stack's file, and what the program saw of the worker's environment. */
  stackFile: string;
  given: Readonly<Record<string, string>>;
}

/** What an engine left, for the door to keep; or why nobody can tell. */
export async function describeLeft(
  context: Pick<WorkContext, "config" | "enginePath" | "version">,
  { told, stack, project, stackFile, given }: Engine,
): Promise<{ left: LeftBehind } | { missing: string }> {
  const { resources, notLeft, endedAt } = told;
  if (notLeft !== undefined) return { missing: notLeft };
  if (resources.length === 0) return { missing: "its process told nothing" };
  const settings = await describeSettings(context, { ...given, ...told.sealed });
  if (settings === undefined) return { missing: "PLATFORM_KEY is not known" };
  const found = await readStateMark(context.config.backendUrl, project, stack, given);
  if ("locked" in found || ("mark" in found && !isOf(endedAt, found)))
    return { missing: "somebody may have changed the state since" };
  return {
    left: {
      format: LEFT_FORMAT,
      settings,
      state: "mark" in found ? toState(project, found.mark) : null,
      resources,
      told: plainSettings(readStackSettings(stackFile, given)),
    },
  };
}

/** The digest of all that has a say beside the release; undefined without the platform's key. */
export async function describeSettings(
  { config, enginePath, version }: Pick<WorkContext, "config" | "enginePath" | "version">,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const versions = {
    engine: await stampEngine(enginePath),
    node: process.version,
    runner: version(),
    backend: config.backendUrl,
  };
  return digestSettings(env, versions);
}
