import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { procedures } from "../../../../emulator/procedures/all.ts";
import { lackingFields, lackingProcedures } from "../../../fixtures/walk/lacking-procedures.ts";

interface Described {
  method: "GET" | "POST";
  /** Field → whether the server says that it must be there. */
  fields: Record<string, boolean>;
}

/** From the OpenAPI document that the real server gives of itself. */
const described = JSON.parse(
  readFileSync(new URL("../../../fixtures/walk/tables/procedures.json", import.meta.url), "utf8"),
) as Record<string, Described>;
const has = (name: string) => Object.hasOwn(procedures, name);

describe("the table of procedures", () => {
  it("has every procedure of its routers, but those that it deliberately lacks", () => {
    const missing = Object.keys(described).filter((name) => !has(name));
    expect(missing.sort()).toEqual(Object.keys(lackingProcedures).sort());
  });

  it("has none of those that it says it lacks", () => {
    expect(Object.keys(lackingProcedures).filter(has)).toEqual([]);
  });

  it("reads with GET and writes with POST, each as the server says", () => {
    const wrong = Object.entries(described).filter(
      ([name, { method }]) => has(name) && (procedures[name]?.kind === "query") !== (method === "GET"),
    );
    expect(wrong).toEqual([]);
  });

  it("takes every field that the server takes, but those that it deliberately drops", () => {
    const dropped = Object.entries(described)
      .filter(([name]) => has(name))
      .flatMap(([name, { fields }]) =>
        Object.keys(fields)
          .filter((field) => !(field in (procedures[name]?.input?.shape ?? {})))
          .map((field) => `${name}.${field}`),
      );
    expect(dropped.sort()).toEqual(Object.keys(lackingFields).sort());
  });

  it("takes no field that the server does not know", () => {
    const invented = Object.keys(described)
      .filter(has)
      .flatMap((name) =>
        Object.keys(procedures[name]?.input?.shape ?? {})
          .filter((field) => !(field in (described[name]?.fields ?? {})))
          .map((field) => `${name}.${field}`),
      );
    expect(invented).toEqual([]);
  });

  it("insists on the fields that the server insists on", () => {
    const differing = Object.entries(described)
      .filter(([name]) => has(name))
      .flatMap(([name, { fields }]) =>
        Object.entries(fields)
          .filter(([field, required]) => {
            const schema = procedures[name]?.input?.shape[field];
            return schema !== undefined && schema.safeParse(undefined).success === required;
          })
          .map(([field]) => `${name}.${field}`),
      );
    expect(differing).toEqual([]);
  });
});
