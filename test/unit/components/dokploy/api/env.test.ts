import { parse } from "dotenv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  assignmentsIn,
  decodeEnv,
  encodeEnv,
  encodeEnvValue,
  refusedEnv,
} from "../../../../../components/dokploy/api/env.ts";

/** Values that are likely to meet a special case of dotenv. */
const nasty = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc
    .array(fc.constantFrom(..."ab01 \n\t'\"`\\$#={}-é\u2028".split(""), "\\n", "\\r", "export ", "${{", "\r", "\0"), {
      maxLength: 12,
    })
    .map((parts) => parts.join("")),
);

const encodable = nasty.filter((value) => refusedEnv({ KEY: value }, true).length === 0);
const name = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,10}$/)
  .filter((key) => refusedEnv({ [key]: "" }, true).length === 0);

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

describe("the env text", () => {
  it("is read back by dotenv 16.4.5 byte for byte", () => {
    fc.assert(
      fc.property(fc.dictionary(name, encodable), (env) => {
        expect({ ...parse(encodeEnv(env)) }).toEqual({ ...env });
      }),
      { numRuns: 2_000 },
    );
  });

  it("is read by us as dotenv 16.4.5 reads it, whoever wrote it", () => {
    const line = fc.tuple(
      fc.constantFrom("", "export ", "  ", "# "),
      name,
      fc.constantFrom("=", ": ", " = ", ""),
      nasty,
      fc.constantFrom("\n", "\r\n", ""),
    );
    fc.assert(
      fc.property(
        fc.array(
          line.map((parts) => parts.join("")),
          { maxLength: 6 },
        ),
        (lines) => {
          expect(decodeEnv(lines.join(""))).toEqual({ ...parse(lines.join("")) });
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("is read by us as dotenv 16.4.5 reads it, also what is no line of an env text", () => {
    const words = [
      "A",
      "B",
      "export ",
      "=",
      ": ",
      " ",
      "'",
      '"',
      "`",
      "\\",
      "\\n",
      "\\r",
      "#",
      "$",
      "\n",
      "\r\n",
      "\r",
    ];
    const parts = fc.array(fc.constantFrom(...words, "x", "__proto__"), { maxLength: 20 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          parts.map((all) => all.join("")),
        ),
        (text) => {
          expect(decodeEnv(text)).toEqual(Object.fromEntries(Object.entries(parse(text))));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it("is the same for the same values in another order", () => {
    expect(encodeEnv({ B: "2", A: "1" })).toBe(encodeEnv({ A: "1", B: "2" }));
  });

  it.each([
    ["plain text", "a$b", "a$b"],
    ["nothing", "", "''"],
    ["a comment sign", "abc#def", "'abc#def'"],
    ["an apostrophe and a comment sign", "it's #1", "`it's #1`"],
    ["outer blanks", " x ", "' x '"],
    ["several lines", "a\nb", "'a\nb'"],
    ["a final backslash", "C:\\", "C:\\"],
  ])("writes %s", (_, value, expected) => {
    expect(encodeEnvValue(value)).toBe(expected);
  });

  it.each([
    ["an interpolation of Dokploy's own", ["$", "{{project.X}}"].join(""), /interpolate/],
    ["a carriage return", "a\rb", /carriage return/],
    ["NUL", "a\0b", /NUL/],
    ["half of a surrogate pair", "a\ud800", /Unicode/],
    ["all quotes at once", "#'\"`", /no dotenv quoting/],
    ["a final backslash where quotes are needed", "#\\", /no dotenv quoting/],
  ])("refuses %s and does not repeat it", (_, value, reason) => {
    const [refused] = refusedEnv({ KEY: value }, true);
    expect(refused).toEqual({ key: "KEY", reason: expect.stringMatching(reason) });
  });

  it.each(["1A", "A B", "", "A=", "APP_NAME", "COMPOSE_PROJECT_NAME", "DOCKER_CONFIG"])(
    "refuses the name %j",
    (key) => {
      expect(refusedEnv({ [key]: "x" }, true)).toHaveLength(1);
    },
  );

  it.each(["a$b", "a#b", "it's", "a\\b", " a", "a\nb"])("refuses %j on servers that do not escape values", (value) => {
    expect(refusedEnv({ KEY: value }, false)).toEqual([{ key: "KEY", reason: expect.stringContaining("v0.30.0") }]);
    expect(refusedEnv({ KEY: value }, true)).toEqual([]);
  });

  it("keeps what somebody else wrote as it is written, also what we could not write", () => {
    const quotes = ["'", '"', "`", ""];
    const line = fc.tuple(
      fc.constantFrom("", "export ", "  "),
      name,
      fc.constantFrom("=", ": ", " = "),
      fc.constantFrom(...quotes),
      nasty,
      fc.constantFrom(...quotes),
      fc.constantFrom("\n", "\r\n", " # why\n"),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.dictionary(name, encodable), (lines, ours) => {
        const text = lines.flat().join("");
        const theirs = decodeEnv(text);
        const kept = new Map([...assignmentsIn(text)].filter(([key]) => Object.hasOwn(theirs, key)));
        const all = { ...ours, ...theirs };
        const encoded = attempt(() => encodeEnv(all, kept));
        if (encoded instanceof Error)
          expect(encoded.message).toMatch(/ is written with quotes that do not end on its line$/);
        else expect(decodeEnv(encoded)).toEqual(all);
      }),
      { numRuns: 1_000 },
    );
    const torn = "A='a`\"\n";
    const key = new Map([...assignmentsIn(torn)]);
    expect(decodeEnv(encodeEnv(decodeEnv(torn), key))).toEqual(decodeEnv(torn));
    expect(() => encodeEnv({ ...decodeEnv(torn), B: "x'" }, key)).toThrow("A is written with quotes that do not end");
    const reference = `A=$${"{{project.SHARED}}"}\n`;
    expect(encodeEnv({ ...decodeEnv(reference), B: "1" }, assignmentsIn(reference))).toBe(`${reference}B=1\n`);
  });

  it("takes null and nothing for no variables", () => {
    expect([decodeEnv(null), decodeEnv(undefined), decodeEnv("")]).toEqual([{}, {}, {}]);
  });
});
