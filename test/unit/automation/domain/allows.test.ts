import { expect, test } from "vitest";
import { toRunAnswer } from "../../../../automation/answer/report.ts";
import { previewAnswer, successAnswer } from "../../../../automation/api/answers.ts";
import { parseAllows } from "../../../../automation/domain/allows.ts";
import type { TimedRecord } from "../../../../automation/domain/engine-record.ts";
import { reduceOutcomes } from "../../../../automation/domain/outcome.ts";
import type { Run } from "../../../../automation/domain/run.ts";
import { maskOutcome } from "../../../../automation/mask.ts";

const NOTE = "components/web/compose.yaml:7:5  allows `docker.sock`: it watches containers";
const URN = "urn:pulumi:staging::dockmaster::dockmaster:platform:Service::web";
const said = (message: string, severity: "info" | "warning" | "error" = "warning"): TimedRecord => ({
  at: 0,
  event: { type: "diagnostic", severity, urn: URN, message },
});

test.each([
  ["alone", NOTE, [NOTE]],
  ["as the engine says it", `warning: ${NOTE}\n`, [NOTE]],
  ["among other lines", `a\n${NOTE}\nb`, [NOTE]],
  ["no other warning", "warning: allows nothing", []],
  ["no more than a line", `${NOTE}${"x".repeat(9000)}`, [`${NOTE}${"x".repeat(500 - NOTE.length)}`]],
])("a note is found %s", (_, message, expected) => {
  expect(parseAllows(said(message))).toEqual(expected);
});

test("what is no warning is no note", () => {
  expect(parseAllows(said(NOTE, "info"))).toEqual([]);
});

test("a service's outcome has its notes once, whatever becomes of the service", () => {
  const step: TimedRecord["event"] = { type: "resource", phase: "done", op: "same", urn: URN, keys: [] };
  const records: TimedRecord[] = [said(NOTE), said(NOTE), { at: 1, event: step }];
  expect(reduceOutcomes(records, ["web", "redis"], false)).toEqual([
    expect.objectContaining({ service: "web", allows: [NOTE] }),
    expect.not.objectContaining({ allows: expect.anything() }),
  ]);
});

test("a program of any branch cannot fill an answer with notes", () => {
  const many = Array.from({ length: 1000 }, (_, index) => said(`a.yaml:${index}:1  allows \`x\`: y`));
  expect(reduceOutcomes(many, ["web"], false)[0]?.allows).toHaveLength(50);
});

test("values of secrets are masked in them", () => {
  const outcome = { service: "web", result: "unchanged", reason: "equal", allows: [NOTE] } as const;
  const masked = maskOutcome((text) => text.replaceAll("watches", "[secret]"), { ...outcome, allows: [NOTE] });
  expect(masked.allows).toEqual([NOTE.replace("watches", "[secret]")]);
});

test.each([
  ["deploy", successAnswer],
  ["preview", previewAnswer],
] as const)("it is in the answer of a %s, as the interface's document says", (kind, schema) => {
  const run = {
    ...{ id: "r", kind, stack: "staging", tag: "v1.0.1", commit: "c".repeat(40), services: null },
    ...{ rollback: false, triggeredBy: "me", reason: null, requestId: "q", state: "succeeded", attempts: 1 },
    ...{ createdAt: 0, startedAt: 0, finishedAt: 1, session: null, cause: null, supersededBy: null },
    outcomes: [{ service: "web", result: "unchanged", reason: "equal", allows: [NOTE] }],
  } as unknown as Run;
  const { body } = toRunAnswer(run, { asked: null, duplicate: false, now: 1 });
  expect(schema.parse(body)).toMatchObject({ allows: { web: [NOTE] } });
});
