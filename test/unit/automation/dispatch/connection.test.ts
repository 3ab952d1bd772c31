import { duplexPair } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import { type Connection, connectWorker, WorkerGone } from "../../../../automation/dispatch/connection.ts";
import type { Run } from "../../../../automation/domain/run.ts";
import { type Channel, openChannel } from "../../../../automation/socket/frames.ts";
import type { FromWorker, ToWorker } from "../../../../automation/socket/messages.ts";
import type { RunEvents, WorkSpec } from "../../../../automation/work/perform.ts";

/** A worker that says whatever a test wants: somebody may have got hold of it. */
interface FakeWorker {
  connection: Connection;
  channel: Channel;
  /** What the door told it. */
  told: ToWorker[];
  say(message: unknown): void;
  /** Bytes of files that came, by number. */
  files: Map<number, string>;
}

let open: FakeWorker | undefined;
afterEach(() => open?.connection.close());

async function connectFake(
  files = async function* (commit: string) {
    yield Buffer.from(`files of ${commit}`);
  },
): Promise<FakeWorker> {
  const [door, worker] = duplexPair();
  const told: ToWorker[] = [];
  const arrived = new Map<number, string>();
  const channel = openChannel(worker, {
    message: (message) => told.push(message as ToWorker),
    bytes: (id, piece) => arrived.set(id, (arrived.get(id) ?? "") + piece.toString()),
    closed: () => {},
  });
  const say = (message: unknown) => channel.send(message);
  const connecting = connectWorker(door, { files });
  say({ type: "hello", stacks: ["staging"], host: "engine", knows: [] } satisfies FromWorker);
  open = { connection: await connecting, channel, told, say, files: arrived };
  return open;
}

const specOf = (id: string): WorkSpec =>
  ({
    run: { id, stack: "staging", commit: "a".repeat(40), attempts: 0, session: null } as unknown as Run,
    before: undefined,
    known: true,
    services: [],
    merged: true,
    runTimeoutMs: 1_000,
    outagePatienceMs: 0,
  }) satisfies WorkSpec;

const listen = () => {
  const kept: unknown[] = [];
  const events: RunEvents = {
    append: async (added) => void kept.push(...added),
    note: async (patch) => void kept.push(patch),
    leaseUntil: () => Date.now() + 8_000,
    phaseEnded: (name) => void kept.push(name),
    lockRemoved: (lock) => void kept.push(lock),
  };
  return { kept, events };
};
const SUCCEEDED = { verdict: { next: "succeed", cause: null }, outcomes: [] };
const never = new AbortController().signal;

test("a run is handed over, tells what happens, gets its commit's files and ends", async () => {
  const { connection, told, say, files } = await connectFake();
  const { kept, events } = listen();
  const ending = connection.perform(specOf("one"), events, never);
  await vi.waitFor(() => expect(told.map(({ type }) => type)).toContain("run"));
  say({ type: "files", id: 7, run: "one" });
  say({ type: "append", id: 8, run: "one", events: [{ at: 1, type: "phase", data: { name: "engine" } }] });
  await vi.waitFor(() => expect(files.get(7)).toBe(`files of ${"a".repeat(40)}`));
  await vi.waitFor(() => expect(told).toContainEqual({ type: "answer", id: 8 }));
  say({ type: "end", run: "one", ending: SUCCEEDED });
  expect(await ending).toEqual(SUCCEEDED);
  expect(kept).toEqual([{ at: 1, type: "phase", data: { name: "engine" } }]);
});

