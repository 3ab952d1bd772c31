import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseLocks } from "../../../../../automation/state/locks.ts";
import { type Finding, isAtLeast, ok, skipped } from "../../../../../cli/stack/doctor/finding.ts";
import {
  examineBackend,
  examineHolder,
  examinePassphrase,
  examineUnknown,
  isHeld,
} from "../../../../../cli/stack/doctor/state.ts";
import { examineNode } from "../../../../../cli/stack/doctor/tools.ts";
import { STATE_RULE } from "../../../../../stacks/config/state-backend.ts";

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

const VIA_RUNNER = { DOCKMASTER_URL: "https://iac.example.org" };

test.each<[string, string | undefined, NodeJS.ProcessEnv, Finding["state"], string]>([
  [
    "a folder is right for one runner, and the rule is said",
    "file:///home/me/state",
    {},
    "warning",
    "only this machine",
  ],
  ["a folder beside a runner too", "file://~", VIA_RUNNER, "warning", "only this machine"],
  [
    "PostgreSQL is shared",
    "postgres://me:planted@db.example.org/state",
    {},
    "ok",
    "postgres://db.example.org/state: shared",
  ],
  ["S3 is shared", "s3://state", {}, "ok", "shared"],
  ["Pulumi Cloud is shared", "https://app.pulumi.com/me", {}, "ok", "shared"],
  ["what no runner can sign in to works for people only", "gs://state", {}, "warning", "a runner cannot sign in"],
  ["without a backend nothing can be updated here", undefined, {}, "broken", "none"],
  ["without a backend people go through the runner", undefined, VIA_RUNNER, "skipped", "the runner has the state"],
])("state backend: %s", (_, url, env, state, found) => {
  const finding = examineBackend(url, env);
  expect(finding).toMatchObject({ state, found: expect.stringContaining(found) });
  if (state === "warning" || state === "broken") expect(finding.fix).toContain(STATE_RULE);
  expect(finding.found).not.toContain("planted");
});

test("a stack that is not in a folder is the runner's where there is one, and else is not made yet", () => {
  const unknown = (backend: string, env: NodeJS.ProcessEnv) =>
    examineUnknown("staging: state", "staging", backend, env);
  expect(unknown("file://~", VIA_RUNNER)).toMatchObject({ state: "skipped", found: "not here: the runner has it" });
  expect(unknown("file://~", {})).toMatchObject({ state: "warning", fix: "dockmaster up staging --create" });
  expect(unknown("s3://state", VIA_RUNNER)).toMatchObject({ state: "warning", fix: "dockmaster up staging --create" });
});

test("the page about the state says the rule", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../../../docs/guides/state.md"), "utf8");
  expect(page).toContain(STATE_RULE);
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

test.each<[string, Finding, boolean]>([
  ["is held", examineHolder("lock", "staging", { user: "ann", host: "there", pid: 1, since: 0 }, 1), true],
  ["is free", ok("lock", "free"), false],
  ["cannot be told", skipped("lock", "Pulumi Cloud frees what was left by itself"), false],
])("a stack's services are not called left behind while an update has them: its lock %s", (_, finding, held) => {
  expect(isHeld(finding)).toBe(held);
});
