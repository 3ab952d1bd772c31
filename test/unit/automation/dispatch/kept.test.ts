import { expect, test } from "vitest";
import { decideKept, toOutcomes, wordLook } from "../../../../automation/dispatch/kept.ts";
import type { Run, ServiceOutcome } from "../../../../automation/domain/run.ts";
import type { KeptLeft } from "../../../../automation/store/store.ts";
import type { Ending } from "../../../../automation/work/perform.ts";
import type { Look, Looked } from "../../../../components/look/left.ts";

const NOW = 1_780_000_000_000;
const resource = (id: string) =>
  ({ type: "environment", id, organizationId: "o", serverUrl: "https://dokploy.example.org", parts: {} }) as const;
const left = { format: 1, settings: "s", state: "platform/m", resources: [resource("e1"), resource("e2")] };
const before: KeptLeft = {
  ...{ stack: "staging", run: "r0", keptAt: NOW - 1, commit: "c0", program: "p0", left },
  services: [{ service: "redis", addresses: ["https://a.example.org/"] }, { service: "minio" }],
  checked: { at: NOW - 1, version: "1.0.0" },
};
const looked = (more: Partial<Looked> = {}): Looked => ({
  ...{ type: "environment", name: "platform", is: "left", differs: [], containers: [], starting: false },
  ...more,
});
const look = (...resources: Looked[]): Look => ({ at: NOW, took: 1, resources, proven: {} });

test("what is not as it was left is named, and no more than fits in a line", () => {
  const others = [
    looked({ name: "redis", is: "other", differs: ["env.A"], containers: [{ container: "c", is: "exited" }] }),
    looked({ name: "minio", is: "unknown", why: "dokploy_unreachable: away" }),
    looked({ name: "postgres", starting: true }),
    looked({ name: "gone", is: "gone" }),
  ];
  expect(wordLook(look(looked(), ...others))).toBe(
    "not as it was left: redis: env.A, c exited; minio: dokploy_unreachable: away; postgres: starting; gone: gone",
  );
  expect(wordLook(look(...Array.from({ length: 30 }, () => others[3] as Looked)))).toMatch(/; 20 more$/);
});

test("outcomes are those of an engine that found nothing to do", () => {
  expect(toOutcomes(before, { kind: "deploy" })).toEqual([
    { service: "redis", addresses: ["https://a.example.org/"], result: "unchanged", reason: "equal" },
    { service: "minio", result: "unchanged", reason: "equal" },
  ]);
  expect(toOutcomes(before, { kind: "drift" })).toEqual([
    { service: "minio", result: "unchanged", reason: "equal", well: true },
    { service: "redis", result: "unchanged", reason: "equal", well: true },
  ]);
});

const run = (more: Partial<Run> = {}) => ({ id: "r1", kind: "deploy", stack: "staging", commit: "c1", ...more }) as Run;
const did = (service: string, result: ServiceOutcome["result"]): ServiceOutcome => ({ service, result, reason: "" });
const ending = (more: Partial<Ending> = {}): Ending => ({
  verdict: { next: "succeed", cause: null },
  outcomes: [did("redis", "changed"), did("minio", "unchanged"), did("old", "retained")],
  left: { ...left, settings: "s1", state: "platform/m1", resources: [resource("e9")] },
  ...more,
});
const decide = (of: Run, end: Ending, kept: KeptLeft | undefined = before) =>
  decideKept({ run: of, program: "p1", before: kept, version: "1.0.1", now: NOW }, end);

test("an update that ended well leaves what its engine told, with the services that it has", () => {
  expect(decide(run(), ending())).toEqual({
    ...{ stack: "staging", run: "r1", keptAt: NOW, commit: "c1", program: "p1", left: ending().left },
    services: [{ service: "redis" }, { service: "minio" }],
    checked: { at: NOW, version: "1.0.1" },
  });
});

const clean = [did("redis", "unchanged")];
test("a drift check that found nothing renews what was seen, and nothing that it does not know", () => {
  expect(decide(run({ kind: "drift" }), ending({ outcomes: clean }))).toEqual({
    ...before,
    keptAt: NOW,
    left: { ...left, resources: [resource("e9")] },
    checked: { at: NOW, version: "1.0.1" },
  });
});

test.each<[string, Run, Ending, KeptLeft | undefined]>([
  ["one that failed", run(), ending({ verdict: { next: "fail", cause: null } }), before],
  ["one that told nothing", run(), { verdict: { next: "succeed", cause: null }, outcomes: clean }, before],
  ["one that gave volumes up", run({ giveUp: ["data"] }), ending(), before],
  ["a drift check that found something", run({ kind: "drift" }), ending(), before],
  ["a drift check where nothing was kept", run({ kind: "drift" }), ending({ outcomes: clean }), undefined],
  ["a preview", run({ kind: "preview" }), ending({ outcomes: clean }), before],
])("%s keeps nothing new", (_, of, end, kept) => {
  expect(decideKept({ run: of, program: "p1", before: kept, version: "1.0.1", now: NOW }, end)).toBeUndefined();
});
