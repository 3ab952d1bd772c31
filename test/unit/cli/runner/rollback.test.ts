import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseRollback } from "../../../../cli/runner/rollback.ts";

const update = (tag: string | null, state = "succeeded", commit = `commit of ${tag}`) => ({
  tag,
  commit,
  state,
  started_at: state === "superseded" || state === "queued" ? null : "2026-01-01T00:00:00.000Z",
});
const history = (...tags: (string | null)[]) => tags.map((tag) => update(tag));

test.each([
  ["nothing ran yet", history(), undefined],
  ["nothing ran before", history("v1.0.1"), undefined],
  ["the release before", history("v1.1.0", "v1.0.1"), "v1.0.1"],
  ["the same release was deployed twice", history("v1.1.0", "v1.1.0", "v1.0.1"), "v1.0.1"],
  ["rolled back once already", history("v1.2.0", "v1.3.0", "v1.2.0", "v1.1.0"), "v1.1.0"],
  ["a bad release was left out by a rollback", history("v1.4.0", "v1.2.0", "v1.3.0", "v1.2.0"), "v1.2.0"],
  ["numbers are compared as numbers", history("v1.10.0", "v1.9.0"), "v1.9.0"],
  ["a bare commit ran between", history("v1.2.0", null, "v1.1.0"), "v1.1.0"],
  ["a bare commit runs now", history(null, "v1.1.0"), "v1.1.0"],
])("%s", (_name, past, expected) => {
  expect(chooseRollback(past)).toBe(expected);
});

test("another tag on the same commit is no way back", () => {
  const past = [
    update("v1.1.0", "succeeded", "a"),
    update("v1.0.1", "succeeded", "a"),
    update("v1.0.0", "succeeded", "b"),
  ];
  expect(chooseRollback(past)).toBe("v1.0.0");
});

const good = [update("v1.2.0"), update("v1.1.0")];
test.each([
  ["failed", [update("v1.3.0", "failed"), ...good], "v1.2.0"],
  ["was canceled in the middle", [update("v1.3.0", "canceled"), ...good], "v1.2.0"],
  ["still runs", [update("v1.3.0", "running"), ...good], "v1.2.0"],
  ["failed twice", [update("v1.4.0", "failed"), update("v1.3.0", "failed"), ...good], "v1.2.0"],
  ["never began", [update("v1.3.0", "superseded"), ...good], "v1.1.0"],
  ["failed, and came good with a sync", [update("v1.3.0"), update("v1.3.0", "failed"), ...good], "v1.2.0"],
  ["was the one that had succeeded, deployed once more", [update("v1.2.0", "failed"), ...good], "v1.1.0"],
  ["was the first", [update("v1.0.0", "failed")], undefined],
])("after an update that %s", (_name, past, expected) => {
  expect(chooseRollback(past)).toBe(expected);
});

test("rolling back again and again ends, for every history", () => {
  const release = fc.integer({ min: 0, max: 9 }).map((patch) => update(`v1.0.${patch}`));
  fc.assert(
    fc.property(fc.array(release, { maxLength: 12 }), (past) => {
      const seen = new Set<string>();
      for (let now = past; ; ) {
        const tag = chooseRollback(now);
        if (tag === undefined) return;
        expect(seen).not.toContain(tag);
        seen.add(tag);
        now = [update(tag), ...now];
      }
    }),
  );
});
