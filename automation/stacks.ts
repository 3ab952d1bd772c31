import type { z } from "zod";
import type { Run } from "./domain/run.ts";
import type { stackView } from "./http/schemas.ts";
import type { Runner } from "./runner.ts";

/** What an environment runs, as `GET /stacks` shows it. */
export type StackView = z.output<typeof stackView>;

/** All environments of the main branch. Git is read as of the last fetch. Null stands for "not known". */
export async function describeStacks(runner: Runner): Promise<StackView[]> {
  const { mirror, catalogue, config } = runner;
  const head = await mirror.branchHead(config.gitBranch);
  if (head === undefined) return [];
  const stacks = await catalogue.stacks(head);
  return Promise.all(stacks.map((stack) => describeStack(runner, stack, head)));
}

async function describeStack({ store, mirror }: Runner, stack: string, head: string): Promise<StackView> {
  const [release, [last], [checked]] = await Promise.all([
    store.stackRelease(stack),
    store.runs({ stack, kinds: ["deploy", "sync"], states: ["succeeded", "failed", "canceled"], limit: 1 }),
    store.runs({ stack, kinds: ["drift"], states: ["succeeded"], limit: 1 }),
  ]);
  return {
    env: stack,
    tag: release?.tag ?? null,
    commit: release?.commit ?? null,
    since: release ? new Date(release.since).toISOString() : null,
    healthy: last ? last.state === "succeeded" : null,
    drift: toDrift(checked, last),
    behind_by: release ? await mirror.countBetween(release.commit, head) : null,
  };
}

/** Whether the last check found something by hand; not known before one, or when an update came after it. */
function toDrift(checked: Run | undefined, last: Run | undefined): boolean | null {
  if (!checked || (last && last.id > checked.id)) return null;
  return checked.outcomes.some(({ result }) => result !== "unchanged");
}
