import { describe, expect, test } from "vitest";
import {
  isPending,
  troubleOfFailure,
  troubleOfObservations,
} from "../../../../../automation/domain/confirming/trouble.ts";
import type { CauseCode, ServiceOutcome } from "../../../../../automation/domain/run.ts";
import type { Observation } from "../../../../../automation/domain/watching/observation.ts";

const seen = (over: Partial<Observation> = {}): Observation => ({
  id: "o1",
  stack: "staging",
  service: "redis",
  kind: "restarted",
  parts: [],
  containers: [{ container: "redis", is: "restarted", times: 1, startedAt: "2026-01-31T12:00:00Z", exitCode: 1 }],
  run: "run-1",
  seenAt: 10,
  confirmedAt: 20,
  endedAt: null,
  ...over,
});

describe("what was found since an update", () => {
  test.each<[string, Partial<Observation>, boolean | null]>([
    ["a crash", {}, true],
    ["a crash that is over", { endedAt: 30 }, true],
    ["an unhealthy container", { kind: "unhealthy", containers: [{ container: "redis", is: "unhealthy" }] }, true],
    ["a service that is gone", { kind: "gone", containers: [] }, true],
    ["a start that nobody's end led to", { containers: [{ container: "redis", is: "restarted", times: 0 }] }, false],
    ["containers that somebody made again", { kind: "replaced" }, false],
    ["what somebody changed by hand", { kind: "changed", parts: ["env.A"] }, null],
    ["what no second look confirmed", { confirmedAt: null }, null],
  ])("%s", (_name, over, ofRelease) => {
    expect(troubleOfObservations([seen(over)])?.ofRelease ?? null).toBe(ofRelease);
  });

  test("is told in words, what the release is blamed for first", () => {
    const server = seen({
      id: "o2",
      service: "minio",
      containers: [{ container: "minio", is: "restarted", times: 0 }],
    });
    expect(troubleOfObservations([server, seen()])).toEqual({
      why: expect.stringMatching(/^redis: .*once \(exit code 1/),
      ofRelease: true,
    });
  });

  test("keeps the release from being confirmed until a second look", () => {
    expect(isPending([seen({ confirmedAt: null })])).toBe(true);
    expect(isPending([seen({ confirmedAt: null, endedAt: 15 })])).toBe(false);
    expect(isPending([seen({ confirmedAt: null, kind: "changed" })])).toBe(false);
  });
});

describe("an update that failed", () => {
  const cause = (code: CauseCode) => ({ code, message: "it said so", hint: "do" });
  const outcome = (result: ServiceOutcome["result"], code?: CauseCode): ServiceOutcome => ({
    service: "redis",
    result,
    reason: "r",
    ...(code ? { cause: cause(code) } : {}),
  });
  test.each<[string, CauseCode, ServiceOutcome[], boolean]>([
    ["a service that does not get healthy", "unhealthy", [outcome("failed", "unhealthy")], true],
    ["a check that fails", "check_failed", [], true],
    ["a deployment that fails", "deployment_failed", [], true],
    ["one service fails while Dokploy goes away", "dokploy_unreachable", [outcome("failed", "unhealthy")], true],
    ["Dokploy is away", "dokploy_unreachable", [outcome("changed")], false],
    ["Vault says no", "vault_denied", [outcome("changed")], false],
    ["the stack is locked", "stack_locked", [], false],
    ["too late, with something changed", "timeout", [outcome("changed"), outcome("canceled")], true],
    ["too late, with nothing changed", "timeout", [outcome("unchanged")], false],
    ["a program that breaks before it changes anything", "program_error", [outcome("skipped")], false],
    ["a program that breaks in the middle", "program_error", [outcome("created"), outcome("skipped")], true],
    ["a config that is wrong", "config_invalid", [], false],
  ])("%s", (_name, code, outcomes, ofRelease) => {
    expect(troubleOfFailure({ cause: cause(code), outcomes })).toEqual({
      why: `the update failed: ${code}: it said so`,
      ofRelease,
    });
  });
});
