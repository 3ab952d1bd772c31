import { describe, expect, test } from "vitest";
import type { Outage, Run, RunState } from "../../../../automation/domain/run.ts";
import { decideEvents, toNotices } from "../../../../automation/notify/notices.ts";

const run = (over: Partial<Run>): Run => ({
  id: "run-1",
  kind: "deploy",
  stack: "staging",
  tag: "v1.2.3",
  commit: "a".repeat(40),
  services: null,
  rollback: false,
  triggeredBy: "ada",
  reason: null,
  requestId: "r",
  state: "succeeded",
  createdAt: 0,
  startedAt: 0,
  finishedAt: 1,
  attempts: 1,
  session: null,
  outcomes: [],
  cause: null,
  supersededBy: null,
  outage: null,
  ...over,
});
const outage = (over: Partial<Outage> = {}): Outage => ({
  of: "dokploy",
  since: 0,
  until: 1_800_000,
  next: 60_000,
  tries: 5,
  attempts: 5,
  told: true,
  ...over,
});
const skipped: Run["outcomes"] = [{ service: "minio", result: "skipped", reason: "the update ended before it" }];
const drifted: Run["outcomes"] = [{ service: "redis", result: "changed", reason: "drift: env.A" }];
const equal: Run["outcomes"] = [{ service: "redis", result: "unchanged", reason: "equal" }];

test.each<[string, Partial<Run>, RunState | undefined, string[]]>([
  ["a deploy that succeeds after one that did", {}, "succeeded", []],
  ["the first deploy", {}, undefined, []],
  ["a deploy that succeeds after one that failed", {}, "failed", ["recovered"]],
  ["a sync that succeeds after a failed deploy", { kind: "sync" }, "failed", ["recovered"]],
  ["a failed deploy", { state: "failed" }, "succeeded", ["failed"]],
  ["a failed deploy after a failed one", { state: "failed" }, "failed", ["failed"]],
  ["a canceled deploy", { state: "canceled" }, "succeeded", []],
  ["a superseded deploy", { state: "superseded" }, "succeeded", []],
  ["a deploy that is handed back", { state: "queued" }, "succeeded", []],
  ["a deploy of production", { stack: "production" }, "succeeded", ["production_deployed"]],
  [
    "a deploy of production after a failed one",
    { stack: "production" },
    "failed",
    ["recovered", "production_deployed"],
  ],
  ["a sync of production", { stack: "production", kind: "sync" }, "succeeded", []],
  ["a drift check that finds something", { kind: "drift", outcomes: drifted }, "succeeded", ["drift"]],
  ["a drift check that has nothing to look at", { kind: "drift", outcomes: skipped }, "succeeded", []],
  ["a drift check that finds nothing", { kind: "drift", outcomes: equal }, "succeeded", []],
  ["a drift check that fails", { kind: "drift", state: "failed", outcomes: drifted }, "succeeded", []],
  ["a preview", { kind: "preview", outcomes: drifted }, "failed", []],
])("of %s people hear %#", (_name, over, before, expected) => {
  expect(decideEvents(run(over), before)).toEqual(expected);
});

describe("a notice", () => {
  const cause = { code: "unhealthy", message: "redis does not answer", hint: "see its log" } as const;
  const failed = run({
    state: "failed",
    cause,
    outcomes: [{ service: "redis", result: "failed", reason: "unhealthy: redis does not answer", cause }],
  });

  test("goes to each target once, in the form that the target takes", () => {
    const notices = toNotices(failed, ["failed"], ["webhook", "slack", "feishu"]);
    expect(notices.map(({ key }) => key)).toEqual(["failed:webhook", "failed:slack", "failed:feishu"]);
    expect(notices[0]?.payload).toMatchObject({
      event: "failed",
      env: "staging",
      tag: "v1.2.3",
      run: "run-1",
      cause: { code: "unhealthy", hint: "see its log" },
      services: [{ service: "redis", result: "failed" }],
    });
    const text = expect.stringContaining("staging: v1.2.3 failed");
    expect(notices[1]?.payload).toEqual({ text });
    expect(notices[2]?.payload).toEqual({ msg_type: "text", content: { text } });
  });

  test("says who, what, why and what to do", () => {
    const [notice] = toNotices(failed, ["failed"], ["slack"]);
    const { text } = notice!.payload as { text: string };
    for (const part of ["run-1", "ada", "unhealthy: redis does not answer", "What to do: see its log"]) {
      expect(text).toContain(part);
    }
  });
});

describe("an outage", () => {
  const waits = (over: Partial<Outage>) => run({ state: "waiting", finishedAt: null, outage: outage(over) });

  test("is told once when it lasts, not at every try, and once when it is over", () => {
    expect(decideEvents(waits({ told: false }), "succeeded", null)).toEqual([]);
    expect(decideEvents(waits({}), "succeeded", outage({ told: false }))).toEqual(["waiting"]);
    expect(decideEvents(waits({ tries: 6 }), "succeeded", outage())).toEqual([]);
    expect(decideEvents(run({ outage: outage() }), "succeeded")).toEqual(["resumed"]);
    expect(decideEvents(run({ outage: outage({ told: false }) }), "succeeded")).toEqual([]);
    expect(decideEvents(run({ state: "failed", outage: outage() }), "succeeded")).toEqual(["failed"]);
  });

  test("says what is away, since when and until when it is waited for", () => {
    const [notice] = toNotices(waits({}), ["waiting"], ["webhook"]);
    expect(notice?.payload).toMatchObject({
      event: "waiting",
      text: expect.stringMatching(
        /staging: v1\.2\.3 waits .*\nDokploy is away since 1970-01-01T00:00:00.000Z; tried again until 1970/,
      ),
    });
    const [over] = toNotices(run({ outage: outage() }), ["resumed"], ["slack"]);
    expect(over?.payload).toMatchObject({ text: expect.stringContaining("over: Dokploy is away since") });
  });
});
