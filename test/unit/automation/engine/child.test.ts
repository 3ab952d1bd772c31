import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EngineJob } from "../../../../automation/engine/messages.ts";
import { listSession } from "../../../../automation/engine/process-group.ts";
import { type RunningEngine, readyEngine } from "../../../../automation/engine/start.ts";
import { readProven } from "../../../../components/dokploy/seen/proven.ts";

let folder: string;
let engine: RunningEngine | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "engine-child-"));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: dockmaster\n");
  writeFileSync(join(folder, "Pulumi.staging.yaml"), "config: {}\n");
});
afterEach(async () => {
  await engine?.ended;
  rmSync(folder, { recursive: true });
});

const program = (name: string, script: string) => {
  writeFileSync(join(folder, "bin", name), `#!/bin/sh\ncd ${folder}\n${script}\n`);
  chmodSync(join(folder, "bin", name), 0o755);
};
const asked = () => readFileSync(join(folder, "asked"), "utf8").trim().split("\n");
const start = (recoverTo: string | null, more: Partial<EngineJob> = {}) => {
  const job = {
    ...more,
    kind: "update",
    stack: "staging",
    workDir: folder,
    message: "m",
    giveUp: [],
    recoverTo,
  } as const;
  const path = [join(folder, "bin"), dirname(process.execPath), process.env.PATH].join(delimiter);
  const ready = readyEngine({ env: { PATH: path }, as: [] });
  engine = ready?.begin({ ...job, configFile: join(folder, "Pulumi.staging.yaml") }, () => {});
  engine?.holdUntil(Date.now() + 60_000);
  return engine!;
};

test("a run after one that was cut off before it had made its stack makes it", async () => {
  program(
    "pulumi",
    `echo "$1 $2" >> asked
[ "$1 $2" = "stack init" ] && touch made
[ -e made ] || { echo "error: no stack named 'staging' found" >&2; exit 6; }
echo '{}'`,
  );
  const copy = join(folder, "copy.json");
  expect(await start(copy).ended).toMatchObject({ result: "succeeded" });
  expect(asked()).toEqual(["stack export", "stack init", "stack export", "refresh --skip-preview", "up --refresh"]);
  expect(readFileSync(copy, "utf8")).toBe("{}\n");
});

test("providers read which containers the last look saw, where the engine is told", async () => {
  program("pulumi", "cat /dev/null $DOCKMASTER_PROVEN > asked");
  const seen = join(folder, "seen.jsonl");
  const proven = { redis: { id: "fb31f9f89c88", startedAt: "2026-11-20T13:00:00Z", restarts: 0, at: 1 } };
  await start(null, { seen, proven }).ended;
  expect(readProven(join(folder, "asked"))).toEqual(proven);
  await start(null, { seen }).ended;
  expect(readProven(join(folder, "asked"))).toEqual({});
});

test("an engine that is started just when the run is canceled does nothing", async () => {
  program("pulumi", 'echo "$1 $2" >> asked');
  // What makes the pipe takes no notice of the signal.
  program("mkfifo", `trap '' INT\ntouch making\nsleep 0.5\nexec /usr/bin/mkfifo "$@"`);
  const { session, ended } = start(null);
  await vi.waitFor(() => expect(existsSync(join(folder, "making"))).toBe(true), 5_000);
  process.kill(-session.sid, "SIGINT");
  expect(await ended).toMatchObject({ result: "failed", said: "canceled before the engine started" });
  expect(existsSync(join(folder, "asked"))).toBe(false);
});

test("one that was made ready and is not needed does nothing, and is gone", async () => {
  program("pulumi", 'echo "$1 $2" >> asked');
  const ready = readyEngine({ env: { PATH: `${join(folder, "bin")}:${dirname(process.execPath)}` }, as: [] });
  const isThere = () => listSession(ready!.session).length > 0;
  expect(isThere()).toBe(true);
  await ready?.drop();
  expect(isThere()).toBe(false);
  expect(existsSync(join(folder, "asked"))).toBe(false);
});

/** A process with the engine's user that got hold of its channel: here it takes the place of the engine itself. */
const told = async (script: string) => {
  program("hostile", `exec ${process.execPath} -e '${script}'`);
  const job = { kind: "update", stack: "staging", workDir: folder, message: "m", giveUp: [], recoverTo: null } as const;
  const env = { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` };
  const ready = readyEngine({ env, as: [join(folder, "bin/hostile")] });
  engine = ready?.begin({ ...job, configFile: join(folder, "Pulumi.staging.yaml") }, () => {});
  return engine?.ended;
};
const frame =
  "const frame = (text) => { const head = Buffer.alloc(5); head.writeUInt32BE(Buffer.byteLength(text)); return Buffer.concat([head, Buffer.from(text)]); };";
const write = "const write = (bytes) => require(`fs`).writeSync(3, bytes);";

test.each([
  ["null", "null"],
  ["what is no JSON", "{"],
  ["an event without a type", '{"event":{},"at":1}'],
  [
    "an event of a type that has no such field",
    '{"event":{"type":"diagnostic","severity":"error","urn":{},"message":[]},"at":1}',
  ],
  ["a name without end", `{"event":{"type":"summary","result":"${"x".repeat(5_000)}"},"at":1}`],
])("an engine that says %s ends its run and not the worker", async (_, text) => {
  const said = await told(`${frame} ${write} write(frame(${JSON.stringify(text)})); setTimeout(() => {}, 60000);`);
  expect(said).toMatchObject(text === "{" ? { result: "crashed" } : { result: "failed", problem: "engine" });
});

test("an engine that tells without end ends its run", async () => {
  const text = `{"event":{"type":"diagnostic","severity":"info","urn":null,"message":"${"x".repeat(60_000)}"},"at":1}`;
  const script = `${frame} const one = frame(${JSON.stringify(text)}); const s = new (require("net").Socket)({ fd: 3 }); s.on("error", () => {}); const go = () => { while (s.write(one)); s.once("drain", go); }; go();`;
  expect(await told(script)).toMatchObject({ result: "failed", said: "the engine told of more than 64 MiB" });
}, 30_000);
