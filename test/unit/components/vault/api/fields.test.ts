import fc from "fast-check";
import { expect, test } from "vitest";
import { type FieldInput, generateValue, readFields } from "../../../../../components/vault/api/fields.ts";

test("fills in defaults", () => {
  expect(readFields({ a: {}, b: { kind: "given" } })).toEqual({
    a: { kind: "text", length: 40, rotation: 1 },
    b: { kind: "given", length: 40, rotation: 1 },
  });
});

test.each<[string, Record<string, FieldInput>]>([
  ["a name that no template can address", { "redis-password": {} }],
  ["an unknown kind", { a: { kind: "words" as "text" } }],
  ["a short value", { a: { length: 15 } }],
  ["a length that is no whole number", { a: { length: 20.5 } }],
  ["rotation 0", { a: { rotation: 0 } }],
])("refuses %s", (_name, fields) => {
  expect(() => readFields(fields)).toThrow(expect.objectContaining({ code: "config_invalid" }));
});

test.each([
  ["text", /^[A-Za-z0-9]+$/],
  ["hex", /^[0-9a-f]+$/],
  ["base64", /^[A-Za-z0-9_-]+$/],
] as const)("makes %s of exactly the length asked for, never twice the same", (kind, alphabet) => {
  fc.assert(
    fc.property(fc.integer({ min: 16, max: 300 }), (length) => {
      const [one, two] = [0, 1].map(() => generateValue({ kind, length, rotation: 1 }));
      expect(one).toMatch(alphabet);
      expect(one).toHaveLength(length);
      expect(one).not.toBe(two);
    }),
  );
});
