import { expect, test } from "vitest";
import { readPromotionPolicy } from "../../../../components/look/promotion-policy.ts";

test.each<[unknown, number]>([
  ["30m", 1_800_000],
  ["1h30m", 5_400_000],
  ["0", 0],
  [0, 0],
])("promotion:watch: %j", (watch, watchMs) => {
  expect(readPromotionPolicy({ "promotion:watch": watch }, "staging").policy).toMatchObject({ watchMs });
});

test.each([30, "30", "30 m", "-30m", -5, "8d", "", "30M", [], ["30m"], {}, null, true])(
  "promotion:watch: %j is refused, with how to write it",
  (watch) => {
    const { policy, issues } = readPromotionPolicy({ "promotion:watch": watch }, "staging");
    expect(policy).toBeUndefined();
    expect(issues).toEqual([{ key: "promotion:watch", message: expect.stringContaining("write it like `30m`") }]);
  },
);
