import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { expect, test } from "vitest";
import { redactEvent } from "../../../../automation/engine/redact.ts";

const CANARY = "canary-4f1d2c";
const URN = "urn:pulumi:staging::dockmaster::dockmaster:platform:Service::redis";

const event = (over: object) => ({ sequence: 1, timestamp: 1, ...over }) as unknown as EngineEvent;
const diagnostic = (severity: string, message: string, over: object = {}) =>
  event({ diagnosticEvent: { urn: URN, severity, message, color: "never", ...over } });
const state = (value: string) => ({
  type: "x",
  urn: URN,
  custom: true,
  id: "1",
  parent: "",
  provider: "",
  inputs: { env: { PASSWORD: value }, __provider: value },
  outputs: { env: { PASSWORD: value } },
});

test("messages of severity debug carry secrets and are not kept", () => {
  expect(redactEvent(diagnostic("debug", `password is ${CANARY}`))).toBeUndefined();
  expect(redactEvent(diagnostic("unheard-of", CANARY))).toBeUndefined();
  expect(redactEvent(diagnostic("info", CANARY, { ephemeral: true }))).toBeUndefined();
});

test("of a step its names are kept, never a value", () => {
  const metadata = {
    op: "update",
    urn: URN,
    type: "x",
    old: state(CANARY),
    new: state(`${CANARY}-new`),
    diffs: ["env"],
    detailedDiff: null,
  };
  const records = [
    redactEvent(event({ resourcePreEvent: { metadata } })),
    redactEvent(event({ resOutputsEvent: { metadata: { ...metadata, op: "refresh" } } })),
    redactEvent(event({ resOpFailedEvent: { metadata, status: 1, steps: 1 } })),
  ];
  expect(records).toMatchObject([
    { type: "resource", phase: "started", op: "update", keys: ["env", "env.PASSWORD"] },
    { type: "resource", phase: "done", op: "refresh", keys: ["env", "env.PASSWORD"] },
    { type: "resource", phase: "failed" },
  ]);
  expect(JSON.stringify(records)).not.toContain(CANARY);
});

test.each<[string, object]>([
  ["the program's standard output", { stdoutEvent: { message: CANARY, color: "never" } }],
  ["the configuration", { preludeEvent: { config: { "platform:key": CANARY } } }],
  ["a policy", { policyEvent: { message: CANARY } }],
  ["the progress of a download", { progressEvent: { message: CANARY } }],
])("%s is not kept", (_name, over) => {
  expect(redactEvent(event(over))).toBeUndefined();
});

test("a summary says how it ended, without its configuration", () => {
  const record = redactEvent(
    event({ summaryEvent: { result: "succeeded", resourceChanges: {}, policyPacks: {}, x: CANARY } }),
  );
  expect(record).toEqual({ type: "summary", result: "succeeded" });
});

test("a message is plain text of bounded length", () => {
  const record = redactEvent(diagnostic("error", `<{%reset%}>\u001b[31mbad\u001b[0m ${"x".repeat(100_000)}`));
  expect(record).toMatchObject({ type: "diagnostic", severity: "error", message: expect.stringMatching(/^bad x+$/) });
  expect((record as { message: string }).message.length).toBe(64_000);
});
