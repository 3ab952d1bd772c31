import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { isOf, readStateMark, refuseState } from "../../../../../automation/state/state-mark.ts";
import { answerLook } from "../../../../../automation/work/look/answer.ts";
import { describeLeft } from "../../../../../automation/work/look/kept.ts";
import { fingerprintKey } from "../../../../../components/dokploy/rules/fingerprint.ts";
import { digested } from "../../../../../components/dokploy/rules/observe.ts";
import { sealChecks } from "../../../../../components/look/watch-checks.ts";
import { startEmulator } from "../../../../../emulator/emulator.ts";

let folder: string;
let stateFile: string;
let locks: string;
const given: Record<string, string> = {};
const environment = { type: "environment", id: "e", organizationId: "o", parts: {} } as const;
// Nobody listens there: what is looked at cannot be told, which is an answer too.
const resources = [{ ...environment, serverUrl: "http://127.0.0.1:1" }];
const stackFile = "config:\n  dokploy:url: http://127.0.0.1:1\n";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-look-"));
  const root = join(folder, "state", ".pulumi");
  locks = join(root, "locks", "organization", "platform", "staging");
  mkdirSync(join(root, "stacks", "platform"), { recursive: true });
  mkdirSync(locks, { recursive: true });
  stateFile = join(root, "stacks", "platform", "staging.json");
  writeFileSync(join(folder, "pulumi"), "");
  chmodSync(join(folder, "pulumi"), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  writeFileSync(stateFile, "{}");
  rmSync(join(locks, "l.json"), { force: true });
  for (const name of Object.keys(given)) delete given[name];
  Object.assign(given, { PLATFORM_KEY: "k".repeat(40), DOKPLOY_API_KEY: "a key" });
});

const backendUrl = () => `file://${join(folder, "state")}`;
const context = (version = "1.0.0") => ({
  config: { dataDir: folder, backendUrl: backendUrl(), logLevel: "info" },
  enginePath: folder,
  version: () => version,
  programEnvironment: () => ({ ...given }),
  sealed: new Map<string, Record<string, string>>(),
  mask: (text: string) => text.replaceAll("127.0.0.1", "•••"),
  proven: new Map(),
});
const keep = async (more: { sealed?: Record<string, string>; stackFile?: string; endedAt?: number } = {}) => {
  const told = { resources: [...resources], endedAt: Date.now() + 60_000, notLeft: undefined, sealed: {}, ...more };
  return describeLeft(context(), {
    told,
    stack: "staging",
    project: "platform",
    stackFile,
    given: { ...given },
    ...more,
  });
};
const kept = async (more: Parameters<typeof keep>[0] = {}) => {
  const found = await keep(more);
  if ("missing" in found) throw new Error(found.missing);
  return found.left;
};
const ask = async (
  left: Awaited<ReturnType<typeof kept>>,
  { on = context(), purpose = "answer" as "answer" | "watch" } = {},
) => {
  const question = { stack: "staging", left, proven: {}, keptAt: Date.now(), purpose };
  return answerLook(on, question, AbortSignal.timeout(20_000));
};

test("where settings and state are those that were left, it looks", async () => {
  const { look, refused } = await ask(await kept());
  expect([refused, look?.resources]).toMatchObject([undefined, [{ type: "environment", is: "unknown" }]]);
});

test("what the worker alone knows to be secret is in no reason that it gives", async () => {
  given.DOKPLOY_API_KEY = "a-key";
  const { look } = await ask(await kept());
  expect(look?.resources[0]?.why).toContain("•••");
  expect(JSON.stringify(look)).not.toContain("127.0.0.1");
  const check = { url: "http://127.0.0.1:1/", attempts: 1, interval: 0 };
  const checks = sealChecks([check], fingerprintKey(given.PLATFORM_KEY) as Buffer);
  const service = { type: "service", service: "redis", composeId: "c", appName: "a", environmentId: "e" } as const;
  const place = { organizationId: "o", serverUrl: "http://127.0.0.1:1", parts: {}, ignore: [], checks };
  const left = { ...(await kept()), resources: [{ ...service, ...place }] };
  const question = { stack: "staging", left, proven: {}, keptAt: 0, purpose: "checks", forMs: 5_000 } as const;
  const answer = await answerLook(context(), question, AbortSignal.timeout(20_000));
  expect(answer.checks).toMatchObject({ say: "failed", why: expect.stringContaining("•••") });
  expect(JSON.stringify(answer)).not.toContain("127.0.0.1");
});

