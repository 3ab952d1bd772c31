import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../../automation/store/open.ts";
import { engines } from "./engines.ts";
import { commit, LEASE, request, T0 } from "./requests.ts";

interface Held {
  stack: string;
  run: string;
  fence: number;
  from: bigint;
  to: bigint;
}

const STACKS = ["staging", "production", "preview-1"];
const REQUESTS = 60;

for (const engine of engines()) {
  describe.skipIf(engine.missing)(
    `several processes on ${engine.name}${engine.missing ? ` (${engine.missing})` : ""}`,
    () => {
      beforeAll(() => engine.start());
      afterAll(() => engine.stop());

      test("never hold a stack together, and the last request of each stack is the last to run", async () => {
        const url = await engine.createUrl();
        const claimers = [claimer(url, "one"), claimer(url, "two")];
        await Promise.all(claimers.map(({ ready }) => ready));
        const store = await openStore(url);
        for (let index = 0; index < REQUESTS; index += 1) {
          const stack = STACKS[index % STACKS.length] ?? "";
          await store.accept(request({ stack, commit: index.toString(16).padStart(40, "0") }), Date.now());
        }
        await expect.poll(() => store.runs({ states: ["queued", "running"] }), { timeout: 20_000 }).toEqual([]);
        await Promise.all(claimers.map(({ child }) => endCleanly(child)));

        const held = claimers.flatMap((each) => each.held);
        expect(new Set(held.map((each) => each.run)).size).toBe(held.length);
        for (const stack of STACKS) {
          const inOrder = held.filter((each) => each.stack === stack).sort((a, b) => Number(a.from - b.from));
          for (const [index, each] of inOrder.entries()) {
            const next = inOrder[index + 1];
            if (!next) continue;
            expect(next.from).toBeGreaterThanOrEqual(each.to);
            expect(next.fence).toBeGreaterThan(each.fence);
            expect(next.run > each.run).toBe(true);
          }
          expect(inOrder.at(-1)?.run).toBe((await store.newestAccepted(stack))?.id);
        }
        const ended = await store.runs({ limit: 2 * REQUESTS });
        expect(ended).toHaveLength(REQUESTS);
        expect(ended.filter((run) => run.state === "succeeded")).toHaveLength(held.length);
        await store.close();
      });

      test("lose nothing that was accepted when one of them is killed", async () => {
        const url = await engine.createUrl();
        const store = await openStore(url);
        await store.accept(request(), T0);
        const { child, ready } = claimer(url, "killed", "hold");
        await ready;
        await expect.poll(() => store.runs({ states: ["running"] }), { timeout: 10_000 }).toHaveLength(1);
        child.kill("SIGKILL");
        await once(child, "exit");

        await store.accept(request({ commit: commit("b") }), Date.now());
        expect(await store.claim("two", LEASE, Date.now())).toBeUndefined();
        const taken = await store.claim("two", LEASE, Date.now() + 60_000);
        expect(taken?.run).toMatchObject({ commit: commit("a"), state: "running" });
        await store.close();
      });

      test("lose no accepted request when the one that accepts is killed in the middle", async () => {
        const url = await engine.createUrl();
        const child = fork(fileURLToPath(new URL("./acceptor.ts", import.meta.url)), [url], { execArgv: [] });
        const accepted: string[] = [];
        child.on("message", (message: { run: string }) => accepted.push(message.run));
        await expect.poll(() => accepted.length, { timeout: 10_000 }).toBeGreaterThan(20);
        child.kill("SIGKILL");
        await once(child, "close");

        const store = await openStore(url);
        const kept = new Set((await store.runs({ limit: 10_000 })).map((run) => run.id));
        expect(accepted.filter((id) => !kept.has(id))).toEqual([]);
        await store.accept(request(), Date.now());
        await store.close();
      });

      test("may open an empty store at once", async () => {
        const url = await engine.createUrl();
        const stores = await Promise.all([openStore(url), openStore(url), openStore(url)]);
        for (const store of stores) {
          await store.ping(T0);
          await store.close();
        }
      });
    },
  );
}

function claimer(
  url: string,
  owner: string,
  mode = "finish",
): { child: ChildProcess; ready: Promise<unknown>; held: Held[] } {
  const child = fork(fileURLToPath(new URL("./claimer.ts", import.meta.url)), [url, owner, mode], {
    execPath: process.execPath,
    execArgv: [],
  });
  const held: Held[] = [];
  child.on("message", (message: { run?: string; stack: string; fence: number; from: string; to: string }) => {
    if (message.run === undefined) return;
    held.push({ ...message, run: message.run, from: BigInt(message.from), to: BigInt(message.to) });
  });
  return { child, ready: once(child, "message"), held };
}

async function endCleanly(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.send("end");
  expect(await exit).toEqual([0, null]);
}
