import { expect, test } from "vitest";
import { heldError, wordHolder } from "../../../../../cli/stack/lock/holder.ts";
import { type Look, lookUndisturbed } from "../../../../../cli/stack/lock/undisturbed.ts";

const SINCE = Date.parse("2026-11-20T13:00:00Z");
const holder = { who: "root on runner (process 12)", since: SINCE };

/** `findings`, `marks` and `holders` are told one after the other; the last one again and again. */
function stack(harness: { findings?: (string | undefined)[]; marks?: (string | undefined)[]; holders?: boolean[] }) {
  const next = <T>(list: T[]) => (list.length > 1 ? (list.shift() as T) : (list[0] as T));
  const { findings = [undefined], marks = ["1"], holders = [false] } = harness;
  const seen = { looks: 0 };
  const on: Look<string | undefined> = {
    stack: "staging",
    holder: async () => (next(holders) ? holder : undefined),
    mark: () => next(marks),
    look: async () => {
      seen.looks += 1;
      return next(findings);
    },
    finding: (found) => found,
    held: heldError,
  };
  return { on, seen };
}

test("who holds the stack is said before anything is looked at", async () => {
  const { on, seen } = stack({ holders: [true], findings: ["drift"] });
  await expect(lookUndisturbed(on)).rejects.toMatchObject({
    code: "stack_locked",
    message: expect.stringContaining("held by root on runner (process 12), since 2026-11-20T13:00:00.000Z"),
    hint: expect.stringContaining("wait until it has ended"),
  });
  expect(seen.looks).toBe(0);
});

test("an update that began during the look is no finding", async () => {
  const { on, seen } = stack({ holders: [false, true], findings: ["drift"] });
  await expect(lookUndisturbed(on)).rejects.toMatchObject({ code: "stack_locked" });
  expect(seen.looks).toBe(1);
});

test("one that began and ended during the look makes it look again", async () => {
  const { on, seen } = stack({ marks: ["1", "2"], findings: ["drift", undefined] });
  expect(await lookUndisturbed(on)).toBeUndefined();
  expect(seen.looks).toBe(2);
});

test("where the state cannot be seen, two looks have to find the same", async () => {
  const { on, seen } = stack({ marks: [undefined], findings: ["half", "drift", "drift"] });
  expect(await lookUndisturbed(on)).toBe("drift");
  expect(seen.looks).toBe(3);
});

test("what is equal is believed at once, and a stack that never rests is said to be busy", async () => {
  const equal = stack({ marks: ["1", "2"] });
  expect(await lookUndisturbed(equal.on)).toBeUndefined();
  expect(equal.seen.looks).toBe(1);
  let mark = 0;
  const restless = { ...stack({ findings: ["drift"] }).on, mark: () => String(mark++) };
  await expect(lookUndisturbed(restless)).rejects.toMatchObject({ code: "stack_busy" });
});

test("a lock that does not say since when is told without it", () => {
  expect(wordHolder("staging", { who: "ann on laptop (process 7)", since: Number.NaN })).toBe(
    "staging is being updated: held by ann on laptop (process 7)",
  );
});
