import { expect, test } from "vitest";
import { differingParts } from "../../../../components/look/differing-parts.ts";
import {
  isAsLeft,
  LEFT_FORMAT,
  type LeftResource,
  type Looked,
  leftResource,
} from "../../../../components/look/left.ts";
import { look } from "../../../../components/look/look.ts";

const left: LeftResource = {
  type: "environment",
  id: "environment-1",
  organizationId: "organization-1",
  serverUrl: "https://dokploy.example.org",
  parts: { name: "0" },
};
const looked: Looked = {
  type: "environment",
  name: "environment",
  is: "left",
  differs: [],
  containers: [],
  starting: false,
};

test.each<[string, Partial<Looked>[], number, boolean]>([
  ["all as it was left", [{}], 1, true],
  ["nothing at all", [], 0, false],
  ["one that was not looked at", [{}], 2, false],
  ["one too many", [{}, {}], 1, false],
  ["one other", [{}, { is: "other", differs: ["name"] }], 2, false],
  ["one gone", [{ is: "gone" }], 1, false],
  ["one that could not be told", [{}, { is: "unknown", why: "docker_unreachable" }], 2, false],
  ["one that starts", [{ starting: true }], 1, false],
  ["a container with news", [{ containers: [{ container: "web", is: "restarted" }] }], 1, false],
  ["something else", [{ type: "service" }], 1, false],
  ["one that differs, and is said to be left", [{ differs: ["name"] }], 1, false],
])("as left is every resource and nothing less: %s", (_, results, count, expected) => {
  const resources = results.map((each) => ({ ...looked, ...each }));
  expect(
    isAsLeft(
      { resources },
      Array.from({ length: count }, () => left),
    ),
  ).toBe(expected);
});

test("a look of nothing says nothing", async () => {
  const seen = await look([], { env: {}, keptAt: 0 });
  expect(seen).toMatchObject({ resources: [], proven: {} });
  expect(isAsLeft(seen, [])).toBe(false);
});

test.each<[string, object, object, string[], string[]]>([
  ["equal", { name: "1" }, { name: "1" }, [], []],
  ["another value", { "env.A": "1", "env.B": "1" }, { "env.A": "2", "env.B": "1" }, [], ["env.A"]],
  ["one more and one less", { "env.A": "1" }, { "env.B": "1" }, [], ["env.A", "env.B"]],
  ["one that may differ", { "env.A": "1", "env.B": "1" }, { "env.A": "2", "env.B": "2" }, ["env.A"], ["env.B"]],
  ["a section that may", { "env.A": "1", name: "1" }, { "env.B": "1", name: "2" }, ["env"], ["name"]],
  ["no prefix of a name", { "env.AB": "1" }, { "env.AB": "2" }, ["env.A"], ["env.AB"]],
  ["a route made by hand that may be there", {}, { "domains.x/ (made by hand)": "1" }, ["domains.x/"], []],
  ["one that may not", {}, { "domains.y/ (made by hand)": "1" }, ["domains.x/"], ["domains.y/ (made by hand)"]],
  ["any, where they stay", {}, { "domains.y/ (made by hand)": "1" }, ["domains.* (made by hand)"], []],
  ["but not a route of ours", {}, { "domains.y/": "1" }, ["domains.* (made by hand)"], ["domains.y/"]],
  [
    "never the owner",
    { owner: "1", deployment: "1", appName: "1" },
    { owner: "2", deployment: "2", appName: "2" },
    ["owner", "deployment", "appName"],
    ["appName", "deployment", "owner"],
  ],
])("parts that differ: %s", (_, before, now, ignore, expected) => {
  expect(differingParts(before as Record<string, string>, now as Record<string, string>, ignore)).toEqual(expected);
});

const service = {
  type: "service",
  service: "web",
  composeId: "compose-1",
  appName: "web-1",
  environmentId: "environment-1",
  organizationId: "",
  serverUrl: "https://dokploy.example.org",
  parts: { name: "0" },
  ignore: [],
};
const secret = {
  type: "secret",
  service: "web",
  id: "secret/data/a/b/web",
  address: "https://vault.example.org",
  parts: {},
};

test.each<[string, object, boolean]>([
  ["an environment", left, true],
  ["a service without its containers", service, true],
  [
    "a service with them",
    { ...service, containers: { web: { id: "1", startedAt: "2026-11-20T13:00:00Z", restarts: 0, seenAt: 1 } } },
    true,
  ],
  ["a secret", secret, true],
  ["another kind of thing", { ...service, type: "route" }, false],
  ["a service without its parts", { ...service, parts: undefined }, false],
  ["a digest that is none", { ...service, parts: { name: "x".repeat(65) } }, false],
  ["a name that is too long", { ...service, parts: { [`env.${"X".repeat(500)}`]: "0" } }, false],
])("what was left is read back whole, or not at all: %s", (_, value, isRead) => {
  const read = leftResource.safeParse(value);
  expect(read.success).toBe(isRead);
  if (read.success) expect(read.data).toEqual(value);
});

test("the format is the one that test/unit/components/dokploy/rules/observe.test.ts freezes", () => {
  expect(LEFT_FORMAT).toBe(1);
});

test("with another platform key nobody can tell what differs", () => {
  expect(() => differingParts({ PLATFORM_KEY: "1", name: "1" }, { PLATFORM_KEY: "2", name: "2" })).toThrow(
    "PLATFORM_KEY is another one",
  );
});
