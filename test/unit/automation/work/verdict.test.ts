import { expect, test } from "vitest";
import type { CauseCode, ServiceOutcome } from "../../../../automation/domain/run.ts";
import type { EngineResult } from "../../../../automation/engine/start.ts";
import { type Evidence, judge } from "../../../../automation/work/verdict.ts";

const SUCCEEDED: EngineResult = { result: "succeeded", problem: "none", said: "" };
const FAILED: EngineResult = { result: "failed", problem: "engine", said: "error: update failed" };
const failed = (service: string, code: CauseCode): ServiceOutcome => ({
  service,
  result: "failed",
  reason: "",
  cause: { code, message: "m", hint: "h" },
});
const did = (service: string, result: ServiceOutcome["result"]): ServiceOutcome => ({ service, result, reason: "" });
const evidence = (over: Partial<Evidence>): Evidence => ({
  result: FAILED,
  records: [],
  outcomes: [],
  stopped: undefined,
  timeoutMs: 1000,
  known: true,
  ...over,
});
const told = (message: string, urn: string | null = null) => ({
  at: 0,
  event: { type: "diagnostic" as const, severity: "error" as const, urn, message },
});

test.each<[string, Partial<Evidence>, object]>([
  ["a good end", { result: SUCCEEDED }, { next: "succeed", cause: null }],
  ["a good end before the cancel reached it", { result: SUCCEEDED, stopped: "cancel" }, { next: "succeed" }],
  ["a good end after the lease was lost", { result: SUCCEEDED, stopped: "lease" }, { next: "leave" }],
  ["canceled", { stopped: "cancel" }, { next: "cancel", cause: { code: "canceled" } }],
  ["too long", { stopped: "timeout" }, { next: "fail", cause: { code: "timeout" } }],
  ["the runner stops", { stopped: "shutdown" }, { next: "requeue", cause: null }],
  ["the engine died", { result: { result: "crashed", said: "Killed" } }, { next: "recover" }],
  [
    "the engine was ended by a cancel",
    { result: { result: "crashed", said: "" }, stopped: "cancel" },
    { next: "cancel" },
  ],
  [
    "one service failed",
    { outcomes: [failed("redis", "unhealthy"), did("postgres", "changed")] },
    { next: "fail", cause: { code: "unhealthy" } },
  ],
  ["Dokploy away", { outcomes: [failed("redis", "dokploy_unreachable")] }, { next: "wait", of: "dokploy" }],
  ["Vault away", { outcomes: [failed("redis", "vault_unreachable")] }, { next: "wait", of: "vault" }],
  ["its Docker away", { outcomes: [failed("redis", "docker_unreachable")] }, { next: "wait", of: "docker" }],
  [
    "Dokploy away after something was deployed",
    { outcomes: [did("postgres", "changed"), failed("redis", "dokploy_unreachable")] },
    { next: "wait", of: "dokploy", cause: { code: "dokploy_unreachable" } },
  ],
  [
    "nobody at an address where Dokploy was before",
    { outcomes: [failed("redis", "dokploy_elsewhere")] },
    { next: "wait", of: "dokploy" },
  ],
  [
    "nobody at an address where Dokploy never was",
    { outcomes: [failed("redis", "dokploy_elsewhere")], known: false },
    { next: "fail", cause: { code: "dokploy_elsewhere" } },
  ],
  ["a key that is refused", { outcomes: [failed("redis", "dokploy_auth")] }, { next: "fail" }],
  [
    "Dokploy away in a preview",
    { records: [told("Preview failed: dokploy_unreachable: GET compose.one: no answer (check DOKPLOY_URL)")] },
    { next: "wait", of: "dokploy", cause: { code: "dokploy_unreachable", hint: "check DOKPLOY_URL" } },
  ],
  [
    "Dokploy away for one, another failed for good",
    { outcomes: [failed("redis", "dokploy_unreachable"), failed("postgres", "unhealthy")] },
    { next: "fail" },
  ],
  [
    "the environment could not be read",
    {
      records: [told("dokploy_auth: the key is not accepted (set DOKPLOY_API_KEY)"), told("update failed")],
      outcomes: [did("redis", "skipped")],
    },
    { next: "fail", cause: { code: "dokploy_auth", hint: "set DOKPLOY_API_KEY" } },
  ],
  [
    "another update holds the stack",
    { result: { ...FAILED, problem: "locked" } },
    { next: "wait", of: "stack", cause: { code: "stack_locked" } },
  ],
  ["nothing but stderr", {}, { next: "fail", cause: { code: "program_error", message: "update failed" } }],
])("%s", (_name, over, expected) => {
  expect(judge(evidence(over))).toMatchObject(expected);
});
