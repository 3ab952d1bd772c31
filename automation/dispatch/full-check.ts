import { isDrift } from "../domain/drift.ts";
import type { Run } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { KeptLeft, Store } from "../store/store.ts";
import type { Ending } from "../work/perform.ts";
import { askLook, type Looking } from "./try-look.ts";

/** What holds looks to what an engine finds. */
export interface Contradicting extends Pick<Looking, "engines" | "proven"> {
  store: Pick<Store, "forgetLeft">;
  metrics: Pick<Metrics, "lookContradictions">;
}

/** A look before a full check, which is held to what that finds. */
export interface FullCheck {
  /** The services that the engine found otherwise than the looks before and after it; undefined: they agree, or nobody can tell. */
  end(ending: Ending, log: Log): Promise<string[] | undefined>;
}

/**
 * Looks before an engine looks at all of a stack. Where that finds what a look once more calls as left, looks are wrong: what was left is
 * forgotten, so that none answers here until the next update. Undefined where there is nothing to hold to it.
 */
export async function beginFullCheck(
  on: Contradicting,
  run: Run,
  kept: KeptLeft | undefined,
  stop: AbortSignal,
): Promise<FullCheck | undefined> {
  if (!run.full || RUN_KINDS[run.kind].answers !== "drift" || !kept) return undefined;
  const look = async () => "look" in (await askLook(on, kept, "watch", stop));
  if (!(await look())) return undefined;
  return {
    end: async ({ verdict, outcomes }, log) => {
      const found = outcomes.filter(isDrift).map(({ service }) => service);
      if (verdict.next !== "succeed" || found.length === 0 || !(await look())) return undefined;
      log.error({ event: "look.contradicted", services: found });
      on.metrics.lookContradictions.inc({ env: run.stack });
      await on.store.forgetLeft(kept);
      return found;
    },
  };
}