test("what it says of a run that it was not handed, or that has ended, counts for nothing", async () => {
  const { connection, told, say, files } = await connectFake();
  const [one, two] = [listen(), listen()];
  const first = connection.perform(specOf("one"), one.events, never);
  await vi.waitFor(() => expect(told).toHaveLength(1));
  for (const run of ["two", "__proto__", ""]) {
    say({ type: "end", run, ending: SUCCEEDED });
    say({ type: "append", id: 1, run, events: [{ at: 1, type: "forged", data: {} }] });
    say({ type: "note", id: 2, run, patch: { attempts: 9, session: null } });
    say({ type: "files", id: 3, run });
    say({ type: "mistake", run, message: "forged" });
  }
  // All of it was heard before the second one is handed over.
  const heard = connection.check("engine");
  say({ type: "check", name: "engine", has: true, problem: null, status: null });
  await heard;
  const second = connection.perform(specOf("two"), two.events, never);
  await vi.waitFor(() => expect(told.filter(({ type }) => type === "run")).toHaveLength(2));
  say({ type: "end", run: "one", ending: SUCCEEDED });
  await first;
  // Late words of the first.
  say({ type: "append", id: 4, run: "one", events: [{ at: 2, type: "late", data: {} }] });
  say({ type: "end", run: "one", ending: { verdict: { next: "fail", cause: null }, outcomes: [] } });
  say({ type: "end", run: "two", ending: SUCCEEDED });
  expect(await second).toEqual(SUCCEEDED);
  expect([one.kept, two.kept]).toEqual([[], []]);
  expect(files.size).toBe(0);
  expect(told.filter(({ type }) => type === "answer")).toEqual([]);
});

test("a lost lease ends the run with what the store said, whatever the worker makes of it", async () => {
  const { connection, told, say } = await connectFake();
  const { events } = listen();
  const lost = new Error("the stack is not ours any more");
  const ending = connection.perform(specOf("one"), { ...events, note: () => Promise.reject(lost) }, never);
  await vi.waitFor(() => expect(told).toHaveLength(1));
  say({ type: "note", id: 1, run: "one", patch: { attempts: 1, session: null } });
  await vi.waitFor(() => expect(told).toContainEqual(expect.objectContaining({ type: "answer", id: 1 })));
  expect(JSON.stringify(told)).not.toContain(lost.message);
  say({ type: "end", run: "one", ending: SUCCEEDED });
  await expect(ending).rejects.toBe(lost);
});

test.each<[string, unknown]>([
  ["no message", "hello"],
  ["a type that there is not", { type: "run", spec: {} }],
  ["an ending that there is not", { type: "end", run: "one", ending: { verdict: { next: "promote" }, outcomes: [] } }],
  ["a number that is none", { type: "append", id: -1, run: "one", events: [] }],
  ["an event without a time", { type: "append", id: 1, run: "one", events: [{ type: "x", data: {} }] }],
  [
    "a result that there is not",
    { type: "end", run: "one", ending: { ...SUCCEEDED, outcomes: [{ service: "a", result: "owned", reason: "" }] } },
  ],
  ["a text without end", { type: "mistake", run: "one", message: "x".repeat(300_000) }],
])("who says %s is let go, and its runs with it", async (_, message) => {
  const { connection, told, say } = await connectFake();
  const ending = connection.perform(specOf("one"), listen().events, never);
  ending.catch(() => {});
  await vi.waitFor(() => expect(told).toHaveLength(1));
  say(message);
  await expect(ending).rejects.toThrow(WorkerGone);
  expect(await connection.gone).toContain("it said what no worker says");
});

test("who sends bytes, or a frame without end, is let go", async () => {
  const bytes = await connectFake();
  await bytes.channel.sendBytes(1, Buffer.from("x"));
  expect(await bytes.connection.gone).toContain("it sent bytes");
  const [door, worker] = duplexPair();
  const connecting = connectWorker(door, { files: async function* () {} });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(0xffff_ffff);
  worker.write(head);
  await expect(connecting).rejects.toThrow("no frame");
});

test("a file that cannot be read is told, and the connection goes on", async () => {
  const { connection, told, say } = await connectFake(async function* () {
    yield Buffer.from("half");
    throw new Error("the mirror is away");
  });
  const ending = connection.perform(specOf("one"), listen().events, never);
  await vi.waitFor(() => expect(told).toHaveLength(1));
  say({ type: "files", id: 5, run: "one" });
  await vi.waitFor(() => expect(told).toContainEqual({ type: "files", id: 5, error: "the mirror is away" }));
  say({ type: "end", run: "one", ending: SUCCEEDED });
  expect(await ending).toEqual(SUCCEEDED);
});
