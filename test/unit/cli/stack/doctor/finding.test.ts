import { expect, test } from "vitest";
import { parseLocks } from "../../../../../automation/state/locks.ts";
import { isAtLeast } from "../../../../../cli/stack/doctor/finding.ts";
import { examineBackend, examinePassphrase } from "../../../../../cli/stack/doctor/state.ts";
import { examineNode } from "../../../../../cli/stack/doctor/tools.ts";

test.each([
  ["v0.29.6", true],
  ["v0.30.2", true],
  ["1.0.0", true],
  ["v0.29.5", false],
  ["v0.9.10", false],
  ["canary", true],
])("%s is new enough: %s", (version, enough) => {
  expect(isAtLeast(version, "0.29.6")).toBe(enough);
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

test("reads who holds a stack from what the engine says of any backend", () => {
  const said = `error: could not create stack: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  s3://state/.pulumi/locks/organization/dockmaster/staging/1f.json: created by anna@laptop (pid 71) at 2026-01-02T03:04:05Z
  s3://state/.pulumi/locks/organization/dockmaster/staging/2f.json: created by root@iac-runner (pid 8) at 2026-01-02T04:04:05+01:00`;
  const since = Date.parse("2026-01-02T03:04:05Z");
  expect(parseLocks(said)).toEqual([
    { user: "anna", host: "laptop", pid: 71, since },
    { user: "root", host: "iac-runner", pid: 8, since },
  ]);
  expect(parseLocks("error: stack 'staging' already exists")).toEqual([]);
});
