import { describe, expect, it } from "vitest";
import { z } from "zod";
import { coerce } from "../../../../emulator/http/rest.ts";

const schema = z.object({
  id: z.string(),
  flag: z.boolean(),
  maybe: z.boolean().optional(),
  nullable: z.boolean().nullish(),
  count: z.number().optional(),
  kind: z.enum(["a", "b"]).optional(),
  page: z.number().default(20),
  inner: z.object({ flag: z.boolean() }).optional(),
});

describe("the coercion of REST input", () => {
  it.each([
    ["a missing required boolean becomes false", { id: "x" }, { id: "x", flag: false }],
    ['"false" becomes true', { id: "x", flag: "false" }, { id: "x", flag: true }],
    ["0 becomes false", { id: "x", flag: 0 }, { id: "x", flag: false }],
    ["a missing optional boolean stays missing", { id: "x", flag: true }, { id: "x", flag: true }],
    [
      "null stays null where it may be",
      { id: "x", flag: true, nullable: null },
      { id: "x", flag: true, nullable: null },
    ],
    ["numbers of a query string", { id: "x", flag: true, count: "5" }, { id: "x", flag: true, count: 5 }],
    ["strings are left alone", { id: 1, flag: true }, { id: 1, flag: true }],
    ["enums are left alone", { id: "x", flag: true, kind: 1 }, { id: "x", flag: true, kind: 1 }],
    ["inner objects too", { id: "x", flag: true, inner: {} }, { id: "x", flag: true, inner: { flag: false } }],
  ])("%s", (_name, input, expected) => {
    expect(coerce(schema, input)).toEqual(expected);
  });

  it("makes NaN of what is no number, which the schema then refuses", () => {
    const issues = schema.safeParse(coerce(schema, { id: "x", flag: true, count: "x" })).error?.issues;
    expect(issues?.map(({ message }) => message)).toEqual(["Invalid input: expected number, received NaN"]);
  });
});
