// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like that
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  brokenVariables,
  escapeDollars,
  interpolate,
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
    ["a $ that is itself, escaped so that nobody looks for a name behind it", "$(date) $1 5$", "$$(date) $$1 5$$"],
  ])("%s", (_name, text, expected) => {
    expect(resolveVariables(text, known)).toBe(expected);
  });
});

it("finds variables in defaults too", () => {
  expect(variablesIn("$A ${B:-x${C}} $$D ${E?}").map(({ name }) => name)).toEqual(["A", "B", "C", "E"]);
});

it.each([
  ["${1}", ["${1}"]],
  ["${A", ["${A"]],
  ["${A:-${}}", ["${}"]],
  ["${A:=x} and ${-} and ${B}", ["${A:=x}", "${-}"]],
  ["${A:-${B:-${1}}} ${", ["${1}", "${"]],
  ["${A:-two\nlines}", ["${A:-two\nlin"]],
  ["$(date) $1 $? cost: 5$ $. $$(date) $A ${B:-c} ${C:-$(x)}", []],
])("says all that is broken in %j, and nothing else", (text, expected) => {
  expect(brokenVariables(text)).toEqual(expected);
});

describe("interpolate", () => {
  it.each([
    ["a $ that is itself", "$(date) $1 $? 5$", "$(date) $1 $? 5$"],
    ["an escaped one", "$$SUFFIX $$$$", "$SUFFIX $$"],
    ["a default with braces", '${OTHER:-{"a":1}}', '{"a":1}'],
    ["a default that needs no other brace", "${OTHER:-a}b}c}", "ab}c}"],
    ["one that is not set", "[${OTHER}]", "[]"],
    ["one that is required and there", "${SUFFIX:?no suffix}", "-staging"],
    ["a replacement where there is none", "[${OTHER:+x}${OTHER+x}]", "[]"],
    ["a replacement for an empty one", "${EMPTY+x}", "x"],
    ["a value with a dollar", "$MONEY", "a$b"],
    ["what is broken", "${1} $SUFFIX", "${1} -staging"],
  ])("%s", (_name, text, expected) => {
    expect(interpolate(text, (name) => known.get(name))).toBe(expected);
  });

  it("reads the same before and after the variables that are known were resolved", () => {
    const parts = [
      "$",
      "$$",
      "{",
      "}",
      "(",
      "A",
      "SUFFIX",
      "${SUFFIX}",
      "${A:-",
      "${MONEY:+",
      "?",
      "-",
      "1",
      " ",
      "\n",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts)), (pieces) => {
        const text = pieces.join("");
        fc.pre(brokenVariables(text).length === 0);
        const resolved = resolveVariables(text, known);
        expect(interpolate(resolved, () => undefined)).toBe(interpolate(text, (name) => known.get(name)));
      }),
    );
  });
});

it("escapes so that Compose gives the text back", () => {
  expect(escapeDollars("a$b$$c")).toBe("a$$b$$$$c");
  expect(variablesIn(escapeDollars("a$b$$c ${d}"))).toEqual([]);
});
