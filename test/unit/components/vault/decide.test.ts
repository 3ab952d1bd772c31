import { describe, expect, test } from "vitest";
import type { SecretVersion } from "../../../../components/vault/api/client.ts";
import { type FieldInput, readFields } from "../../../../components/vault/api/fields.ts";
import { decideNewFields, type Known, requireStillThere, rotationsOf } from "../../../../components/vault/decide.ts";

const PATH = "secret/data/platform/staging/redis";
const at = (version: number, values?: Record<string, unknown>): SecretVersion => ({ version, values });

describe("which fields get a value", () => {
  test.each<[string, Record<string, FieldInput>, Known | undefined, SecretVersion | undefined, string[]]>([
    ["all, when nothing is there", { a: {}, b: {} }, undefined, undefined, ["a", "b"]],
    ["those that are missing", { a: {}, b: {} }, undefined, at(3, { a: "kept", other: "x" }), ["b"]],
    ["none, when all are there", { a: {} }, { version: 1, rotations: { a: 1 } }, at(1, { a: "kept" }), []],
    ["none, when the state was lost", { a: { rotation: 4 } }, undefined, at(5, { a: "kept" }), []],
    ["a new one", { a: {}, b: { rotation: 2 } }, { version: 1, rotations: { a: 1 } }, at(1, { a: "kept" }), ["b"]],
    [
      "the rotated one",
      { a: { rotation: 2 }, b: {} },
      { version: 1, rotations: { a: 1, b: 1 } },
      at(1, { a: "x", b: "y" }),
      ["a"],
    ],
    ["none, when going back", { a: { rotation: 1 } }, { version: 2, rotations: { a: 2 } }, at(2, { a: "x" }), []],
    ["no given one", { a: { kind: "given", rotation: 9 } }, { version: 1, rotations: { a: 1 } }, at(1, { a: "x" }), []],
  ])("%s", (_name, wanted, known, live, expected) => {
    expect(decideNewFields(PATH, readFields(wanted), known, live)).toEqual(expected);
  });
});

describe("refuses to guess", () => {
  const known: Known = { version: 3, rotations: { a: 1, b: 1 } };
  test.each<[string, Record<string, FieldInput>, Known | undefined, SecretVersion | undefined, string]>([
    ["when the path is gone", { a: {} }, known, undefined, `${PATH} had version 3 and is gone`],
    ["when the newest version was deleted", { a: {} }, undefined, at(4), `version 4 of ${PATH} was deleted`],
    [
      "when somebody replaced all fields",
      { a: {} },
      known,
      at(4, { c: "x" }),
      `${PATH} lost a, b between version 3 and 4`,
    ],
    ["a given value", { a: { kind: "given" } }, undefined, undefined, `${PATH} has no usable text for a`],
    ["an empty value", { a: {} }, undefined, at(1, { a: "" }), `${PATH} has no usable text for a`],
    ["a value that is no text", { a: {} }, undefined, at(1, { a: 5 }), `${PATH} has no usable text for a`],
  ])("%s", (_name, wanted, state, live, message) => {
    expect(() => decideNewFields(PATH, readFields(wanted), state, live)).toThrow(
      expect.objectContaining({ code: "vault_missing", message }),
    );
  });

  test("names the command that puts a given value there", () => {
    expect(() => decideNewFields(PATH, readFields({ a: { kind: "given" } }), undefined, undefined)).toThrow(
      expect.objectContaining({
        hint: expect.stringContaining("`vault kv put -mount=secret platform/staging/redis a=-`"),
      }),
    );
  });

  test("lets a secret without any field of ours go", () => {
    expect(() => requireStillThere(PATH, { version: 0, rotations: {} }, undefined)).not.toThrow();
  });
});

test("a lower rotation is not forgotten: going forward again rotates nothing", () => {
  const known: Known = { version: 2, rotations: { a: 3 } };
  expect(rotationsOf(readFields({ a: { rotation: 1 }, b: { rotation: 2 } }), known)).toEqual({ a: 3, b: 2 });
});
