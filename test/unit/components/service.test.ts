import { expect, test } from "vitest";
import * as oldRules from "../../../components/secret-rules.ts";
import * as oldService from "../../../components/service.ts";

// A service as somebody wrote it for a release before 0.2: its imports are those of the guide of then.
test("a service of before 0.2 finds what it imports", () => {
  const { defineService, memory } = oldService;
  const check: oldService.HttpCheck = { url: "https://shop.example.org/health" };
  const service = defineService({
    name: "shop",
    settings: { memory: memory("256m") },
    describe: () => ({ takes: { shop_session_key: oldRules.oneLine }, checks: [check] }),
  });
  const { described, issues } = service.describe(
    {},
    {
      stack: "staging",
      suffix: "-staging",
      domain: "example.org",
      hostOf: (label) => label,
      asked: { databases: [], buckets: [] },
    },
  );
  expect(issues).toEqual([]);
  expect(described?.description.takes?.shop_session_key?.("two\nlines")).toBeDefined();
});
