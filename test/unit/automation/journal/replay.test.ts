import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Deployment, type Entry, KIND, type Resource } from "../../../../automation/journal/entry.ts";
import { replay } from "../../../../automation/journal/replay.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const urn = (name: string, type = "t:T") => `urn:pulumi:s::p::${type}::${name}`;
const thing = (name: string, more: Partial<Resource> = {}): Resource => ({ urn: urn(name), type: "t:T", ...more });
const entry = (sequenceID: number, kind: keyof typeof KIND, operationID: number, more: Partial<Entry> = {}): Entry => ({
  version: 1,
  kind: KIND[kind],
  sequenceID,
  operationID,
  ...more,
});
const creation = (sequenceID: number, operationID: number, name: string) => [
  entry(sequenceID, "begin", operationID, { operation: { type: "creating", resource: thing(name) } }),
  entry(sequenceID + 1, "success", operationID, { state: thing(name) }),
];
const stateAfter = (base: Deployment | null, ...entries: Entry[]) => replay(base, entries, "v3.259.0", NOW).deployment;
const names = ({ resources }: Deployment) => (resources ?? []).map((one) => one.urn.split("::").at(-1));
const OLD: Deployment = { resources: [thing("a"), thing("b"), thing("c")], metadata: { kept: true } };

describe("a journal", () => {
  const table: [string, Deployment | null, Entry[], unknown][] = [
    ["without entries leaves everything as it was", OLD, [], ["a", "b", "c"]],
    ["of a first update begins with nothing", null, [...creation(1, 1, "x"), ...creation(3, 2, "y")], ["x", "y"]],
    ["puts what is new before what is left", OLD, creation(1, 1, "x"), ["x", "a", "b", "c"]],
    ["moves what it saw again", OLD, [entry(1, "success", 1, { state: thing("b"), removeOld: 1 })], ["b", "a", "c"]],
    ["drops what was deleted, also the first one", OLD, [entry(1, "success", 1, { removeOld: 0 })], ["b", "c"]],
    [
      "drops what it made itself",
      OLD,
      [...creation(1, 1, "x"), entry(3, "success", 2, { removeNew: 1 })],
      ["a", "b", "c"],
    ],
    ["keeps what failed", OLD, [entry(1, "begin", 1), entry(2, "failure", 1)], ["a", "b", "c"]],
    [
      "replaces in place what a refresh saw",
      OLD,
      [entry(1, "refreshSuccess", 1, { removeOld: 1, state: thing("B") })],
      ["a", "B", "c"],
    ],
    ["drops what a refresh did not find", OLD, [entry(1, "refreshSuccess", 1, { removeOld: 1 })], ["a", "c"]],
    ["takes another base", OLD, [entry(1, "write", 0, { newSnapshot: { resources: [thing("z")] } })], ["z"]],
    [
      "goes on from what it has rebuilt",
      OLD,
      [
        entry(1, "refreshSuccess", 1, { removeOld: 0 }),
        entry(2, "rebuiltBaseState", 0),
        entry(3, "success", 2, { state: thing("b"), removeOld: 0 }),
      ],
      ["b", "c"],
    ],
  ];
  test.each(table)("%s", (_, base, entries, expected) => {
    expect(names(stateAfter(base, ...entries))).toEqual(expected);
  });

  test("keeps what was begun and did not end, and creations that nobody saw the end of before", () => {
    const base: Deployment = {
      pending_operations: [
        { type: "creating", resource: thing("long ago") },
        { type: "updating", resource: thing("a") },
      ],
    };
    const begun = entry(1, "begin", 1, { operation: { type: "creating", resource: thing("x") } });
    const pending = stateAfter(base, begun).pending_operations?.map(({ type, resource }) => [type, resource.urn]);
    expect(pending).toEqual([
      ["creating", urn("x")],
      ["creating", urn("long ago")],
    ]);
    const ended = [begun, entry(2, "success", 1, { state: thing("x") })];
    expect(stateAfter(null, ...ended).pending_operations).toBeUndefined();
    expect(stateAfter(null, begun, entry(2, "failure", 1)).pending_operations).toBeUndefined();
  });

  test("marks what is to be deleted or replaced", () => {
    const marked = stateAfter(
      OLD,
      ...creation(1, 1, "x"),
      entry(3, "success", 2, { deleteOld: 0, pendingReplacementOld: 1 }),
      entry(4, "success", 3, { deleteNew: 1 }),
    );
    expect(marked.resources).toEqual([
      thing("x", { delete: true }),
      thing("a", { delete: true }),
      thing("b", { pendingReplacement: true }),
      thing("c"),
    ]);
  });

  test("takes over outputs where they belong, the key of the secrets, metadata, snippets and extensions", () => {
    const secretsProvider = { type: "passphrase", state: { salt: "s" } };
    const state = stateAfter(
      OLD,
      entry(1, "secretsManager", 0, { secretsProvider }),
      ...creation(2, 1, "x"),
      entry(4, "outputs", 2, { removeNew: 1, state: thing("x", { outputs: { n: 1 } }) }),
      entry(5, "outputs", 3, { removeOld: 2, state: thing("c", { outputs: { n: 2 } }) }),
      entry(6, "snippets", 0, { snippets: [{ uuid: "u" }] }),
      entry(7, "extensionParameterize", 4, { extensionRef: "e", extension: { blob: 1 } }),
    );
    expect(state).toMatchObject({
      secrets_providers: secretsProvider,
      metadata: { kept: true },
      snippets: [{ uuid: "u" }],
      extensions: { e: { blob: 1 } },
      manifest: { time: "2026-01-02T03:04:05.000Z", version: "v3.259.0" },
    });
    expect(state.resources?.[0]).toEqual(thing("x", { outputs: { n: 1 } }));
    expect(state.resources?.[3]).toEqual(thing("c", { outputs: { n: 2 } }));
  });

  test("says what older engines must not overlook", () => {
    const features = (...entries: Entry[]) => {
      const { version, features } = replay(null, entries, "v3.259.0", NOW);
      return [version, features];
    };
    expect(features(...creation(1, 1, "x"))).toEqual([3, []]);
    const views = entry(1, "success", 1, { state: thing("x", { viewOf: urn("y"), taint: true }) });
    expect(features(views)).toEqual([4, ["taint", "views"]]);
    expect(features(entry(1, "success", 1, { state: thing("x"), requiresByteString: true }))).toEqual([
      4,
      ["byteString"],
    ]);
  });

  test("that speaks of what was never made is refused", () => {
    expect(() => stateAfter(OLD, entry(1, "outputs", 1, { removeNew: 9, state: thing("x") }))).toThrow("operation 9");
  });

  test("means the same in whatever order, and however often, its entries came", () => {
    const story = [
      ...creation(1, 1, "x"),
      entry(3, "success", 2, { state: thing("b", { n: 1 }), removeOld: 1 }),
      entry(4, "begin", 3, { operation: { type: "deleting", resource: thing("c") } }),
      entry(5, "refreshSuccess", 4, { removeOld: 0, state: thing("a", { n: 2 }) }),
      entry(6, "rebuiltBaseState", 0),
      entry(7, "success", 5, { removeOld: 0 }),
    ];
    const expected = stateAfter(OLD, ...story);
    const doubled = [...story, ...story];
    fc.assert(
      fc.property(fc.shuffledSubarray(doubled, { minLength: doubled.length }), (entries) => {
        expect(stateAfter(OLD, ...entries)).toEqual(expected);
      }),
    );
  });

  test("cut off anywhere, has everything that was done by then", () => {
    const ids = Array.from({ length: 6 }, (_, index) => index + 1);
    const story = ids.flatMap((id) => creation(2 * id - 1, id, `n${id}`));
    for (let cut = 0; cut <= story.length; cut++) {
      const state = stateAfter(OLD, ...story.slice(0, cut));
      const done = ids.slice(0, Math.floor(cut / 2)).map((id) => `n${id}`);
      expect(names(state)).toEqual([...done, "a", "b", "c"]);
      expect(state.pending_operations?.length ?? 0).toBe(cut % 2);
    }
  });
});

