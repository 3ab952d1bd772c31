import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCollection } from "../../../../emulator/state/collection.ts";

interface Row {
  id: string;
  parent: string;
  text: string;
}

describe("a collection", () => {
  let database: DatabaseSync;
  const open = () => openCollection<Row>(database, "row", "id", "parent");

  beforeEach(() => {
    database = new DatabaseSync(":memory:");
    database.exec("CREATE TABLE rows (kind TEXT, id TEXT, body TEXT)");
  });
  afterEach(() => database.close());

  it("finds its rows again after a restart, oldest first, changes included", () => {
    const rows = open();
    for (const id of ["b", "a", "c"]) rows.insert({ id, parent: "p", text: "" });
    rows.update("b", { text: "new" });
    rows.remove("a");
    expect(open().all()).toEqual([
      { id: "b", parent: "p", text: "new" },
      { id: "c", parent: "p", text: "" },
    ]);
  });

  it("finds the rows of one parent, also of one that was moved", () => {
    const rows = open();
    rows.insert({ id: "a", parent: "p", text: "" });
    rows.insert({ id: "b", parent: "q", text: "" });
    rows.update("a", { parent: "q" });
    expect(rows.of("p")).toEqual([]);
    expect(rows.of("q").map(({ id }) => id)).toEqual(["b", "a"]);
  });

  it("does not change a row that somebody holds", () => {
    const rows = open();
    const held = rows.insert({ id: "a", parent: "p", text: "old" });
    rows.update("a", { text: "new" });
    expect(held.text).toBe("old");
  });

  it("answers nothing for a row that is not there", () => {
    expect([open().get("x"), open().update("x", { text: "" }), open().remove("x")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
