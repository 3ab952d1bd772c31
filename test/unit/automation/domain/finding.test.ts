import { expect, test } from "vitest";
import type { StepRecord, TimedRecord, Told } from "../../../../automation/domain/engine-record.ts";
import { serverStart, wordDrift, wordRestarts } from "../../../../automation/domain/finding.ts";
import { reduceOutcomes } from "../../../../automation/domain/outcome.ts";

const URN = "urn:pulumi:staging::dockmaster::dockmaster:platform:Service$pulumi-nodejs:dynamic/dokploy:Compose::";
const AT = Date.parse("2026-11-20T13:21:07.353Z");

const step = (phase: StepRecord["phase"], op: string, service: string, told?: Partial<Told>, keys: string[] = []) => ({
  at: 0,
  event: {
    type: "resource" as const,
    phase,
    op,
    urn: URN + service,
    keys,
    ...(told && { told: { drift: [], deployed: true, ...told } }),
  },
});
const said = (message: string): TimedRecord => ({
  at: 0,
  event: { type: "diagnostic", severity: "info", urn: null, message },
});
const told = (records: TimedRecord[]) =>
  Object.fromEntries(
    reduceOutcomes(records, [], false).map(({ service, result, reason }) => [service, `${result}: ${reason}`]),
  );

/** The same service, looked at by a drift check, and by an update that begins with a refresh. */
const looked = (found: Partial<Told>, op = "update") => [
  step("started", "refresh", "redis"),
  step("done", op, "redis", found),
];
const updated = (found: Partial<Told>, op: "update" | "same", keys: string[] = []) => [
  step("started", "refresh", "redis"),
  step("done", "refresh", "redis", found),
  step("started", op, "redis", found, keys),
  step("done", op, "redis", {}, keys),
];

test.each<[what: string, drift: string[], words: string]>([
  ["an env value", ["env.HAND"], "drift: env.HAND"],
  ["a setting", ["settings.autoDeploy"], "drift: settings.autoDeploy"],
  ["a command and a route", ["settings.command", "domains.a.org/"], "drift: settings.command, domains.a.org/"],
  ["the name", ["name"], "drift: name"],
  [
    "a deployment by hand",
    ["deployed: the last deployment was not ours"],
    "deployed: the last deployment was not ours",
  ],
  [
    "deployments that were deleted",
    ["deployed: there is no deployment any more"],
    "deployed: there is no deployment any more",
  ],
  ["a container", ["deployed: redis: exited (137)"], "deployed: redis: exited (137)"],
  ["both", ["deployed: redis: exited (1)", "env.A"], "drift: env.A; deployed: redis: exited (1)"],
])("%s has the same words in a drift check, a preview and an update", (_, drift, words) => {
  const deployed = !drift.some((entry) => entry.startsWith("deployed"));
  expect(told(looked({ drift, deployed }))).toEqual({ redis: `changed: ${words}` });
  expect(told(updated({ drift, deployed }, "update"))).toEqual({ redis: `changed: ${words}` });
  expect(wordDrift(drift).join("; ")).toBe(words);
});

test("what a refresh wrote into the state already is still said, and what the program changes besides", () => {
  expect(told(looked({ drift: ["env.HAND"] }, "same"))).toEqual({ redis: "changed: drift: env.HAND" });
  expect(told(updated({ drift: ["env.A", "domains.a.org/"] }, "update", ["env.A", "domains", "composeFile"]))).toEqual({
    redis: "changed: drift: env.A, domains.a.org/; changed: composeFile",
  });
});

test("outputs that differ without a finding are none", () => {
  expect(told(looked({}))).toEqual({ redis: "unchanged: equal" });
});

