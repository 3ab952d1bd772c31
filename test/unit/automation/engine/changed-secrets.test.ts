import { expect, test } from "vitest";
import { changedSecrets } from "../../../../automation/engine/changed-secrets.ts";

/** Container → its secrets and the fingerprint of their values. */
const text = (containers: Record<string, [secrets: string[], print: string]>) =>
  [
    "services:",
    ...Object.entries(containers).flatMap(([name, [secrets, print]]) => [
      `  ${name}:`,
      `    labels: [dockmaster.secrets=${print}]`,
      `    secrets: [${secrets.join(", ")}]`,
    ]),
    "",
  ].join("\n");

test.each<[string, string, string, { certain: string[]; oneOf: string[][] }]>([
  ["nothing", text({ a: [["x"], "1"] }), text({ a: [["x"], "1"] }), { certain: [], oneOf: [] }],
  ["the only one", text({ a: [["x"], "1"] }), text({ a: [["x"], "2"] }), { certain: ["x"], oneOf: [] }],
  [
    "the one that no unchanged container has",
    text({ a: [["x", "y"], "1"], b: [["y"], "1"] }),
    text({ a: [["x", "y"], "2"], b: [["y"], "1"] }),
    { certain: ["x"], oneOf: [] },
  ],
  ["one of two", text({ a: [["x", "y"], "1"] }), text({ a: [["y", "x"], "2"] }), { certain: [], oneOf: [["x", "y"]] }],
  [
    "no other than the certain one, where that explains both",
    text({ a: [["x", "y"], "1"], b: [["y"], "1"] }),
    text({ a: [["x", "y"], "2"], b: [["y"], "2"] }),
    { certain: ["y"], oneOf: [] },
  ],
  [
    "a secret more is the file's change",
    text({ a: [["x"], "1"] }),
    text({ a: [["x", "y"], "2"] }),
    { certain: [], oneOf: [] },
  ],
  ["a text by hand", "- [", text({ a: [["x"], "1"] }), { certain: [], oneOf: [] }],
])("%s", (_, before, after, expected) => {
  expect(changedSecrets(before, after)).toEqual(expected);
});

test("a text that only the update knows tells nothing", () => {
  expect(changedSecrets(undefined, text({}))).toEqual({ certain: [], oneOf: [] });
});
