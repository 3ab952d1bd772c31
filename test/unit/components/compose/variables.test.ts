// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like that
import { describe, expect, it } from "vitest";
import {
  brokenVariable,
  escapeDollars,
  resolveVariables,
  variablesIn,
} from "../../../../components/compose/variables.ts";

const known = new Map([
  ["SUFFIX", "-staging"],
  ["EMPTY", ""],
  ["MONEY", "a$b"],
]);

describe("resolveVariables", () => {
  it.each([
    ["a plain one", "x$SUFFIX", "x-staging"],
    ["one in braces", "x${SUFFIX}y", "x-stagingy"],
    ["a default that is not needed", "${SUFFIX:-none}", "-staging"],
    ["a default for an empty value", "${EMPTY:-none}", "none"],
    ["no default for a set value", "${EMPTY-none}", ""],
    ["a replacement", "${SUFFIX:+yes}", "yes"],
    ["no replacement for an empty value", "[${EMPTY:+yes}]", "[]"],
    ["a default within a default", "${EMPTY:-a${SUFFIX}}", "a-staging"],
    ["one within an unknown one's default", "${OTHER:-a${SUFFIX}}", "${OTHER:-a-staging}"],
    ["an unknown one", "${OTHER} $OTHER", "${OTHER} ${OTHER}"],
    ["an escaped dollar", "$$SUFFIX $${SUFFIX}", "$$SUFFIX $${SUFFIX}"],
    ["a value with a dollar", "$MONEY", "a$$b"],
    ["no variable at all", "a {b} c", "a {b} c"],
  ])("%s", (_name, text, expected) => {
    expect(resolveVariables(text, known)).toBe(expected);
  });
});

it("finds variables in defaults too", () => {
  expect(variablesIn("$A ${B:-x${C}} $$D ${E?}").map(({ name }) => name)).toEqual(["A", "B", "C", "E"]);
});

it.each([
  ["$(date)", "$(date)"],
  ["${1}", "${1}"],
  ["${A", "${A"],
  ["cost: 5$", "$"],
  ["${A:-$(x)}", "$(x)"],
  ["$$(date) $A ${B:-c}", undefined],
])("says what is broken in %s", (text, expected) => {
  expect(brokenVariable(text)).toBe(expected);
});

it("escapes so that Compose gives the text back", () => {
  expect(escapeDollars("a$b$$c")).toBe("a$$b$$$$c");
  expect(variablesIn(escapeDollars("a$b$$c ${d}"))).toEqual([]);
});
