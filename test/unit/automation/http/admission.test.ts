import { expect, test } from "vitest";
import { RequestError } from "../../../../automation/errors.ts";
import { type Admission, type Claimed, createAdmissions } from "../../../../automation/http/admission.ts";

const T0 = 1_000_000;
const RATE = { burst: 200, perSecond: 100 };
const STRANGER: Claimed = { signs: false, bytes: 0 };
const OURS: Claimed = { signs: true, bytes: 200 };

/** What becomes of a request that is signed rightly, or wrongly, or not at all. */
function outcome(admit: () => Admission, sign?: "rightly" | "wrongly"): "let in" | "limited" {
  try {
    const admission = admit();
    if (sign === "rightly") admission.prove();
    if (sign === "wrongly") admission.fail(200);
    return admission.owed && !admission.proven() ? "limited" : "let in";
  } catch (error) {
    expect((error as RequestError).code).toBe("rate_limited");
    return "limited";
  }
}

test("a stranger behind the same proxy, signing or not, leaves ours all that they may send", () => {
  const admissions = createAdmissions(RATE);
  let ours = 0;
  for (let ms = 0; ms < 10_000; ms += 1) {
    const at = T0 + ms;
    for (let n = 0; n < 5; n++) {
      outcome(() => admissions.admit("proxy", STRANGER, at));
      outcome(() => admissions.admit("proxy", OURS, at), "wrongly");
    }
    // 60 a second: 600 in all.
    if (ms % 50 < 3 && outcome(() => admissions.admit("proxy", OURS, at), "rightly") === "let in") ours += 1;
  }
  expect(ours).toBe(600);
});

test("what is signed rightly has a limit of its own", () => {
  const admissions = createAdmissions(RATE);
  const ended = Array.from({ length: 1_000 }, () => outcome(() => admissions.admit("a", OURS, T0), "rightly"));
  expect(ended.filter((each) => each === "let in")).toHaveLength(2 * RATE.burst);
});

test("wrong signatures cost more than other requests, and by their size", () => {
  const count = (fail: (admission: Admission) => void) => {
    const admissions = createAdmissions(RATE);
    for (let n = 0; ; n++) {
      const admission = admissions.admit("a", OURS, T0);
      if (admission.owed) return n;
      fail(admission);
    }
  };
  const plain = count(() => {});
  const wrong = count((admission) => admission.fail(200));
  expect([plain, wrong]).toEqual([200, 34]);
  expect(count((admission) => admission.fail(25 * 1024 * 1024))).toBe(1);
});

test("a source that owes may come back once it is paid, which is never longer than a burst takes twice", () => {
  const admissions = createAdmissions({ burst: 10, perSecond: 5 });
  for (let n = 0; n < 100; n++) outcome(() => admissions.admit("a", OURS, T0), "wrongly");
  expect(outcome(() => admissions.admit("a", STRANGER, T0 + 2_000))).toBe("limited");
  expect(outcome(() => admissions.admit("a", STRANGER, T0 + 4_500))).toBe("let in");
});

test.each<[string, Claimed]>([
  ["unsigned", STRANGER],
  ["large", { signs: true, bytes: 1024 * 1024 }],
  ["without a length", { signs: true, bytes: undefined }],
])("what is %s is not looked at once nothing is left", (_name, request) => {
  const admissions = createAdmissions({ burst: 1, perSecond: 1 });
  admissions.admit("a", request, T0);
  expect(() => admissions.admit("a", request, T0)).toThrow(RequestError);
});
