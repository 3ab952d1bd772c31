import { expect, test } from "vitest";
import { GUARDED_PATHS, unownedPaths } from "../../../../../components/bootstrap/github/code-owners.ts";

const all = [...GUARDED_PATHS];

test.each<[string, string, string[]]>([
  ["no file", "", all],
  ["comments alone", "# /.github/ @ada\n", all],
  ["everything", "* @you/platform\n", []],
  ["each of them", "/.github/ @ada\n/stacks/ @ada @bob # who knows them\ncomponents/ @you/platform\n", []],
  ["one of them", "/.github/ @ada\n", ["/stacks/", "/components/"]],
  ["everything below them", "/.github/** @ada\n/stacks/* @ada\n/components @ada\n", []],
  ["everything, and one taken away again", "* @ada\n/stacks/\n", ["/stacks/"]],
  ["other paths", "/docs/ @ada\n*.md @ada\n/components/redis/ @bob\n", all],
])("a CODEOWNERS file with %s", (_name, text, unowned) => {
  expect(unownedPaths(text)).toEqual(unowned);
});
