import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { fillIn, fingerprintMark, signInMark } from "../../../../../components/vault/agent/text-template.ts";

test("every mark gets its own value, and nothing else changes", () => {
  const template = stringify({
    labels: [`a=${fingerprintMark(["x"])}`, `b=${fingerprintMark(["x", "y-z"])}`, `c=${signInMark}`],
    content: "{{ .Data.data.x }} @ $$name (a,b)",
  });
  const text = fillIn(template, (names) => `print-of-${names.join("+")}`, "accessor");
  expect(parse(text)).toEqual({
    labels: ["a=print-of-x", "b=print-of-x+y-z", "c=accessor"],
    content: "{{ .Data.data.x }} @ $$name (a,b)",
  });
});

test("a value is put in as it is, whatever it looks like", () => {
  expect(fillIn(fingerprintMark(["x"]), () => "$& $1", "s")).toBe("$& $1");
  expect(fillIn(signInMark, () => "", "a$b")).toBe("a$b");
});
