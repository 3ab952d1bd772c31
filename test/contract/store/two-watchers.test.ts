import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  heals,
  looked,
  type WatchedOptions,
  type WatchedStacks,
  watchStacks,
} from "../../unit/automation/watch/watched-stack.ts";
import { engines } from "./engines.ts";

for (const engine of engines()) {
  describe.skipIf(engine.missing)(
    `two runners on one ${engine.name}${engine.missing ? ` (${engine.missing})` : ""}`,
    () => {
      const doors: WatchedStacks[] = [];
      const openDoor = async (options: WatchedOptions) => {
        const door = await watchStacks(options);
        doors.push(door);
        return door;
      };
      beforeAll(() => engine.start());
      afterAll(() => engine.stop());
      afterEach(async () => {
        for (const door of doors.splice(0)) await door.close();
      });

      test("look one at a time; a finding is told once, and brought back by one sync", async () => {
        const url = await engine.createUrl();
        const options = { url, file: "config: {platform:drift: heal}" };
        const [one, two] = [await openDoor(options), await openDoor(options)];
        await one.deploy();
        let looks = 0;
        let at = 0;
        let most = 0;
        const shows = (resources: ReturnType<typeof looked>[]) => async () => {
          looks += 1;
          at += 1;
          most = Math.max(most, at);
          await delay(5);
          at -= 1;
          return resources;
        };
        /** Both let the same time pass, side by side. */
        const pass = async (seconds: number) => {
          for (let second = 0; second < seconds; second += 1) await Promise.all([one.pass(1_000), two.pass(1_000)]);
        };
        for (const door of doors) door.worker.shows = shows([looked("redis")]);
        await pass(200);
        expect(looks).toBeGreaterThanOrEqual(3);
        expect(looks).toBeLessThanOrEqual(5);
        for (const door of doors) door.worker.shows = shows([looked("redis", { is: "other", differs: ["env.A"] })]);
        await pass(200);
        expect(most).toBe(1);
        expect(await one.store.openObservations()).toHaveLength(1);
        expect(await heals(two.store)).toHaveLength(1);
        expect([...(await one.told()), ...(await two.told())]).toHaveLength(1);
      });

      test("one goes on where the other was ended", async () => {
        const url = await engine.createUrl();
        const [one, two] = [await openDoor({ url }), await openDoor({ url })];
        await one.deploy();
        one.worker.shows = async () => [looked("redis", { is: "other", differs: ["env.A"] })];
        await one.pass(0);
        two.worker.shows = one.worker.shows;
        await two.pass(60_000);
        expect(await two.store.openObservations()).toMatchObject([{ confirmedAt: expect.any(Number) }]);
        expect(await two.told()).toHaveLength(1);
        expect(two.questions[0]?.proven).toEqual({ redis: one.clock.now });
      });
    },
  );
}
