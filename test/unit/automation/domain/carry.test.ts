import { expect, test } from "vitest";
import { carryOutcomes } from "../../../../automation/domain/carry.ts";
import type { ServiceOutcome, ServiceResult } from "../../../../automation/domain/run.ts";

const at = (service: string, result: ServiceResult, reason = ""): ServiceOutcome => ({ service, result, reason });

test.each<[string, ServiceOutcome[], ServiceOutcome[], ServiceOutcome[]]>([
  ["one try", [], [at("a", "changed", "x")], [at("a", "changed", "x")]],
  [
    "done before an outage, equal after it",
    [at("a", "changed", "changed: composeFile"), at("b", "failed")],
    [at("a", "unchanged", "equal"), at("b", "changed", "y")],
    [at("a", "changed", "changed: composeFile"), at("b", "changed", "y")],
  ],
  ["changed twice: the last counts", [at("a", "created", "new")], [at("a", "changed", "y")], [at("a", "changed", "y")]],
  [
    "gone by the first try",
    [at("a", "deleted", "x")],
    [at("b", "unchanged")],
    [at("b", "unchanged"), at("a", "deleted", "x")],
  ],
  ["done before a try that came to nothing", [at("a", "created", "new")], [], [at("a", "created", "new")]],
  [
    "left out by the last try",
    [at("a", "created", "new")],
    [at("a", "skipped", "needs b")],
    [at("a", "created", "new")],
  ],
  ["failed, and well after it", [at("a", "failed")], [at("a", "unchanged", "equal")], [at("a", "unchanged", "equal")]],
])("%s", (_name, earlier, last, expected) => {
  expect(carryOutcomes(earlier, last)).toEqual(expected);
});
