import { afterAll, beforeAll, expect, it } from "vitest";
import { provenContainers } from "../../../automation/engine/proven.ts";
import { wallClock } from "../../../emulator/containers/simulation/run/clock.ts";
import { composeFile, isAsLeft, type LookFixture, openLookFixture } from "./fixture.ts";

const SERVICES = Number(process.env.LOOK_SERVICES ?? 40);
const HOURS = 5 * 3_600_000;

/** Docker's clock, by which containers get old. It goes from a fixed distance to ours, as that of a server whose time is not set. */
let ahead = -2 * HOURS;
const clock = {
  now: () => Date.now() + ahead,
  until: (at: number, signal: AbortSignal) => wallClock.until(at - ahead, signal),
};

let fixture: LookFixture;
beforeAll(async () => {
  fixture = await openLookFixture({ clock });
  const services = Array.from({ length: SERVICES }, (_, index) => {
    const name = `s${index}`;
    return { name, composeFile: composeFile(name), env: { PASSWORD: "x".repeat(40) } };
  });
  await fixture.up(services);
  ahead += HOURS;
}, 120_000);
afterAll(() => fixture.close());

const total = (requests: Record<string, number>) => Object.values(requests).reduce((sum, count) => sum + count, 0);

it("a refresh of services that are hours old asks for each once, where a look has just seen their containers", async () => {
  const { refresh } = fixture.engine;
  const before = await fixture.requests(async () => {
    expect(await refresh(fixture.context, { preview: true })).toEqual([]);
  });
  // Without a look it has to ask for each container.
  expect(total(before)).toBeGreaterThanOrEqual(2 * SERVICES);

  const look = await fixture.look();
  expect(isAsLeft(look, fixture.left())).toBe(true);
  const proven = provenContainers(fixture.left(), look);
  expect(Object.keys(proven)).toHaveLength(SERVICES);
  const requests = await fixture.requests(async () => {
    expect(await refresh({ ...fixture.context, proven }, { preview: true })).toEqual([]);
  });
  if (process.env.LOOK_SERVICES)
    console.log(`${SERVICES} services: ${total(before)} requests, ${total(requests)} after a look`);
  expect(total(requests), JSON.stringify(requests)).toBeLessThanOrEqual(SERVICES + 10);
});

it("and finds one that was started again since", async () => {
  const look = await fixture.look();
  const proven = provenContainers(fixture.left(), look);
  fixture.containers.script("platform-s3", { outcome: "restarting", afterMs: 600, exitCode: 137, now: true });
  const isAgain = async () => {
    const config = await fixture.containers.inspect("platform-s3");
    return config?.RestartCount === 1 && JSON.stringify(config.State).includes('"healthy"');
  };
  await expect.poll(isAgain, { timeout: 20_000 }).toBe(true);
  await fixture.engine.refresh({ ...fixture.context, proven }, { preview: true });
  expect(fixture.left).toThrow("nothing was left");
});
