import { expect, test } from "vitest";
import type { ContainerRow } from "../../../../components/dokploy/api/schema.ts";
import type { Context } from "../../../../components/dokploy/context.ts";
import { DEFAULT_TIMING, type Timing } from "../../../../components/dokploy/timing.ts";
import { verifyContainers } from "../../../../components/dokploy/verify.ts";

const SETTLE = 120;
const timing = { ...DEFAULT_TIMING, settle: SETTLE, settleSilent: 2 * SETTLE, poll: 10, pollMax: 10 };

/**
 * Looks at a container that says this, one after the other, beside others; the last for ever. "": nothing is listed. Resolves with
 * the time between first and last.
 */
async function verify(
  statuses: string[],
  took = 60_000,
  times: Partial<Timing> = {},
  others: ContainerRow[][] = [[]],
): Promise<{ looks: number; ms: number }> {
  let looks = 0;
  let last = 0;
  const since = performance.now();
  const containers = async (): Promise<ContainerRow[]> => {
    const status = statuses[Math.min(looks, statuses.length - 1)]!;
    const beside = others[Math.min(looks++, others.length - 1)]!;
    last = performance.now();
    if (status === "") return [];
    const state = /^Up/.test(status) ? "running" : /^Restarting/.test(status) ? "restarting" : "exited";
    return [...beside, { containerId: "1", name: "app-redis-1", state, status }];
  };
  const context = {
    timing: { ...timing, ...times },
    dokploy: { containers, containerLog: async () => "its log" },
  } as unknown as Context;
  const composeFile = "services: {redis: {image: redis}}";
  await verifyContainers(context, {
    composeId: "1",
    appName: "app",
    service: "redis",
    composeFile,
    took,
    limit: 5_000,
  });
  return { looks, ms: last - since };
}

test("one that crashes again and again, and is always looked at while it runs, fails", async () => {
  const young = "Up Less than a second";
  const looking = verify([young], 60_000, { settleSilent: 1_700 });
  await expect(looking).rejects.toThrow("redis was deployed but does not run well: app-redis-1: restarted");
});

const left = { containerId: "9", name: "app-redis-run-0c9", state: "running", status: "Up 1 second" };

test.each([
  ["ends meanwhile", [[left], [{ ...left, state: "exited", status: "Exited (0) 1 second ago" }]]],
  ["is gone", [[left], []]],
  ["has only begun", [[{ ...left, status: "Up Less than a second" }], []]],
])("a container that no service explains does not count: one that %s", async (_, others) => {
  await verify(["Up Less than a second (healthy)"], 60_000, {}, others);
  expect(await verify(["Up 3 seconds (healthy)"], 60_000, {}, others)).toMatchObject({ looks: 1 });
});

test("an empty list is asked for again, because Dokploy answers one when Docker does not answer", async () => {
  expect(await verify(["", "", "Up 3 seconds (healthy)"])).toMatchObject({ looks: 3 });
  const after = ["Up Less than a second (healthy)", "", "Up 3 seconds (healthy)"];
  expect(await verify(after)).toMatchObject({ looks: 3 });
});

test("a list that stays empty fails in words that are true", async () => {
  const failure = await verify([""], 60_000, { unseen: 50 }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: "unhealthy",
    message: "redis was deployed, but Dokploy lists no container of it",
    hint: expect.stringContaining("docker compose -p app ps -a"),
    log: [],
  });
});

test("a container that has run long enough by its own account is looked at once", async () => {
  expect(await verify(["Up 1 second (healthy)"])).toMatchObject({ looks: 1 });
});

test("one that has only begun is looked at again when it has run long enough", async () => {
  const { looks, ms } = await verify(["Up Less than a second (healthy)"]);
  expect(looks).toBe(2);
  expect(ms).toBeGreaterThanOrEqual(SETTLE - 2);
});

test("one without a health check must have run longer", async () => {
  const { looks, ms } = await verify(["Up Less than a second"]);
  expect(looks).toBe(2);
  expect(ms).toBeGreaterThanOrEqual(2 * SETTLE - 2);
});

test("a quick deployment is not made much longer", async () => {
  const { looks, ms } = await verify(["Up Less than a second (healthy)"], 40);
  expect(looks).toBe(2);
  expect(ms).toBeGreaterThanOrEqual(18);
});

test("one that starts is waited for", async () => {
  const starting = "Up Less than a second (health: starting)";
  expect(await verify([starting, starting, "Up 3 seconds (healthy)"])).toMatchObject({ looks: 3 });
});

test.each([
  ["died", ["Up Less than a second (healthy)", "Exited (1) 1 second ago", "Exited (1) 2 seconds ago"]],
  ["restarts", ["Up Less than a second (healthy)", "Restarting (1) 1 second ago", "Restarting (1) 1 second ago"]],
  ["is unhealthy, however long it has run", ["Up 5 minutes (unhealthy)", "Up 5 minutes (unhealthy)"]],
])("one that %s fails with its log", async (_, statuses) => {
  await expect(verify(statuses)).rejects.toMatchObject({ code: "unhealthy", log: expect.arrayContaining(["its log"]) });
});
