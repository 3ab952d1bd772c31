import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mulberry32 } from "../../contract/dokploy/state/seeded.ts";
import { openStack, type Said, type TestStack } from "./stack.ts";

// One thing after the other, so that both write the same order.
const SERIAL = ["--parallel", "1"];
const UP = ["up", "--yes", "--skip-preview", ...SERIAL];

describe("a journal leads to the state that the engine writes itself", { timeout: 300_000 }, () => {
  let plain: TestStack;
  let journaled: TestStack;
  beforeEach(async () => {
    [plain, journaled] = await Promise.all([openStack(), openStack()]);
  });
  afterEach(() => {
    plain.close();
    journaled.close();
  });

  /** The same update on both; their states, and what they did, are compared. */
  const both = async (said: Said, ...flags: string[]) => {
    for (const stack of [plain, journaled]) stack.says(said);
    const [own, other] = await Promise.all([plain.run(...UP, ...flags), journaled.journaled([...SERIAL, ...flags])]);
    expect(other.code, other.text).toBe(own.code);
    expect(journaled.state()).toEqual(plain.state());
    expect(journaled.world()).toEqual(plain.world());
    expect(journaled.log().sort()).toEqual(plain.log().sort());
    expect(journaled.disorder()).toEqual([]);
    return other;
  };

  it("for what is made, changed, replaced, renamed, gone, protected, left, and for what fails", async () => {
    const thing = (name: string, more: object = {}) => ({ name, value: "1", secret: `secret-of-${name}`, ...more });
    const group = (name: string, more: object = {}) => ({ name, ...more });
    await both({
      groups: [group("g")],
      things: [thing("a"), thing("b", { needs: ["a"] }), thing("c", { group: "g" })],
    });
    // Nothing to do, with and without a refresh.
    await both({
      groups: [group("g")],
      things: [thing("a"), thing("b", { needs: ["a"] }), thing("c", { group: "g" })],
    });
    await both(
      { groups: [group("g")], things: [thing("a"), thing("b", { needs: ["a"] }), thing("c", { group: "g" })] },
      "--refresh",
    );
    // Changed, in clear and in secret.
    const changed = thing("a", { value: "2", secret: "another" });
    await both(
      { groups: [group("g")], things: [changed, thing("b", { needs: ["a"] }), thing("c", { group: "g" })] },
      "--refresh",
    );
    // Changed and deleted by hand.
    for (const stack of [plain, journaled]) {
      stack.edit("a-1", "by hand");
      stack.edit("c-1", undefined);
    }
    await both(
      { groups: [group("g")], things: [changed, thing("b", { needs: ["a"] }), thing("c", { group: "g" })] },
      "--refresh",
    );
    // Gone, with others still depending on it.
    for (const stack of [plain, journaled]) stack.edit("a-1", undefined);
    await both({ groups: [group("g")], things: [thing("b"), thing("c", { group: "g" })] }, "--refresh");
    // Renamed: a thing, and a group with what it holds.
    await both({ groups: [group("h", { was: "g" })], things: [thing("b2", { was: "b" }), thing("c", { group: "h" })] });
    // Replaced: the new one first, and the old one first, with one that depends on it.
    const replaced = [thing("b2", { generation: 2 }), thing("c", { group: "h", generation: 2, deleteFirst: true })];
    await both({ groups: [group("h")], things: [...replaced, thing("d", { needs: ["b2", "c"] })] }, "--refresh");
    // One fails, the others go on; and the next update mends it.
    const failing = [thing("b2", { generation: 2, value: "3", fails: true }), replaced[1] as object, thing("e")];
    const failed = await both(
      { groups: [group("h")], things: failing as Said["things"] },
      "--refresh",
      "--continue-on-error",
    );
    expect(failed.code).not.toBe(0);
    const mended = [thing("b2", { generation: 2, value: "3", protect: true }), thing("e", { retain: true })];
    await both({ groups: [group("h")], things: mended }, "--refresh");
    // A protected one may not go; one that is retained only leaves the state.
    expect((await both({ groups: [], things: [] }, "--refresh", "--continue-on-error")).code).not.toBe(0);

    // Whoever comes next without a journal finds nothing to do.
    for (const stack of [plain, journaled]) stack.says({ groups: [], things: mended });
    await Promise.all([plain.run(...UP), journaled.journaled(SERIAL)]);
    const look = await journaled.run("preview", "--refresh", "--expect-no-changes");
    expect(look.code, look.text).toBe(0);
    expect(journaled.history().length).toBe(plain.history().length);
    const told = ({ result, resourceChanges, kind, config }: Record<string, unknown>) => [
      result,
      resourceChanges,
      kind,
      Object.keys(config as object),
    ];
    expect(journaled.history().map(told)).toEqual(plain.history().map(told));
  });

  it("whatever is said, edited and broken", async () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
    const random = mulberry32(seed);
    const maybe = (chance: number) => random() < chance;
    const story: string[] = [];
    try {
      for (let step = 0; step < 8; step++) {
        const names = ["a", "b", "c", "d"].filter(() => maybe(0.75));
        const groups = ["g", "h"].filter(() => maybe(0.8)).map((name) => ({ name }));
        const things = names.map((name, index) => ({
          name,
          value: String(Math.floor(random() * 3)),
          secret: maybe(0.3) ? "other" : "same",
          generation: maybe(0.25) ? 2 : 1,
          deleteFirst: maybe(0.5),
          fails: maybe(0.15),
          retain: maybe(0.2),
          needs: names.slice(0, index).filter(() => maybe(0.4)),
          ...(maybe(0.3) && groups[0] ? { group: groups[0].name } : {}),
        }));
        const edited = plain.world().filter(() => maybe(0.2));
        const value = maybe(0.5) ? "by hand" : undefined;
        for (const stack of [plain, journaled])
          for (const file of edited) stack.edit(file.replace(/\.json$/, ""), value);
        const flags = [...(maybe(0.7) ? ["--refresh"] : []), "--continue-on-error"];
        story.push(JSON.stringify({ things, groups, edited, value, flags }));
        await both({ groups, things }, ...flags);
      }
    } catch (error) {
      throw new Error(`SEED=${seed}\n${story.join("\n")}`, { cause: error });
    }
  });
});