test.each<[string, () => void, string]>([
  ["another key", () => Object.assign(given, { DOKPLOY_API_KEY: "another" }), "other settings"],
  ["a setting more", () => Object.assign(given, { DOKPLOY_TIMEOUT: "5" }), "other settings"],
  ["another state", () => writeFileSync(stateFile, "{ }"), "written since by somebody else"],
  ["no state", () => rmSync(stateFile), "not where it was"],
  ["a lock", () => writeFileSync(join(locks, "l.json"), "{}"), "somebody is at work"],
])("%s: only an engine can tell, and to watch it is no reason", async (_, change, why) => {
  const left = await kept();
  change();
  expect(await ask(left)).toEqual({ refused: expect.stringContaining(why) });
  expect(await ask(left, { purpose: "watch" })).toHaveProperty("look");
});

test("to watch, a state that somebody else wrote is a reason only where something differs: that is their update", async () => {
  const dokploy = await startEmulator({ dataDir: join(folder, "dokploy") });
  try {
    Object.assign(given, { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey });
    const made = await fetch(new URL("/api/project.create", dokploy.url), {
      method: "POST",
      headers: { "x-api-key": dokploy.apiKey, "content-type": "application/json" },
      body: JSON.stringify({ name: "platform" }),
    });
    const {
      environment: { environmentId },
      project: { organizationId },
    } = (await made.json()) as {
      environment: { environmentId: string };
      project: { organizationId: string };
    };
    const left = { ...(await kept()), told: { values: {}, sealed: [] } };
    const place = { type: "environment", id: environmentId, organizationId, serverUrl: dokploy.url } as const;
    const other = {
      ...left,
      resources: [
        {
          ...place,
          parts: digested(fingerprintKey("k".repeat(40)) as Buffer, environmentId, { name: "another name" }),
        },
      ],
    };
    const watch = { purpose: "watch" } as const;
    expect(await ask(other, watch)).toMatchObject({ look: { resources: [{ is: "other" }] } });
    writeFileSync(stateFile, "{ }");
    expect(await ask(other, watch)).toEqual({ refused: expect.stringContaining("written since by somebody else") });
    expect(await ask({ ...other, state: null }, watch)).toMatchObject({ look: { resources: [{ is: "other" }] } });
  } finally {
    await dokploy.close();
  }
});

test("another runner, another form, and a backend that tells nothing: only an engine can tell", async () => {
  const left = await kept();
  expect(await ask(left, { on: context("1.0.1") })).toEqual({ refused: expect.stringContaining("other settings") });
  expect(await ask({ ...left, format: 2 })).toEqual({ refused: expect.stringContaining("another form") });
  expect(await ask({ ...left, state: null })).toEqual({ refused: expect.stringContaining("in this backend") });
  expect(await refuseState("gs://bucket", "staging", "platform/m", {})).toContain("in this backend");
});

test("a key that only the stack's file has is used as long as the worker remembers it, and never kept", async () => {
  delete given.DOKPLOY_API_KEY;
  const file = `${stackFile}  dokploy:apiKey:\n    secure: v1:xyz\n`;
  const sealed = { DOKPLOY_API_KEY: "from the file" };
  const left = await kept({ sealed, stackFile: file });
  expect(JSON.stringify(left)).not.toContain("from the file");
  expect(left.told).toEqual({ values: { DOKPLOY_URL: "http://127.0.0.1:1" }, sealed: ["DOKPLOY_API_KEY"] });
  expect(await ask(left)).toEqual({ refused: expect.stringContaining("DOKPLOY_API_KEY is only in the stack's file") });
  const on = context();
  on.sealed.set("staging", sealed);
  expect(await ask(left, { on })).toHaveProperty("look");
  on.sealed.set("staging", { DOKPLOY_API_KEY: "another" });
  expect(await ask(left, { on })).toEqual({ refused: expect.stringContaining("other settings") });
});

test("a key in clear in the stack's file is not kept either", async () => {
  delete given.DOKPLOY_API_KEY;
  const left = await kept({ sealed: { DOKPLOY_API_KEY: "clear" }, stackFile: "config:\n  dokploy:apiKey: clear\n" });
  expect(JSON.stringify(left)).not.toContain('"clear"');
  expect(left.told?.sealed).toEqual(["DOKPLOY_API_KEY"]);
});

test("nothing is left without the platform's key, where somebody is at work, or wrote the state since", async () => {
  expect(await keep({ endedAt: statSync(stateFile).mtimeMs - 1 })).toEqual({ missing: expect.any(String) });
  writeFileSync(join(locks, "l.json"), "{}");
  expect(await keep()).toEqual({ missing: expect.any(String) });
  rmSync(join(locks, "l.json"));
  delete given.PLATFORM_KEY;
  expect(await keep()).toEqual({ missing: "PLATFORM_KEY is not known" });
});

test("whether a state is an engine's own: by when it was written", async () => {
  utimesSync(stateFile, 1_000, 1_000);
  const found = await readStateMark(backendUrl(), "platform", "staging", {});
  expect([isOf(1_000_000, found), isOf(999_999, found), isOf(9e12, { locked: true })]).toEqual([true, false, false]);
});
