import { expect, test } from "vitest";
import { isAtLeast } from "../../../../../automation/cli/laptop/doctor/finding.ts";
import { examineBackend, examinePassphrase } from "../../../../../automation/cli/laptop/doctor/state.ts";
import { examineNode } from "../../../../../automation/cli/laptop/doctor/tools.ts";

test.each([
  ["v0.29.6", true],
  ["v0.30.2", true],
  ["1.0.0", true],
  ["v0.29.5", false],
  ["v0.9.10", false],
  ["canary", true],
])("%s is new enough: %s", (version, enough) => {
  expect(isAtLeast(version, [0, 29, 6])).toBe(enough);
});

test("an old Node is broken", () => {
  expect([examineNode("22.11.0").state, examineNode("24.0.0").state]).toEqual(["broken", "ok"]);
});

test("a backend is shared unless it is a file; its password is not shown", () => {
  expect(examineBackend("file:///home/me/state").state).toBe("broken");
  const shared = examineBackend("postgres://me:planted@db.example.org/state");
  expect(shared).toMatchObject({ state: "ok", found: expect.not.stringContaining("planted") });
});

test("a passphrase is needed except where Pulumi Cloud keeps the key", () => {
  expect(examinePassphrase("s3://state", {}).state).toBe("broken");
  expect(examinePassphrase("s3://state", { PULUMI_CONFIG_PASSPHRASE_FILE: "/f" }).state).toBe("ok");
  expect(examinePassphrase("https://app.pulumi.com/me", {}).state).toBe("skipped");
});
