import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { FaultInput } from "../../../emulator/faults/fault.ts";
import { composeFile, isAsLeft, type LookFixture, openLookFixture } from "./fixture.ts";

let fixture: LookFixture;
const services = ["web", "db"].map((name) => ({ name, composeFile: composeFile(name), env: { A: "canary-value" } }));

beforeAll(async () => {
  fixture = await openLookFixture();
  await fixture.up(services);
});
afterAll(() => fixture.close());
beforeEach(() => fixture.emulator.control.clearFaults());

const TROUBLES: [string, FaultInput][] = [
  ["a refused key", { kind: "unauthorized", times: "always" }],
  ["a server error", { kind: "error", status: 500, times: "always" }],
  ["a gateway's page", { kind: "html", times: "always" }],
  ["a page with status 404", { kind: "html", status: 404, times: "always" }],
  ["dropped connections", { kind: "drop-before", times: "always" }],
];
const READS = ["compose.one", "docker.getContainers", "environment.one", "*"];

it.each(TROUBLES.flatMap(([what, fault]) => READS.map((procedure) => [what, procedure, fault] as const)))(
  "%s to %s is never a finding, and never as left",
  async (_, procedure, fault) => {
    fixture.emulator.control.addFault({ ...fault, procedure } as FaultInput);
    const seen = await fixture.look();
    expect(seen.resources.map(({ is }) => is).filter((is) => is !== "left" && is !== "unknown")).toEqual([]);
    expect(isAsLeft(seen, fixture.left())).toBe(false);
    for (const { is, why } of seen.resources) if (is === "unknown") expect(why).toMatch(/^\w+: ./);
    expect(JSON.stringify(seen)).not.toMatch(new RegExp(`${fixture.emulator.apiKey}|canary-value|platform-key`));
    fixture.emulator.control.clearFaults();
    expect(isAsLeft(await fixture.look(), fixture.left())).toBe(true);
  },
);

it.each([
  ["the wrong key", { DOKPLOY_API_KEY: "wrong" }, /dokploy_auth/],
  ["no key at all", { DOKPLOY_API_KEY: "" }, /DOKPLOY_API_KEY is not set/],
  ["another address", { DOKPLOY_URL: "http://127.0.0.1:9" }, /the state is about the Dokploy at/],
  ["an address that is none", { DOKPLOY_URL: "nowhere" }, /is not an http/],
  ["no platform key", { PLATFORM_KEY: "" }, /PLATFORM_KEY is not set/],
])("with %s nothing can be told", async (_, patch, why) => {
  const { resources } = await fixture.look(undefined, {}, patch);
  expect(resources.map(({ is }) => is)).toEqual(["unknown", "unknown", "unknown"]);
  for (const each of resources) expect(each.why).toMatch(why);
});

it("with another platform key nothing is as it was left", async () => {
  const seen = await fixture.look(undefined, {}, { PLATFORM_KEY: "another" });
  expect(isAsLeft(seen, fixture.left())).toBe(false);
});

it("another organization, another environment and a newer release's resource are no finding", async () => {
  const changed = fixture.left().map((left) => {
    if (left.type === "environment") return { ...left, id: "gone-for-good" };
    if (left.type === "service" && left.service === "web") return { ...left, organizationId: "another" };
    return { ...left, composeId: "gone", environmentId: "gone-for-good" };
  });
  const { resources } = await fixture.look([...changed, { type: "route", service: "x" } as never]);
  expect(resources.map(({ is }) => is)).toEqual(["unknown", "unknown", "unknown", "unknown"]);
});

it("a Docker that does not answer is no finding", async () => {
  const { containers } = fixture;
  const real = { listAll: containers.listAll, list: containers.list, volumes: containers.volumes };
  Object.assign(containers, { listAll: async () => undefined, list: async () => [], volumes: async () => [] });
  try {
    const { resources } = await fixture.look();
    expect(resources.map(({ is }) => is)).toEqual(["left", "unknown", "unknown"]);
    expect(resources[1]?.why).toMatch(/^docker_unreachable: /);
  } finally {
    Object.assign(containers, real);
  }
});

it("one that is ended in the middle says what it saw, and nothing of the rest", async () => {
  fixture.emulator.control.addFault({ kind: "latency", procedure: "compose.one", ms: 5_000, times: "always" });
  const { look } = await import("../../../components/look/look.ts");
  const since = Date.now();
  const seen = await look(fixture.left(), { env: fixture.env, keptAt: 0, signal: AbortSignal.timeout(200) });
  expect(Date.now() - since).toBeLessThan(4_000);
  expect(seen.resources.map(({ is }) => is)).toEqual(["left", "unknown", "unknown"]);
});
