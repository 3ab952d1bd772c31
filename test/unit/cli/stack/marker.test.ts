import { expect, test } from "vitest";
import { ownService, readMarker } from "../../../../cli/stack/marker.ts";
import { ownerId as ownerIdHere } from "../../../../cli/stack/owner-id.ts";
import { printMarker } from "../../../../components/dokploy/api/marker.ts";
import { ownerId } from "../../../../components/platform/keys.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const owner = { project: "dockmaster", stack: "staging", key: ownerIdHere(KEY, "staging") };
const description = printMarker({
  project: "dockmaster",
  stack: "staging",
  keyId: ownerId(KEY, "staging"),
  service: "redis",
  routes: ["redis.example.org/"],
});

test("knows the markers that the program writes", () => {
  expect(ownService({ description }, owner)).toBe("redis");
});

test.each([
  ["another key", { ...owner, key: ownerIdHere(`${KEY}x`, "staging") }],
  ["another stack", { ...owner, stack: "production" }],
  ["another project", { ...owner, project: "other" }],
])("%s is a stranger", (_, stranger) => {
  expect(ownService({ description }, stranger)).toBeUndefined();
});

test.each([null, "", "by hand", '{"dockmaster": 1, "project"', '{"dockmaster":1,"project":5}'])(
  "%j is no marker",
  (text) => {
    expect(readMarker({ description: text })).toBeUndefined();
  },
);
