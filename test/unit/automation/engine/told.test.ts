import type { StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
import { expect, test } from "vitest";
import { readTold, redactEvent } from "../../../../automation/engine/redact.ts";

const TYPE = "pulumi-nodejs:dynamic/dokploy:Compose";
const URN = `urn:pulumi:staging::dockmaster::dockmaster:platform:Service$${TYPE}::redis`;
const CANARY = "canary-value-of-a-secret";

const containers = (restarts: number, startedAt = "2026-11-20T13:21:07Z", id = "fb31f9f89c88") => ({
  redis: { id, startedAt, restarts, note: CANARY },
});
const state = (outputs: object) => ({
  ...{ type: TYPE, urn: URN, id: "x", parent: "", provider: "", inputs: { env: { A: CANARY } } },
  outputs: { env: { A: CANARY }, composeFile: CANARY, ...outputs },
});
const step = (op: string, old?: object, now?: object, type = TYPE) =>
  ({
    op,
    urn: URN,
    type,
    provider: "",
    ...(old && { old: state(old) }),
    ...(now && { new: state(now) }),
  }) as unknown as StepEventMetadata;

test("only names, states and times leave the engine's process", () => {
  const event = {
    sequence: 1,
    timestamp: 1,
    resOutputsEvent: {
      metadata: step(
        "update",
        { drift: [], deployed: true, containers: containers(0) },
        {
          drift: ["settings.autoDeploy", 7, { secret: CANARY }, "x".repeat(400)],
          deployed: false,
          unfinished: ["env.A"],
          containers: containers(2, "2026-11-20T14:00:00Z"),
          cutOff: true,
        },
      ),
    },
  };
  const cut = redactEvent(event as unknown as Parameters<typeof redactEvent>[0]);
  expect(cut).toMatchObject({
    told: {
      drift: ["settings.autoDeploy", "x".repeat(300)],
      deployed: false,
      unfinished: ["env.A"],
      restarts: [{ container: "redis", times: 2, at: Date.parse("2026-11-20T14:00:00Z") }],
    },
  });
  expect(JSON.stringify(cut)).not.toContain(CANARY);
});

test("what a step begins with is what is known, what it ends with is what was found", () => {
  const both = step("update", { drift: ["env.A"], deployed: false }, { drift: [], deployed: true });
  expect(readTold("started", both)).toEqual({ drift: ["env.A"], deployed: false });
  expect(readTold("done", both)).toEqual({ drift: [], deployed: true });
});

test.each([
  ["another resource", step("refresh", {}, { drift: ["a"] }, "pulumi-nodejs:dynamic/vault:Secrets")],
  ["a provider that keeps no list", step("refresh", {}, { deployed: true })],
  ["what is gone", step("delete", { drift: ["a"] })],
])("nothing is told of %s", (_, metadata) => {
  expect(readTold("done", metadata)).toBeUndefined();
});

test.each<[what: string, before: unknown, after: unknown, times: number | undefined, replaced?: true]>([
  ["the same process", containers(1), containers(1), undefined],
  ["one that ended twice", containers(1), containers(3, "2026-11-20T14:00:00Z"), 2],
  ["one that somebody started", containers(0), containers(0, "2026-11-20T14:00:00Z"), 0],
  ["one that somebody started, and that ended once since", containers(4), containers(1, "2026-11-20T14:00:00Z"), 1],
  ["another one of its name", containers(2), containers(0, "2026-11-20T14:00:00Z", "0123456789ab"), 0, true],
  ["one that was not kept before", undefined, containers(3), undefined],
  ["something that is not understood", { redis: { id: 7 } }, { redis: "x" }, undefined],
])("starts of %s", (_, before, after, times, replaced) => {
  const drift: string[] = [];
  const told = readTold("done", step("refresh", { drift, containers: before }, { drift, containers: after }));
  expect(told?.restarts?.map((each) => [each.times, each.replaced])).toEqual(
    times === undefined ? undefined : [[times, replaced]],
  );
});
