import { describe, expect, test } from "vitest";
import { examineSecretIds } from "../../../../../cli/stack/doctor/secret-ids.ts";
import { earliestEnd, halfLife, lifeMetadata } from "../../../../../components/vault/api/secret-id-life.ts";

const DAY = 24 * 3_600_000;
const TTL = 30 * 24 * 3600;
const MADE = 700 * 15 * DAY;

const state = (...metadata: unknown[]) => ({
  pendingOperations: 0,
  resources: metadata.map((each, index) => ({
    urn: `urn:pulumi:staging::platform::vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId::service${index}`,
    type: "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId",
    inputs: { metadata: each },
    outputs: {},
  })),
});
const made = (at: number) => JSON.stringify({ rotation: "1", ...lifeMetadata(TTL, at) });

describe("a secret id with a time", () => {
  test("is the same for half of it, and another one in the next half", () => {
    expect(halfLife(TTL, MADE)).toBe(700);
    expect(halfLife(TTL, MADE + 15 * DAY - 1)).toBe(700);
    expect(halfLife(TTL, MADE + 15 * DAY)).toBe(701);
  });

  test("still signs in all through the half after the one in which it was made", () => {
    for (const at of [MADE, MADE + 7 * DAY, MADE + 15 * DAY - 1]) {
      const end = at + 30 * DAY;
      const nextHalfEnds = (halfLife(TTL, at) + 2) * 15 * DAY;
      expect(end).toBeGreaterThanOrEqual(nextHalfEnds);
      expect(earliestEnd(made(at))).toBeLessThanOrEqual(end);
    }
  });

  test("and without a time is what it ever was", () => {
    expect(lifeMetadata(undefined, MADE)).toEqual({});
    expect(earliestEnd('{"rotation":"1"}')).toBeUndefined();
    expect(earliestEnd(undefined)).toBeUndefined();
  });
});

describe("doctor", () => {
  test.each([
    ["long before the end", 10, []],
    [
      "in the last quarter",
      23,
      [expect.objectContaining({ state: "warning", found: expect.stringContaining("service0") })],
    ],
    ["after the end", 31, [expect.objectContaining({ state: "broken", found: expect.stringContaining("service0") })]],
  ])("%s", (_name, days, expected) => {
    expect(examineSecretIds("staging", state(made(MADE), '{"rotation":"1"}'), MADE + days * DAY)).toEqual(expected);
  });
});
