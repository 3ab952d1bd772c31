import { type Duplex, duplexPair } from "node:stream";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { connectWorker } from "../../../../automation/dispatch/connection.ts";
import type { Log } from "../../../../automation/log.ts";
import type { Ending, RunEvents, WorkContext, WorkSpec } from "../../../../automation/work/perform.ts";
import { type Served, serveDoor } from "../../../../automation/work/serve-door.ts";

type Work = (context: WorkContext, spec: WorkSpec, events: RunEvents) => Promise<Ending>;

/** What a run does, by its number. */
const works = new Map<string, Work>();
vi.mock("../../../../automation/work/update.ts", () => ({
  performRun: (context: WorkContext, spec: WorkSpec, events: RunEvents) =>
    works.get(spec.run.id)?.(context, spec, events),
}));

const log = { warn: vi.fn(), error: vi.fn(), child: () => log } as unknown as Log;
const well: Ending = { verdict: { next: "succeed", cause: null }, outcomes: [] };
const ends: Duplex[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.destroy();
  works.clear();
});

const start = async (files: () => AsyncIterable<Buffer> = async function* () {}) => {
  const [door, worker] = duplexPair();
  ends.push(door, worker);
  const served: Served = {
    context: { log, mask: (text: string) => text } as unknown as Served["context"],
    stacks: undefined,
    running: new Set<string>(),
    host: "here",
    knows: async () => [],
    keepState: async () => {},
    check: async () => ({ has: false, problem: null, status: null }),
  };
  void serveDoor(worker, served);
  return { worker, connection: await connectWorker(door, { files }) };
};
const events = (): RunEvents => ({
  append: async () => {},
  note: async () => {},
  leaseUntil: () => Date.now() + 60_000,
  phaseEnded: () => {},
  lockRemoved: () => {},
});
const spec = (id: string) => ({ run: { id, stack: "staging" } }) as unknown as WorkSpec;
const never = new AbortController().signal;

test.each<[string, Work]>([
  [
    "names a service without end",
    async () => ({
      ...well,
      outcomes: [{ service: "x".repeat(300), result: "created", reason: "" } as unknown as Ending["outcomes"][number]],
    }),
  ],
  [
    "ends with more than a frame takes",
    async () => ({
      ...well,
      outcomes: Array.from(
        { length: 200 },
        (_, index) => ({ service: `s-${index}`, result: "created", reason: "x".repeat(150_000) }) as never,
      ),
    }),
  ],
  [
    "notes what nobody takes",
    async (_, __, { note }) => {
      await note({ session: { sid: "no" } as never });
      return well;
    },
  ],
  [
    "makes a mistake of many words",
    async () => {
      throw new Error("x".repeat(500_000));
    },
  ],
])("a run that %s ends alone", async (_, work) => {
  const { connection } = await start();
  const go = Promise.withResolvers<Ending>();
  works.set("good", () => go.promise).set("bad", work);
  const good = connection.perform(spec("good"), events(), never);
  await expect(connection.perform(spec("bad"), events(), never)).rejects.toThrow(/longer than|too long|xxxx/);
  go.resolve(well);
  expect(await good).toEqual(well);
});

test("a lock of a long name is told as far as it goes", async () => {
  const { connection } = await start();
  const heard = { ...events(), lockRemoved: vi.fn() };
  works.set("run", async (_, __, { lockRemoved }) => {
    lockRemoved("x".repeat(500));
    return well;
  });
  expect(await connection.perform(spec("run"), heard, never)).toEqual(well);
  expect(heard.lockRemoved).toHaveBeenCalledWith("x".repeat(200));
});

test("a worker that is gone takes no run, no question and no state", async () => {
  const { connection, worker } = await start();
  worker.destroy();
  await connection.gone;
  await expect(connection.perform(spec("run"), events(), never)).rejects.toThrow("is gone");
  await expect(connection.check("engine")).rejects.toThrow("is gone");
  await expect(connection.handState((async function* () {})())).rejects.toThrow("is gone");
});

test("a commit comes as fast as it is unpacked, and one that nobody unpacks is not asked for", async () => {
  let sent = 0;
  const all = 400;
  const { connection } = await start(async function* () {
    for (; sent < all; sent += 1) yield Buffer.alloc(1024 ** 2);
  });
  works.set("slow", async ({ files }) => {
    let got = 0;
    for await (const piece of files("slow")) {
      if (got === 0) {
        for (let before = -1; before !== sent; ) {
          before = sent;
          await delay(300);
        }
        expect(sent).toBeLessThan(100);
      }
      got += piece.length;
    }
    expect(got).toBe(all * 1024 ** 2);
    return well;
  });
  expect(await connection.perform(spec("slow"), events(), never)).toEqual(well);
  works.set("none", async ({ files }) => {
    files("none");
    await turn();
    return well;
  });
  sent = 0;
  expect(await connection.perform(spec("none"), events(), never)).toEqual(well);
  expect(sent).toBe(0);
}, 30_000);

test("a commit whose reader stops in the middle keeps nothing else", async () => {
  const { connection } = await start(async function* () {
    for (let sent = 0; sent < 200; sent += 1) yield Buffer.alloc(1024 ** 2);
  });
  works.set("first", async ({ files }) => {
    for await (const _ of files("first")) {
      await delay(500);
      return well;
    }
    return well;
  });
  works.set("second", async ({ files }) => {
    for await (const _ of files("second"));
    return well;
  });
  expect(await connection.perform(spec("first"), events(), never)).toEqual(well);
  expect(await connection.perform(spec("second"), events(), never)).toEqual(well);
}, 30_000);
