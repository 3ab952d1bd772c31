import { expect, test } from "vitest";
import { assessWell, SILENT_ON_HEALTH } from "../../../../automation/domain/finding.ts";
import { assessHealth } from "../../../../automation/domain/health.ts";
import type { CauseCode, ServiceOutcome } from "../../../../automation/domain/run.ts";
import { WORDS } from "../../../../components/dokploy/read.ts";
import { DEPLOYED } from "../../../../components/dokploy/rules/outputs.ts";

const cause = (code: CauseCode) => ({ code, message: "", hint: "" });
const equal: ServiceOutcome = { service: "redis", result: "unchanged", reason: "equal" };
const failed = (code: CauseCode): ServiceOutcome => ({ ...equal, result: "failed", cause: cause(code) });

test.each<[what: string, run: Parameters<typeof assessHealth>[0], healthy: boolean | null]>([
  ["an update that succeeded", { kind: "sync", state: "succeeded", outcomes: [equal], cause: null }, true],
  [
    "one that found Dokploy away: all may run",
    { kind: "deploy", state: "failed", outcomes: [], cause: cause("dokploy_unreachable") },
    null,
  ],
  [
    "one during which Dokploy went away, after a service had failed",
    {
      kind: "deploy",
      state: "failed",
      outcomes: [failed("unhealthy"), failed("dokploy_unreachable")],
      cause: cause("dokploy_unreachable"),
    },
    false,
  ],
  [
    "one that failed at a service",
    { kind: "deploy", state: "failed", outcomes: [failed("check_failed")], cause: cause("check_failed") },
    false,
  ],
  [
    "one whose program is wrong",
    { kind: "deploy", state: "failed", outcomes: [], cause: cause("program_error") },
    false,
  ],
  [
    "one that was refused: what runs, runs on",
    { kind: "deploy", state: "failed", outcomes: [failed("config_invalid")], cause: cause("config_invalid") },
    null,
  ],
  ["one that was canceled", { kind: "deploy", state: "canceled", outcomes: [], cause: cause("canceled") }, null],
  [
    "a drift check that found all well",
    { kind: "drift", state: "succeeded", outcomes: [{ ...equal, well: true }], cause: null },
    true,
  ],
  [
    "one that found a setting changed",
    { kind: "drift", state: "succeeded", outcomes: [{ ...equal, result: "changed", well: true }], cause: null },
    true,
  ],
  [
    "one that found a container ended",
    {
      kind: "drift",
      state: "succeeded",
      outcomes: [
        { ...equal, well: true },
        { ...equal, well: false },
      ],
      cause: null,
    },
    false,
  ],
  [
    "one that cannot tell of one service",
    {
      kind: "drift",
      state: "succeeded",
      outcomes: [
        { ...equal, well: true },
        { ...equal, well: null },
      ],
      cause: null,
    },
    null,
  ],
  ["one of an older release", { kind: "drift", state: "succeeded", outcomes: [equal], cause: null }, true],
  [
    "one that found Dokploy away",
    { kind: "drift", state: "failed", outcomes: [], cause: cause("dokploy_unreachable") },
    null,
  ],
])("%s", (_, run, healthy) => {
  expect(assessHealth(run)).toBe(healthy);
});

test("what the provider says of who deployed says nothing of health", () => {
  expect(Object.values(WORDS).map((words) => `${DEPLOYED}${words}`)).toEqual(SILENT_ON_HEALTH);
});

test.each<[drift: string[], deployed: boolean, well: boolean | null]>([
  [[], true, true],
  [["env.A"], true, true],
  [["deployed: redis: exited (137)"], false, false],
  [["deployed: the last deployment was not ours"], false, null],
  [[], false, null],
])("%j, deployed %s: well %s", (drift, deployed, well) => {
  expect(assessWell({ drift, deployed })).toBe(well);
});