describe("references", () => {
  test("to what a refresh found gone are dropped", () => {
    const base: Deployment = {
      resources: [
        thing("a"),
        thing("b", {
          parent: urn("a"),
          dependencies: [urn("a")],
          propertyDependencies: { x: [urn("a")], y: [] },
          deletedWith: urn("a"),
        }),
        thing("c", { dependencies: [urn("a"), urn("b")] }),
      ],
    };
    const { resources } = stateAfter(base, entry(1, "refreshSuccess", 1, { removeOld: 0 }));
    expect(resources).toEqual([
      thing("b", { dependencies: [], propertyDependencies: { x: [], y: [] } }),
      thing("c", { dependencies: [urn("b")] }),
    ]);
  });

  test("follow a new name, also of a parent, and the old name is forgotten", () => {
    const parent = urn("new", "m:Group");
    const child = (type: string) => urn("child", `${type}$t:T`);
    const entries = [
      entry(1, "success", 1, {
        state: { urn: parent, type: "m:Group", aliases: [urn("old", "o:Group")] },
        removeOld: 0,
      }),
    ];
    const base: Deployment = {
      resources: [
        { urn: urn("old", "o:Group"), type: "o:Group" },
        { urn: child("o:Group"), type: "t:T", parent: urn("old", "o:Group"), provider: `${urn("old", "o:Group")}::id` },
        thing("user", { dependencies: [child("o:Group")], propertyDependencies: { x: [child("o:Group")] } }),
      ],
    };
    expect(stateAfter(base, ...entries).resources).toEqual([
      { urn: parent, type: "m:Group" },
      { urn: child("m:Group"), type: "t:T", parent, provider: `${parent}::id` },
      thing("user", { dependencies: [child("m:Group")], propertyDependencies: { x: [child("m:Group")] } }),
    ]);
  });

  test("that two claim are refused", () => {
    const both = ["x", "y"].map((name, index) =>
      entry(index + 1, "success", index + 1, { state: thing(name, { aliases: [urn("old")] }) }),
    );
    expect(() => stateAfter(null, ...both)).toThrow("were both called");
  });
});
