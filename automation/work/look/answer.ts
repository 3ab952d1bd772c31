import { LEFT_FORMAT, type Look } from "../../../components/look/left.ts";
import { provenContainers } from "../../engine/proven.ts";
import type { LookAnswer, LookQuestion } from "../../socket/messages.ts";
import { refuseState } from "../../state/state-mark.ts";
import type { WorkContext } from "../perform.ts";
import { describeSettings } from "./kept.ts";

type Context = Pick<
  WorkContext,
  "config" | "enginePath" | "version" | "programEnvironment" | "sealed" | "proven" | "mask"
>;

/**
 * Looks whether a stack is as it was left, or says why only an engine can tell. Asked to `answer` instead of one, settings and state have
 * to be those that were left too; the state once more after the look, for somebody may have changed it meanwhile. Asked to `watch`, a
 * state that somebody else wrote counts only where something differs: that is their update then.
 */
export async function answerLook(
  context: Context,
  { stack, left, proven, keptAt, purpose, forMs = 0 }: LookQuestion,
  signal: AbortSignal,
): Promise<LookAnswer> {
  if (left.format !== LEFT_FORMAT) return { refused: "what was left is known in another form" };
  const { values = {}, sealed = [] } = left.told ?? {};
  const given = context.programEnvironment();
  const kept = context.sealed.get(stack) ?? {};
  const unknown = sealed.filter((variable) => !given[variable] && !kept[variable]);
  if (unknown.length > 0) {
    return {
      refused: `${unknown.join(", ")} is only in the stack's file, and no engine opened that since this worker started`,
    };
  }
  const own = { ...given, ...pick(kept, sealed) };
  const { backendUrl } = context.config;
  if (purpose === "answer") {
    if ((await describeSettings(context, own)) !== left.settings) {
      return { refused: "other settings, keys or versions than when it was left" };
    }
    const refused = await refuseState(backendUrl, stack, left.state, given);
    if (refused !== undefined) return { refused };
  }
  const env = { ...values, ...own, ...(values.ALLOW_INSECURE ? { ALLOW_INSECURE: values.ALLOW_INSECURE } : {}) };
  if (purpose === "checks") {
    const { askWatchChecks } = await import("../../../components/look/watch-checks.ts");
    return { checks: maskWhy(context, await askWatchChecks(left.resources, { env, forMs, signal })) };
  }
  // Loaded with the first look: a worker at rest needs none of it.
  const { look } = await import("../../../components/look/look.ts");
  const seen = await look(left.resources, { env, proven, keptAt, signal });
  context.proven.set(stack, provenContainers(left.resources, seen));
  // To watch, a state that cannot be told is no reason; but an update from elsewhere is not what somebody changed by hand.
  const asks = purpose !== "watch" || (left.state !== null && seen.resources.some(isOther));
  const refused = asks ? await refuseState(backendUrl, stack, left.state, given) : undefined;
  if (refused !== undefined) return { refused };
  return { look: { ...seen, resources: seen.resources.map((resource) => maskWhy(context, resource)) } };
}

/** Others' words may hold what only this worker knows to be secret. */
function maskWhy<T extends { why?: string }>({ mask }: Pick<Context, "mask">, told: T): T {
  return told.why === undefined ? told : { ...told, why: mask(told.why) };
}

function isOther({ is }: Look["resources"][number]): boolean {
  return is === "other" || is === "gone";
}

function pick(values: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (values[name] ? [[name, values[name]]] : [])));
}
