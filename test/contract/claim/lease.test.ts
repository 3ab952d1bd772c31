import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LEASE } from "../../../automation/claim/lease-signs.ts";
import { openStore } from "../../../automation/store/open.ts";
import type { Store } from "../../../automation/store/store.ts";
import { engines } from "../store/engines.ts";
import { request } from "../store/requests.ts";

/** More than a lease, and that without a pause. */
const BLOCK = LEASE + 4_000;

interface Said {
  holds?: string;
  back?: true;
  left?: number;
  stopped?: string;
}

for (const engine of engines()) {
  const why = engine.missing ? ` (${engine.missing})` : "";
  describe.skipIf(engine.missing)(`a lease on ${engine.name}${why}`, () => {
    beforeAll(() => engine.start());
    afterAll(() => engine.stop());

    let child: ChildProcess;
    let store: Store;
    let said: Said[];
    afterEach(async () => {
      child.kill("SIGKILL");
      await store.close();
    });

    const start = async (how: "thread" | "loop", timeoutMs?: number) => {
      const url = await engine.createUrl();
      store = await openStore(url);
      await store.accept(request(), Date.now());
      const words = [url, how, ...(timeoutMs === undefined ? [] : [String(timeoutMs)])];
      child = fork(fileURLToPath(new URL("./holder.ts", import.meta.url)), words, { execArgv: [] });
      said = [];
      child.on("message", (message: Said) => said.push(message));
      await expect.poll(() => said.length, { timeout: 20_000 }).toBe(1);
    };
    /** How often another runner got the stack while the holder's event loop stood still. */
    const stealWhileBlocked = async (): Promise<number> => {
      child.send({ block: BLOCK });
      let stolen = 0;
      while (!said.some(({ back }) => back)) {
        if (await store.claim("thief", LEASE, Date.now())) stolen += 1;
        await delay(100);
      }
      return stolen;
    };

    test("is kept while the event loop stands still for longer than it lasts, and nobody else gets the stack", async () => {
      await start("thread");
      expect(await stealWhileBlocked()).toBe(0);
      const { left } = said.find(({ back }) => back) ?? {};
      // The engine is told that at once: it ends itself a while before the lease runs out.
      expect(left).toBeGreaterThan(LEASE / 2);
      expect(await store.claim("thief", LEASE, Date.now())).toBeUndefined();
      expect(said.some(({ stopped }) => stopped)).toBe(false);
      child.send("end");
      expect(await once(child, "exit")).toEqual([0, null]);
      expect(await store.claim("next", LEASE, Date.now())).toBeDefined();
    }, 60_000);

    test("without the thread it would be lost, and the run learns that", async () => {
      await start("loop");
      expect(await stealWhileBlocked()).toBe(1);
      await expect.poll(() => said.find(({ stopped }) => stopped)?.stopped, { timeout: 10_000 }).toBe("lease");
    }, 60_000);

    test("that another took is not taken back, and the run learns it", async () => {
      await start("thread");
      expect(await store.claim("thief", LEASE, Date.now() + 10 * LEASE)).toBeDefined();
      await expect.poll(() => said.find(({ stopped }) => stopped)?.stopped, { timeout: 10_000 }).toBe("lease");
    }, 60_000);

    test.each<[string, number | undefined]>([
      ["cancel", undefined],
      ["timeout", 2_000],
    ])(
      "does not keep a %s from the run",
      async (reason, timeoutMs) => {
        await start("thread", timeoutMs);
        if (reason === "cancel") await store.requestCancel(said[0]?.holds ?? "", Date.now());
        await expect.poll(() => said.find(({ stopped }) => stopped)?.stopped, { timeout: 10_000 }).toBe(reason);
      },
      60_000,
    );
  });
}
