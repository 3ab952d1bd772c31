import { describe, expect, it } from "vitest";
import { printMarker } from "../../../../../components/dokploy/api/marker.ts";
import { chooseExisting } from "../../../../../components/dokploy/rules/find.ts";

const owner = { project: "platform", stack: "staging", keyId: "0123456789abcdef" };
const wanted = { name: "redis", service: "redis", owner, adopt: false };
const marked = (service: string, by = owner) => printMarker({ ...by, service, routes: [] });
const entry = (composeId: string, name: string, description: string | null) => ({ composeId, name, description });

const ours = entry("1", "redis", marked("redis"));
const renamed = entry("2", "cache", marked("redis"));
const foreign = entry("3", "redis", null);
const copy = entry("4", "redis", marked("redis", { ...owner, keyId: "f".repeat(16) }));
const sibling = entry("5", "postgres", marked("postgres"));

describe("the compose that a program means", () => {
  it.each([
    ["does not exist yet", [sibling], undefined],
    ["carries our marker", [sibling, ours], ours],
    ["carries our marker, although somebody renamed it", [renamed], renamed],
    ["carries our marker, although another has its name", [foreign, renamed], renamed],
  ])("%s", (_, entries, expected) => {
    expect(chooseExisting(entries, wanted)).toEqual(expected);
  });

  it.each([
    [
      "somebody else's compose has its name",
      [foreign],
      /already has a compose redis \(3\) that was not made by Dockmaster/,
    ],
    ["a copy of the platform owns it", [copy], /belongs to platform\/staging\/redis as made with another PLATFORM_KEY/],
    ["several carry our marker", [ours, renamed], /2 composes for redis carry the marker of this service: 1, 2/],
    ["several have its name", [foreign, copy], /2 composes for redis have this name: 3, 4/],
  ])("cannot be told when %s", (_, entries, reason) => {
    expect(() => chooseExisting(entries, wanted)).toThrow(reason);
  });

  it("is taken over when the program says so, but never one of several", () => {
    expect(chooseExisting([foreign], { ...wanted, adopt: true })).toEqual(foreign);
    expect(() => chooseExisting([foreign, copy], { ...wanted, adopt: true })).toThrow(/2 composes/);
  });
});
