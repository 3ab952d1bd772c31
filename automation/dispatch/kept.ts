import type { Look } from "../../components/look/left.ts";
import { isDrift } from "../domain/drift.ts";
import type { Run, ServiceOutcome } from "../domain/run.ts";
import { RUN_KINDS } from "../domain/run-kinds.ts";
import type { KeptLeft } from "../store/store.ts";
import type { Ending } from "../work/perform.ts";

/** How a run ended, with what the door makes of it. */
export interface DoorEnding extends Ending {
  /** What is kept of how it left the stack, in the place of what was kept before. */
  kept?: KeptLeft;
  /** Services of which a full check found otherwise than the looks right before and after it. */
  contradicted?: string[];
}

/** Which of a stack a look saw not as it was left, for people. Pure. */
export function wordLook({ resources }: Look): string {
  const others = resources.filter(({ is, starting }) => is !== "left" || starting);
  const words = others.slice(0, MOST_NAMED).map(({ name, is, differs, containers, starting, why }) => {
    const parts = [...differs, ...containers.map((each) => `${each.container} ${each.is}`)];
    if (is === "unknown") return `${name}: ${why ?? "could not be told"}`;
    if (parts.length > 0) return `${name}: ${parts.slice(0, MOST_NAMED).join(", ")}`;
    return `${name}: ${starting ? "starting" : is}`;
  });
  const more = others.length - words.length;
  return `not as it was left: ${words.join("; ")}${more > 0 ? `; ${more} more` : ""}`;
}

/** How many services, and parts of one, are named in one line. */
const MOST_NAMED = 10;

/** The outcomes of a run that a look answered: what an engine would tell of a stack on which nothing is to do. Pure. */
export function toOutcomes({ services }: Pick<KeptLeft, "services">, { kind }: Pick<Run, "kind">): ServiceOutcome[] {
  const { answers } = RUN_KINDS[kind];
  if (answers === "drift") {
    const found = services.map(
      ({ service }) => ({ service, result: "unchanged", reason: "equal", well: true }) as const,
    );
    return found.sort((a, b) => a.service.localeCompare(b.service));
  }
  return services.map((service) => ({ ...service, result: "unchanged", reason: "equal" }));
}

/**
 * What is kept of a run that a look answered: the stack is at its release now, though nothing of it was changed. All else stays as the
 * engine told it; undefined where nothing is new. Pure.
 */
export function keepAnswered(kept: KeptLeft, { kind, commit }: Pick<Run, "kind" | "commit">): KeptLeft | undefined {
  return RUN_KINDS[kind].changesStack && kept.commit !== commit ? { ...kept, commit } : undefined;
}

/** What is kept of how an engine ended; undefined: what was kept before stays as it is. Pure. */
export function decideKept(
  {
    run,
    program,
    before,
    version,
    now,
  }: {
    run: Run;
    program: string;
    /** What was kept when it began. */
    before: KeptLeft | undefined;
    /** The runner's. */
    version: string;
    now: number;
  },
  { verdict, outcomes, left }: Ending,
): KeptLeft | undefined {
  if (verdict.next !== "succeed" || !left) return undefined;
  const checked = { at: now, version };
  if (RUN_KINDS[run.kind].changesStack) {
    // What it gave up it was told in its environment, as the next one is not.
    if (run.giveUp?.length) return undefined;
    const there = outcomes.filter(
      ({ result }) => result === "created" || result === "changed" || result === "unchanged",
    );
    const services = there.map(({ service, addresses, allows }) => ({
      service,
      ...(addresses && { addresses }),
      ...(allows && { allows }),
    }));
    return { stack: run.stack, run: run.id, keptAt: now, commit: run.commit, program, left, services, checked };
  }
  // A refresh says nothing of the program: what is known of that stays, and so does which state it was.
  if (!before || RUN_KINDS[run.kind].answers !== "drift" || outcomes.some(isDrift)) return undefined;
  return { ...before, keptAt: now, left: { ...before.left, resources: left.resources }, checked };
}
