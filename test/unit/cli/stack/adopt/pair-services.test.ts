import { expect, test } from "vitest";
import { pairServices } from "../../../../../cli/stack/adopt/pair-services.ts";

const owner = { project: "dockmaster", stack: "staging", keyId: "aaaa" };
const marked = (composeId: string, name: string, service: string, key = owner.keyId) => ({
  composeId,
  name,
  description: `Managed. ${JSON.stringify({ dockmaster: 1, project: owner.project, stack: owner.stack, service, key })}`,
});
const unmarked = (composeId: string, name: string) => ({ composeId, name, description: null });

test("our marker wins over the name", () => {
  const live = [marked("1", "renamed", "redis"), unmarked("2", "redis")];
  expect(pairServices(["redis"], live, owner)).toEqual([{ service: "redis", kind: "ours", composeIds: ["1"] }]);
});

test("what the state has is ours, even when somebody took its marker away", () => {
  const live = [unmarked("1", "redis"), unmarked("2", "redis")];
  expect(pairServices(["redis"], live, owner, new Map([["redis", "2"]]))).toEqual([
    { service: "redis", kind: "ours", composeIds: ["2"] },
  ]);
});

test("what has the name and no marker is to be adopted", () => {
  expect(pairServices(["redis"], [unmarked("1", "redis")], owner)).toEqual([
    { service: "redis", kind: "adopt", composeIds: ["1"] },
  ]);
});

test("what another platform marked is said to be its own", () => {
  const [pairing] = pairServices(["redis"], [marked("1", "redis", "redis", "bbbb")], owner);
  expect(pairing).toMatchObject({ kind: "adopt", hint: expect.stringContaining("dockmaster/staging") });
});

test("several of one name are not guessed among", () => {
  const live = [unmarked("1", "redis"), unmarked("2", "redis")];
  expect(pairServices(["redis"], live, owner)).toEqual([
    { service: "redis", kind: "ambiguous", composeIds: ["1", "2"] },
  ]);
});

test("a service that is not there hears of what may be it under another name; the rest are strangers", () => {
  const live = [unmarked("1", "my-postgres"), unmarked("2", "blog")];
  expect(pairServices(["postgres", "redis"], live, owner)).toEqual([
    { service: "postgres", kind: "new", composeIds: [], hint: expect.stringContaining("my-postgres") },
    { service: "redis", kind: "new", composeIds: [] },
    { service: "my-postgres", kind: "stranger", composeIds: ["1"] },
    { service: "blog", kind: "stranger", composeIds: ["2"] },
  ]);
});
