import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ownedBy, parseMarker, printMarker } from "../../../../../components/dokploy/api/marker.ts";

const owner = { project: "platform", stack: "staging", keyId: "0123456789abcdef" };

describe("the ownership marker", () => {
  it("is read back from a description, also when people wrote around it", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.array(fc.domain()), (project, service, routes) => {
        const marker = { ...owner, project, service, routes: [...routes].sort() };
        expect(parseMarker(`before ${printMarker(marker)} after`)).toEqual(marker);
      }),
    );
  });

  it.each([
    ["no description", null],
    ["other text", "my database"],
    ["broken JSON", '{"dockmaster":1,"project":'],
    ["other JSON", '{"dockmaster":1,"project":7}'],
  ])("is not found in %s", (_, description) => {
    expect(parseMarker(description)).toBeUndefined();
  });

  it.each([
    ["project", { ...owner, project: "other" }],
    ["stack", { ...owner, stack: "production" }],
    ["key", { ...owner, keyId: "fedcba9876543210" }],
  ])("of another %s is a stranger's", (_, other) => {
    const marker = parseMarker(printMarker({ ...owner, service: "redis", routes: [] }));
    expect(ownedBy(marker, owner)).toBe(true);
    expect(ownedBy(marker, other)).toBe(false);
  });
});
