import { expect, test } from "vitest";
import type { z } from "zod";
import { holdBody, observationsQuery, RUN_BODIES, runsQuery } from "../../../../automation/api/requests.ts";

const hold = { env: "staging", reason: "the database is moved" };
const deploy = { env: "staging", tag: "v1.2.3", triggered_by: "me" };

test.each<[string, z.ZodType, Record<string, unknown>, string]>([
  ["a hold without a reason", holdBody, { env: "staging" }, "must say why nothing shall go forward"],
  ["a hold with an empty reason", holdBody, { ...hold, reason: " " }, "must say why nothing shall go forward"],
  ["a long reason", holdBody, { ...hold, reason: "a".repeat(1001) }, "must be at most 1000 characters"],
  ["a length of time", holdBody, { ...hold, until: "2h" }, "must be a moment, e.g. 2026-01-31T12:00:00Z"],
  ["30 February", holdBody, { ...hold, until: "2027-02-30T00:00:00Z" }, "must be a moment, e.g. 2026-01-31T12:00:00Z"],
  [
    "a long reason of a deploy",
    RUN_BODIES.deploy,
    { ...deploy, reason: "a".repeat(1001) },
    "must be at most 1000 characters",
  ],
  ["a long name", RUN_BODIES.deploy, { ...deploy, triggered_by: "a".repeat(201) }, "must be at most 200 characters"],
  ["full as a text", RUN_BODIES.deploy, { ...deploy, full: "yes" }, "must be true or false"],
  ["a page of none", observationsQuery, { limit: "0" }, "must be a whole number from 1 to 200"],
  ["a page of half a run", runsQuery, { limit: "1.5" }, "must be a whole number from 1 to 200"],
  ["a page of many", runsQuery, { limit: "201" }, "must be a whole number from 1 to 200"],
  ["a place that no page gave", observationsQuery, { before: "a b" }, "must be what `next` of the page before says"],
])("%s is refused with what to write instead", (_, schema, input, message) => {
  expect(schema.safeParse(input).error?.issues.map((issue) => issue.message)).toEqual([message]);
});
