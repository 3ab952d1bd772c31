import type { ServiceOutcome } from "../../../automation/domain/run.ts";
import type { RunnerOptions } from "../../../automation/start.ts";
import { judgeStop, type StopReason } from "../../../automation/work/perform.ts";

/** Stands in for checkout and engine where a test is about what is asked, not about what is done. */
export interface InstantEngine {
  perform: NonNullable<RunnerOptions["perform"]>;
  /** Runs carried out so far: `<stack> <tag>`. */
  performed: string[];
  /** How the next runs end. */
  outcomes: ServiceOutcome[];
  /** While set, the runner makes this mistake in every run. */
  mistake: Error | undefined;
  /** While set, runs wait for it. */
  hold: Promise<void> | undefined;
}

/** Makes an engine that is done at once and changed everything. */
export function createInstantEngine(): InstantEngine {
  const engine: InstantEngine = {
    performed: [],
    outcomes: [
      { service: "postgres", result: "unchanged", reason: "equal" },
      { service: "redis", result: "changed", reason: "changed: composeFile" },
    ],
    mistake: undefined,
    hold: undefined,
    perform:
      () =>
      async ({ run }, _events, stop) => {
        engine.performed.push(`${run.stack} ${run.tag}`);
        if (engine.mistake) throw engine.mistake;
        const stopped = new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
        if (engine.hold) await Promise.race([engine.hold, stopped]);
        if (stop.aborted) return { verdict: judgeStop(stop.reason as StopReason, 0), outcomes: [] };
        return { verdict: { next: "succeed", cause: null }, outcomes: engine.outcomes };
      },
  };
  return engine;
}
