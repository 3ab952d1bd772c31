import fc from "fast-check";
import { expect, test } from "vitest";
import { isProductionTag } from "../../../../../automation/domain/releases/release-tag.ts";
import { History } from "./history-model.ts";

/** What a team may do; `pick` chooses among what there is. */
const STEPS = [
  "push",
  "deploy staging",
  "promote",
  "promote dropping",
  "hotfix",
  "merge hotfix",
  "cherry-pick",
  "roll back",
  "delete tag",
  "deploy an old tag",
] as const;

const frequent = fc.constantFrom<(typeof STEPS)[number]>("push", "deploy staging", "promote", "hotfix");
const step = fc.record({ do: fc.oneof(frequent, fc.constantFrom(...STEPS)), pick: fc.nat({ max: 1000 }) });

function choose<T>(list: readonly T[], pick: number): T | undefined {
  return list[pick % Math.max(1, list.length)];
}

/** Plays one step as far as the rules allow it. */
function play(history: History, name: (typeof STEPS)[number], pick: number): void {
  const { production } = history.had;
  const live = production.at(-1);
  if (name === "push") history.main = history.commit(history.main, `change ${history.commits.length}`);
  else if (name === "deploy staging") history.deploy("staging", history.stagingTag(history.main));
  else if (name === "promote" || name === "promote dropping") {
    const release = choose(history.tags, pick);
    if (!release) return;
    const commit = history.find(release.commit);
    const drops = name === "promote" ? [] : history.tags.map(({ tag }) => tag);
    const tag = history.tag(history.promotion(commit, drops), commit);
    if (tag) history.deploy("production", tag);
  } else if (name === "hotfix") {
    const from = pick % 3 ? live : choose(history.tags, pick);
    if (!from) return;
    const commit = history.commit(history.find(from.commit), `fix ${history.commits.length}`);
    const tag = history.tag(history.hotfix(pick % 7 ? commit : history.main), pick % 7 ? commit : history.main);
    if (tag) history.deploy("production", tag);
  } else if (name === "merge hotfix" && live) {
    history.main = history.commit(history.main, null, history.find(live.commit));
  } else if (name === "cherry-pick" && live) {
    history.main = history.commit(history.main, history.find(live.commit).change);
  } else if (name === "roll back") {
    const release = choose(history.tags, pick);
    if (release) history.deploy("production", release.tag, true);
  } else if (name === "delete tag" && history.tags.length > 0) {
    history.tags.splice(pick % history.tags.length, 1);
  } else if (name === "deploy an old tag") {
    const release = choose(history.tags, pick);
    if (release) history.deploy(pick % 2 ? "staging" : "production", release.tag);
  }
}

const way = fc.array(step, { minLength: 20, maxLength: 60, size: "max" });

/** Plays a way and looks after every step. */
function forEachStep(
  steps: { do: (typeof STEPS)[number]; pick: number }[],
  look: (history: History, before: string | undefined, name: string) => void,
) {
  const history = new History();
  for (const each of steps) {
    const before = history.current("production")?.commit;
    play(history, each.do, each.pick);
    look(history, before, each.do);
  }
  return history;
}

test("production never loses a change, unless by rollback or when it was dropped by name", () => {
  let forward = 0;
  fc.assert(
    fc.property(way, (steps) => {
      forEachStep(steps, (history, before, name) => {
        const now = history.current("production");
        if (!before || !now || before === now.commit || name === "roll back") return;
        const dropped = history.tags.find(({ tag }) => tag === now.tag)?.trailers.drops.length;
        if (dropped) return;
        forward += 1;
        const changes = history.changes(history.find(now.commit));
        expect(history.changes(history.find(before)).filter((change) => !changes.includes(change))).toEqual([]);
      });
    }),
    { numRuns: 300 },
  );
  expect(forward).toBeGreaterThan(100);
});

test("no number ever names two commits, also when tags are deleted", () => {
  fc.assert(
    fc.property(way, (steps) => {
      const history = forEachStep(steps, () => {});
      expect(new Set(history.made.map(({ tag }) => tag)).size).toBe(history.made.length);
    }),
    { numRuns: 300 },
  );
});

test("no tag that is made on main is a hotfix, and vX.Y.0 is made by promotion only", () => {
  let hotfixes = 0;
  fc.assert(
    fc.property(way, (steps) => {
      let seen = 0;
      forEachStep(steps, (history) => {
        for (const { tag, commit } of history.made.slice(seen)) {
          const kind = history.tags.find((each) => each.tag === tag)?.trailers.kind;
          if (kind === "hotfix") {
            hotfixes += 1;
            expect(history.onMain(history.find(commit))).toBe(false);
          }
          expect(isProductionTag(tag)).toBe(kind === "production");
        }
        seen = history.made.length;
      });
    }),
    { numRuns: 300 },
  );
  expect(hotfixes).toBeGreaterThan(20);
});

test("what production takes forward was on staging, or is a hotfix", () => {
  fc.assert(
    fc.property(way, (steps) => {
      forEachStep(steps, (history, before, name) => {
        const now = history.current("production");
        if (!now || before === now.commit || name === "roll back") return;
        const tried = history.had.staging.some(({ commit }) => commit === now.commit);
        expect(tried || !history.onMain(history.find(now.commit))).toBe(true);
      });
    }),
    { numRuns: 300 },
  );
});

test("a plain request never moves staging backward", () => {
  fc.assert(
    fc.property(way, (steps) => {
      const history = forEachStep(steps, () => {});
      for (const [index, { commit }] of history.had.staging.entries()) {
        const before = history.had.staging[index - 1];
        if (before) expect(history.find(before.commit).contains.slice(0, -1)).not.toContain(commit);
      }
    }),
    { numRuns: 300 },
  );
});
