import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { describe, expect, test } from "vitest";
import { toRunAnswer, toRunView } from "../../../../automation/answer/report.ts";
import { successAnswer } from "../../../../automation/api/answers.ts";
import type { TimedRecord } from "../../../../automation/domain/engine-record.ts";
import { reduceOutcomes } from "../../../../automation/domain/outcome.ts";
import type { Run } from "../../../../automation/domain/run.ts";
import { redactEvent } from "../../../../automation/engine/redact.ts";
import { formatWaysIn } from "../../../../cli/print/ways-in.ts";

const COMPONENT = "dockmaster:platform:Service";
const COMPOSE = "pulumi-nodejs:dynamic/dokploy:Compose";

/** Both ends of a step on a service `auth`, as the engine tells them. */
function step(op: string, type: string, sides: object): TimedRecord[] {
  const urn = `urn:pulumi:staging::dockmaster::${type === COMPONENT ? type : `${COMPONENT}$${type}`}::auth`;
  const metadata = { op, urn, type, new: { type, urn, inputs: {}, outputs: {}, ...sides } };
  const events = [{ resourcePreEvent: { metadata } }, { resOutputsEvent: { metadata } }];
  return events.map((event, at) => ({ event: redactEvent(event as unknown as EngineEvent)!, at }));
}

function outcomes(op: string) {
  const domains = [
    { host: "auth.example.org", path: "/", https: true },
    { host: "old.example.org", path: "/x", https: false },
  ];
  const login = { user: "akadmin", secret: "admin_password", password: "canary" };
  const records = [...step(op, COMPONENT, { outputs: { login } }), ...step(op, COMPOSE, { inputs: { domains } })];
  return reduceOutcomes(records, ["auth"], false);
}

const ADDRESSES = ["https://auth.example.org/", "http://old.example.org/x"];

describe("the way in to a service", () => {
  test("a new one has its addresses and its first login, and no value", () => {
    const found = outcomes("create");
    expect(found).toMatchObject([
      { result: "created", addresses: ADDRESSES, firstLogin: { user: "akadmin", secret: "admin_password" } },
    ]);
    expect(JSON.stringify(found)).not.toContain("canary");
    expect(formatWaysIn("staging", found)).toEqual([
      "  auth: https://auth.example.org/  http://old.example.org/x",
      "  auth's first login: akadmin, its password: dockmaster secret get staging auth admin_password --reveal",
    ]);
  });

  test.each([
    ["update", ADDRESSES],
    ["same", ADDRESSES],
    ["delete", undefined],
  ])("after %s there is no first login", (op, addresses) => {
    const [found] = outcomes(op);
    expect([found?.addresses, found?.firstLogin]).toEqual([addresses, undefined]);
  });

  test("is in the answer of a deploy, and not in that of a preview", () => {
    const run = {
      ...{ id: "r", kind: "deploy", stack: "staging", tag: "v1.0.1", commit: "c".repeat(40), services: null },
      ...{ rollback: false, triggeredBy: "me", reason: null, requestId: "q", state: "succeeded", attempts: 1 },
      ...{ createdAt: 0, startedAt: 0, finishedAt: 1, session: null, cause: null, supersededBy: null },
      outcomes: outcomes("create"),
    } as unknown as Run;
    const login = {
      ...{ user: "akadmin", secret: "admin_password" },
      command: "dockmaster secret get staging auth admin_password --reveal",
    };
    const { body } = toRunAnswer(run, { asked: null, duplicate: false, now: 1 });
    expect(successAnswer.parse(body)).toMatchObject({ addresses: { auth: ADDRESSES }, first_logins: { auth: login } });
    expect(toRunView(run).outcomes).toMatchObject([{ addresses: ADDRESSES, first_login: login }]);
    const preview = toRunAnswer({ ...run, kind: "preview" }, { asked: null, duplicate: false, now: 1 });
    expect(preview.body).not.toHaveProperty("addresses");
  });
});
