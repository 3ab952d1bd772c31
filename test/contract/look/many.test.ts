import { afterAll, beforeAll, expect, it } from "vitest";
import { composeFile, isAsLeft, type LookFixture, openLookFixture } from "./fixture.ts";

// LOOK_SERVICES=400 npx vitest run test/contract/look/many.test.ts prints what a look of so many costs.
const SERVICES = Number(process.env.LOOK_SERVICES ?? 60);

let fixture: LookFixture;
beforeAll(async () => {
  fixture = await openLookFixture();
  const services = Array.from({ length: SERVICES }, (_, index) => {
    const name = `s${index}`;
    return { name, composeFile: composeFile(name), env: { PASSWORD: "x".repeat(40) } };
  });
  await fixture.up(services);
}, 600_000);
afterAll(() => fixture.close());

const total = (requests: Record<string, number>) => Object.values(requests).reduce((sum, count) => sum + count, 0);

it("a look of many services asks for each once, and a few times for all", async () => {
  let left = false;
  const requests = await fixture.requests(async () => {
    left = isAsLeft(await fixture.look(), fixture.left());
  });
  expect(left).toBe(true);
  if (process.env.LOOK_SERVICES) await measure();
  expect(total(requests), JSON.stringify(requests)).toBeLessThanOrEqual(SERVICES + 10);
});

it("and so does a refresh", async () => {
  const requests = await fixture.requests(async () => {
    expect(await fixture.engine.refresh(fixture.context, { preview: true })).toEqual([]);
  });
  expect(total(requests), JSON.stringify(requests)).toBeLessThanOrEqual(SERVICES + 10);
});

/** Prints the middle of nine looks: how long it took, and the processor's time with the emulator's, which is in this process. */
async function measure(): Promise<void> {
  let { proven } = await fixture.look();
  const took: number[] = [];
  const own: number[] = [];
  for (let round = 0; round < 9; round++) {
    const before = process.cpuUsage();
    const seen = await fixture.look(undefined, proven);
    const { user, system } = process.cpuUsage(before);
    proven = seen.proven;
    took.push(seen.took);
    own.push(Math.round((user + system) / 1000));
  }
  const middle = (list: number[]) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  console.log(`${SERVICES} services: ${middle(took)} ms, processor ${middle(own)} ms`);
}
