import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Analysis,
  addMeasurement,
  type Limits,
  type MeasuredPhase,
  NOT_MEASURED,
  pauseAfter,
} from "../../../../../../components/dokploy/rules/checks/analysis.ts";

const LETTERS: Record<string, MeasuredPhase> = { s: "Successful", f: "Failed", i: "Inconclusive", e: "Error" };
const ARGO: Limits = { failureLimit: 0, inconclusiveLimit: 0, consecutiveErrorLimit: 4 };

/** After measurements like `sfie`, a letter each. */
function measuring(measured: string, limits: Partial<Limits> = {}): Analysis {
  const all = { ...ARGO, ...limits };
  return [...measured].reduce(
    (analysis, letter) => addMeasurement(analysis, { phase: LETTERS[letter]!, message: letter }, all),
    NOT_MEASURED,
  );
}

describe("with the defaults of Argo Rollouts", () => {
  it.each([
    ["", "Running"],
    ["s", "Successful"],
    ["f", "Failed"],
    ["i", "Inconclusive"],
    ["e", "Running"],
    ["eeee", "Running"],
    ["eeeee", "Error"],
    ["eeees", "Successful"],
    ["eeeef", "Failed"],
    ["eeeei", "Inconclusive"],
  ])("%j is %s", (measured, phase) => {
    expect(measuring(measured).phase).toBe(phase);
  });
});

it.each<[string, string, Partial<Limits>, Analysis["phase"]]>([
  ["success needs all of the count", "ss", { count: 3, interval: 1 }, "Running"],
  ["all of the count is a success", "sss", { count: 3, interval: 1 }, "Successful"],
  ["errors are none of the count", "seses", { count: 3, interval: 1 }, "Successful"],
  ["a failure ends it at once", "sf", { count: 3, interval: 1 }, "Failed"],
  ["failures within their limit are forgiven", "fsf", { count: 3, interval: 1, failureLimit: 2 }, "Successful"],
  ["one more is not", "fsff", { count: 9, interval: 1, failureLimit: 2 }, "Failed"],
  ["failures need not be consecutive", "fsfsf", { count: 9, interval: 1, failureLimit: 2 }, "Failed"],
  [
    "inconclusive ones within their limit are forgiven",
    "iss",
    { count: 3, interval: 1, inconclusiveLimit: 1 },
    "Successful",
  ],
  ["one more ends it", "isi", { count: 3, interval: 1, inconclusiveLimit: 1 }, "Inconclusive"],
  ["inconclusive is no failure", "i", { failureLimit: 5 }, "Inconclusive"],
  ["failures are not inconclusive", "f", { inconclusiveLimit: 5 }, "Failed"],
  ["each has its own limit", "fi", { count: 2, interval: 1, failureLimit: 1, inconclusiveLimit: 1 }, "Successful"],
  ["a count of failures within the limit is a success", "ff", { count: 2, interval: 1, failureLimit: 2 }, "Successful"],
  ["a limit of errors of 0", "e", { consecutiveErrorLimit: 0 }, "Error"],
  ["errors count in a row only", "eese", { count: 9, interval: 1, consecutiveErrorLimit: 2 }, "Running"],
  [
    "any measurement ends the row",
    "eefee",
    { count: 9, interval: 1, consecutiveErrorLimit: 2, failureLimit: 9 },
    "Running",
  ],
  ["an interval without a count has no end", "s".repeat(500), { interval: 1 }, "Running"],
  ["and fails all the same", `${"s".repeat(500)}f`, { interval: 1 }, "Failed"],
  ["a count of 0 is none", "s", { count: 0 }, "Successful"],
])("%s: %s", (_name, measured, limits, phase) => {
  expect(measuring(measured, limits).phase).toBe(phase);
});

it("says why, and how often where that decided", () => {
  expect(measuring("f").message).toBe("f");
  expect(measuring("fff", { count: 9, interval: 1, failureLimit: 2 }).message).toBe("f (failed 3 times, 2 allowed)");
  expect(measuring("eeeee").message).toBe("e (not measured 5 times, 4 allowed)");
});

it("waits for its interval, and ten seconds after an error", () => {
  const limits = { ...ARGO, interval: 60, count: 5 };
  expect(pauseAfter(measuring("s", limits), limits)).toBe(60);
  expect(pauseAfter(measuring("e", limits), limits)).toBe(10);
  expect(pauseAfter(measuring("es", limits), limits)).toBe(60);
});

describe("as a law", () => {
  const measured = fc.string({ unit: fc.constantFrom(..."sfie"), maxLength: 30 });
  const limits = fc.record({
    failureLimit: fc.nat(4),
    inconclusiveLimit: fc.nat(4),
    consecutiveErrorLimit: fc.nat(4),
    count: fc.nat(8),
    interval: fc.constant(1),
  });

  /** Argo's rules once more, over the whole list instead of step by step. */
  function verdict(all: string, { failureLimit, inconclusiveLimit, consecutiveErrorLimit, count = 0 }: Limits) {
    for (let end = 1; end <= all.length; end++) {
      const seen = all.slice(0, end);
      const of = (letter: string) => seen.split(letter).length - 1;
      const errors = seen.length - seen.replace(/e+$/, "").length;
      if (of("f") > failureLimit) return "Failed";
      if (of("i") > inconclusiveLimit) return "Inconclusive";
      if (errors > consecutiveErrorLimit) return "Error";
      if (count > 0 && seen.length - of("e") >= count) return "Successful";
    }
    return "Running";
  }

  it("is what the whole list says", () => {
    fc.assert(fc.property(measured, limits, (all, given) => measuring(all, given).phase === verdict(all, given)));
  });

  it("never changes once it has ended", () => {
    fc.assert(
      fc.property(measured, measured, limits, (all, more, given) => {
        const ended = measuring(all, given);
        fc.pre(ended.phase !== "Running");
        expect(measuring(all + more, given)).toEqual(ended);
      }),
    );
  });

  it("errors alone are never a failure and never a success", () => {
    fc.assert(
      fc.property(fc.nat(20), limits, (count, given) =>
        ["Running", "Error"].includes(measuring("e".repeat(count), given).phase),
      ),
    );
  });

  it("goes on from what was kept as JSON", () => {
    fc.assert(
      fc.property(measured, measured, limits, (all, more, given) => {
        const kept = JSON.parse(JSON.stringify(measuring(all, given))) as Analysis;
        const resumed = [...more].reduce(
          (analysis, letter) => addMeasurement(analysis, { phase: LETTERS[letter]!, message: letter }, given),
          kept,
        );
        expect(resumed).toEqual(measuring(all + more, given));
      }),
    );
  });
});