test.each<[what: string, found: Partial<Told>, keys: string[], words: string]>([
  ["a killed change", { unfinished: ["env.A", "deployment"] }, [], "changed: env.A; the run before did not finish it"],
  ["a failed one", { unfinished: ["composeFile"] }, [], "changed: composeFile; the run before did not finish it"],
  ["a failed creation", { unfinished: ["new"] }, [], "new; the run before did not finish it"],
  ["nothing but a deployment", { unfinished: ["deployment"] }, [], "the run before did not finish it"],
  [
    "one that goes on with more",
    { unfinished: ["env.A"] },
    ["env.A", "env.B"],
    "changed: env.A, env.B; the run before did not finish it",
  ],
  ["what a state of an older release does not tell", {}, [], "failed before"],
])("an update says what the one before it did not finish: %s", (_, found, keys, words) => {
  expect(told(updated({ ...found, deployed: false }, "update", keys))).toEqual({ redis: `changed: ${words}` });
});

test("a drift check does not take for a hand what an update of ours left behind", () => {
  expect(told(looked({ deployed: false, unfinished: ["env.A", "deployment"] }))).toEqual({
    redis: "unchanged: not deployed yet; changed: env.A; the run before did not finish it",
  });
});

test.each([
  ["changes only the description", "unchanged: taken over"],
  ["changes env.X, composeFile and deploys it", "changed: taken over; changed: env.X, composeFile"],
  ["changes only the description and deploys it", "changed: taken over; deployed again"],
  ["changes settings.autoDeploy", "changed: taken over; changed: settings.autoDeploy"],
  ["changes what is known only during the update", "changed: taken over; what changes is known only during the update"],
])("a creation that takes over and %s is %s", (what, outcome) => {
  const creation = [step("started", "create", "redis"), step("done", "create", "redis", {})];
  expect(told([...creation, said(`redis: takes over compose redis (abc-1), ${what}`)])).toEqual({ redis: outcome });
  expect(told(creation)).toEqual({ redis: "created: new" });
});

test("a creation that was cut off is new, and says so", () => {
  const line = said("redis: goes on with compose redis (abc-1), which was never deployed to the end");
  expect(told([line, step("started", "create", "redis"), step("done", "create", "redis", {})])).toEqual({
    redis: "created: new; the run before did not finish it",
  });
});

const crash = { container: "redis", times: 2, at: AT, exitCode: 137 };
const start = { container: "redis", times: 0, at: AT };

test("a container that ended by itself is a finding of a drift check; an update names it and leaves the service alone", () => {
  const words = "restarted since the last update: redis 2 times (exit code 137, last start 2026-11-20T13:21:07Z)";
  expect(told(looked({ restarts: [crash] }))).toEqual({ redis: `changed: ${words}` });
  expect(told(updated({ restarts: [crash] }, "same"))).toEqual({ redis: `unchanged: equal; ${words}` });
  expect(wordRestarts([{ ...crash, times: 1 }], undefined)[0]).toContain("redis once (");
});

test("an update that fixes a service still names its restarts", () => {
  expect(told(updated({ restarts: [crash], drift: ["env.A"] }, "update")).redis).toMatch(
    /^changed: drift: env\.A; restarted since the last update: redis 2 times/,
  );
});

test("a container that somebody started is said, and is no drift", () => {
  expect(told(looked({ restarts: [start] }))).toEqual({
    redis: "unchanged: equal; redis was started again at 2026-11-20T13:21:07Z",
  });
  expect(wordRestarts([{ ...start, replaced: true }], undefined)).toEqual([
    "redis was made again at 2026-11-20T13:21:07Z",
  ]);
});

test("a server that was started again is told as that", () => {
  const at = (service: string, ms: number) => [
    step("started", "refresh", service),
    step("done", "update", service, { restarts: [{ container: service, times: 0, at: AT + ms }] }),
  ];
  expect(told([...at("redis", 0), ...at("postgres", 40_000)])).toEqual({
    redis: "unchanged: equal; started again with its server at 2026-11-20T13:21:07Z",
    postgres: "unchanged: equal; started again with its server at 2026-11-20T13:21:07Z",
  });
  // An hour apart it was somebody, one after the other.
  expect(told([...at("redis", 0), ...at("postgres", 3_600_000)]).redis).toContain("redis was started again at");
  expect(
    serverStart([
      { drift: [], deployed: true, restarts: [start] },
      { drift: [], deployed: true },
    ]),
  ).toBeUndefined();
});
