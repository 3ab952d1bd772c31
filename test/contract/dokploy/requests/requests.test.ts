import { afterAll, beforeAll, expect, test } from "vitest";
import { composeFile, contextTo, type Fixture, openFixture, QUICK } from "../fixture.ts";

// A tenth of the real times: of what the provider waits, and of what real deployments of the four services take. Real containers have
// run long enough by their end: their first health check is later than what is waited for.
const TENTH = { ...QUICK, poll: 10, pollMax: 50, pollLong: 1_000, lost: 1_000, settle: 0 };
const TOOK = { redis: 610, minio: 610, postgres: 1_140, authentik: 3_000 };

let fixture: Fixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

test.each([
  ["", {}, "deployment.allByCompose"],
  // As the runner starts its engine: the last look at a deployment is one at the whole record.
  [", also where it tells what it left", { tell: () => {} }, "compose.one"],
])(
  "a first update of four services costs at most 60 requests%s, and its end is noticed in time",
  async (_, more, look) => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
    const services = Object.keys(TOOK).map((name) => ({
      name,
      composeFile: composeFile(name).replace("interval: 1s", "interval: 500ms"),
      domains: [{ host: `${name}.example.org`, service: name, port: 80 }],
    }));
    for (const [service, ms] of Object.entries(TOOK))
      fixture.emulator.control.addFault({ kind: "slow-deploy", service, ms });
    const context = contextTo(fixture.dokploy, { timing: TENTH, ...more });
    const since = Date.now();
    const requests = await fixture.requests(() => fixture.engine.up(context, { services }));
    const took = Date.now() - since;
    const total = Object.values(requests).reduce((sum, count) => sum + count, 0);
    expect(total, JSON.stringify(requests)).toBeLessThanOrEqual(60);
    expect(requests[look]).toBe(4);
    // The deployments follow each other; a busy machine adds its own.
    const own = Object.values(TOOK).reduce((sum, ms) => sum + ms, 0);
    expect(took).toBeLessThan(own * 1.6);
  },
);
