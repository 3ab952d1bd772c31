import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStore } from "../../../automation/store/open.ts";
import type { Claim, Store } from "../../../automation/store/store.ts";
import { commit, LEASE, request, T0 } from "./requests.ts";

/** What can happen to one stack, in any order. */
type Step = { do: "accept"; letter: string } | { do: "claim" | "finish" | "hand back" | "lapse" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("accept" as const), letter: fc.constantFrom(..."abcd") }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("claim" as const, "finish", "hand back", "lapse") }) },
);

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dockmaster-newest-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Plays the steps, then works off what is left; answers the commits in the order in which they were deployed. */
async function play(store: Store, steps: Step[]): Promise<{ asked: string[]; deployed: string[] }> {
  let now = T0;
  let held: Claim | undefined;
  const asked: string[] = [];
  const deployed: string[] = [];
  const claim = async () => {
    const taken = await store.claim("one", LEASE, now);
    if (taken && held) throw new Error("the stack was given away while it was held");
    held = taken ?? held;
  };
  const finish = async () => {
    if (!held) return;
    await store.transition(held.run.id, "succeed", {}, now, held.lease);
    await store.release(held.lease, now);
    deployed.push(held.run.commit);
    held = undefined;
  };
  for (const each of steps) {
    now += 1;
    if (each.do === "accept") {
      asked.push(commit(each.letter));
      await store.accept(request({ commit: commit(each.letter) }), now);
    } else if (each.do === "claim") await claim();
    else if (each.do === "finish") await finish();
    else if (each.do === "hand back" && held) {
      await store.transition(held.run.id, "requeue", {}, now, held.lease);
      await store.release(held.lease, now);
      held = undefined;
    } else if (each.do === "lapse") {
      now += 2 * LEASE;
      held = undefined;
    }
  }
  for (;;) {
    await finish();
    now += 2 * LEASE;
    await claim();
    if (!held) return { asked, deployed };
  }
}

test("whatever happens, what was asked for last is deployed last, and nothing is left over", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      files += 1;
      const store = await openStore(`sqlite:${join(folder, `${files}.db`)}`);
      try {
        const { asked, deployed } = await play(store, steps);
        expect(deployed.at(-1)).toBe(asked.at(-1));
        expect(await store.runs({ states: ["queued", "running"] })).toEqual([]);
        for (const run of await store.runs({ states: ["superseded"] })) {
          expect((run.supersededBy ?? "") > run.id).toBe(true);
        }
      } finally {
        await store.close();
      }
    }),
    { numRuns: 60 },
  );
});
