import { isAsLeft, type Look } from "../../components/look/left.ts";
import { refuseLook } from "../domain/look.ts";
import type { Run } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import { leftKey } from "../domain/watching/memory.ts";
import type { Programs } from "../git/program.ts";
import type { LookQuestion } from "../socket/messages.ts";
import type { KeptLeft, Store } from "../store/store.ts";
import type { Engines } from "./engines.ts";
import { wordLook } from "./kept.ts";

/** How long a look may take before an engine is started instead, in milliseconds. */
const PATIENCE = 20_000;

/** How long a worker that is away is waited for, in milliseconds. */
const SOON = 5_000;

/** What looks are made with. */
export interface Looking {
  store: Pick<Store, "leftBehind">;
  programs: Programs;
  engines: Engines;
  /** Until when containers are known to be those that were left, by stack: as long as the same record is kept. */
  proven: Map<string, { of: string; until: Record<string, number> }>;
}

/** What a look told of a run: that nothing is to do, or why it does not answer it. */
export type Looked = { kept: KeptLeft; look: Look } | { kept: KeptLeft | undefined; why: string };

/** Looks whether a run has nothing to do. Never throws for what it meets: an engine is started then, and tells it better. */
export async function tryLook(on: Looking, run: Run, stop: AbortSignal): Promise<Looked> {
  const kept = await on.store.leftBehind(run.stack).catch(() => undefined);
  const no = (why: string) => ({ kept, why });
  const refused = refuseLook(run);
  if (refused !== undefined) return no(refused);
  if (!kept) return no("nothing is kept of how the last update left it");
  // A drift check asks nothing of the program: it compares with the state.
  if (RUN_KINDS[run.kind].changesStack) {
    const program = await on.programs.digest(run.commit, run.stack).catch(() => undefined);
    if (program !== kept.program) return no("the release has another program or configuration");
  }
  const told = await askLook(on, kept, "answer", stop);
  return "look" in told ? { kept, look: told.look } : no(told.why);
}

/** Looks whether a stack is as it was left: the look where it is in all, else why not. Never throws. */
export async function askLook(
  { engines, proven }: Pick<Looking, "engines" | "proven">,
  kept: KeptLeft,
  purpose: LookQuestion["purpose"],
  stop: AbortSignal,
): Promise<{ look: Look } | { why: string }> {
  const { stack, left, keptAt } = kept;
  const of = leftKey(kept);
  const known = proven.get(stack);
  try {
    // One that starts with the runner comes a little later, and an engine would have to wait for it too.
    const engine = await engines.find(stack, AbortSignal.any([stop, AbortSignal.timeout(SOON)])).catch(() => undefined);
    if (!engine) return { why: "its engine worker is away" };
    const signal = AbortSignal.any([stop, AbortSignal.timeout(PATIENCE)]);
    const question = { stack, left, keptAt, purpose, proven: known?.of === of ? known.until : {} };
    const { look, refused } = await engine.look(question, signal);
    if (!look) return { why: refused ?? "the look told nothing" };
    if (!isAsLeft(look, left.resources)) return { why: wordLook(look) };
    proven.set(stack, { of, until: look.proven });
    return { look };
  } catch (error) {
    return { why: error instanceof Error ? `the look failed: ${error.message}` : "the look failed" };
  }
}
