import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pickJson, type Selection } from "../../../../automation/api/pick-json.ts";

const SELECTION = { ref: true, commits: [{ added: true, removed: true }], pusher: { name: true } } as const;

/** What a whole parser would have kept. */
function select(value: unknown, selection: Selection): unknown {
  if (typeof value !== "object" || value === null || selection === true) return value;
  if (Array.isArray(value)) {
    return Array.isArray(selection) ? value.map((each) => select(each, selection[0] as Selection)) : [];
  }
  if (Array.isArray(selection)) return {};
  const members = selection as Record<string, Selection>;
  const kept = Object.entries(value).filter(([name]) => Object.hasOwn(members, name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, select(inner, members[name]!)]));
}

/** Picks from a text that comes in parts of these sizes, over and over. */
function pick(text: string, sizes: number[] = [1024], budget?: number): string {
  const picker = pickJson(SELECTION, budget);
  const bytes = new TextEncoder().encode(text);
  for (let [at, part] = [0, 0]; at < bytes.length; part += 1) {
    const size = sizes[part % sizes.length]!;
    picker.write(bytes.subarray(at, at + size));
    at += size;
  }
  return picker.end();
}

const accepts = (read: () => unknown) => {
  try {
    read();
    return true;
  } catch {
    return false;
  }
};

const name = fc.oneof(fc.constantFrom("ref", "commits", "added", "removed", "pusher", "name"), fc.string());
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(fc.string({ unit: "binary" }), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));
const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
const space = fc.constantFrom(undefined, 1, "\t");

describe("picking from JSON", () => {
  test("keeps what is selected, wherever the text is cut", () => {
    fc.assert(
      fc.property(json, sizes, space, (value, cuts, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(JSON.parse(pick(text, cuts))).toEqual(select(JSON.parse(text), SELECTION));
      }),
      { numRuns: 2_000 },
    );
  });

  test("takes the texts that a parser takes, and no others", () => {
    const marks = fc.constantFrom(
      "",
      '"',
      "\\",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      " ",
      "\n",
      "1",
      "-",
      ".",
      "e",
      "u",
      "null",
    );
    fc.assert(
      fc.property(json, fc.nat(), fc.nat(3), marks, sizes, (value, where, removed, added, cuts) => {
        const text = JSON.stringify(value);
        const at = where % (text.length + 1);
        const changed = (text.slice(0, at) + added + text.slice(at + removed)).toWellFormed();
        expect([changed, accepts(() => pick(changed, cuts))]).toEqual([changed, accepts(() => JSON.parse(changed))]);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    "",
    " ",
    "nul",
    "01",
    '"\u0001"',
    '{"a":1,}',
    "[1 2]",
    '{"a"}',
    "]",
    '"\\x"',
    '"\\u12"',
    "1 1",
    "{'a':1}",
  ])("refuses %j", (text) => {
    expect(() => pick(text)).toThrow(SyntaxError);
  });

  test("refuses bytes that are no UTF-8", () => {
    const picker = pickJson(true);
    expect(() => picker.write(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(TypeError);
    const cut = pickJson(true);
    cut.write(Uint8Array.of(0x22, 0xc3));
    expect(() => cut.end()).toThrow(TypeError);
  });

  test("keeps no more than its budget, and what it keeps is whole", () => {
    const commits = Array.from({ length: 1_000 }, (_, at) => ({ added: [`file ${at}`], message: "x".repeat(100) }));
    const text = JSON.stringify({ commits, ref: "refs/heads/main" });
    const kept = pick(text, [777], 2_000);
    expect(kept.length).toBeLessThan(2_400);
    const { commits: first, ref } = JSON.parse(kept) as { commits: object[]; ref: string };
    expect(ref).toBe("refs/heads/main");
    expect(first.slice(0, 2)).toEqual([{ added: ["file 0"] }, { added: ["file 1"] }]);
    expect(pick(JSON.stringify({ ref: "x".repeat(5_000) }), [777], 2_000)).toBe("{}");
  });

  test("refuses what lies too deep, without going down there", () => {
    expect(() => pick("[".repeat(1_000_000))).toThrow("too deep");
  });
});
