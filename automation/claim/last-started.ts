import type { Run } from "../domain/run.ts";
import { UPDATES } from "../domain/run-kinds.ts";
import type { Store } from "../store/store.ts";

/** How many runs are read at once. */
const PAGE = 20;

/**
 * The last deploy or sync before `run` whose engine came to the stack, however many since then never did: they ended
 * before it was started, or it found the stack locked.
 */
export async function findLastStarted(store: Pick<Store, "runs">, run: Run): Promise<Run | undefined> {
  for (let before: Run | undefined = run; before; ) {
    const earlier: Run[] = await store.runs({ stack: run.stack, kinds: UPDATES, before, limit: PAGE });
    const last = earlier.find(({ attempts, cause }) => attempts > 0 && cause?.code !== "stack_locked");
    if (last) return last;
    before = earlier.length < PAGE ? undefined : earlier.at(-1);
  }
  return undefined;
}
