import { afterEach, describe, expect, test } from "vitest";
import { DEPLOYMENT } from "../../../../automation/domain/watching/heal.ts";
import { DEPLOYMENT as OBSERVED } from "../../../../components/dokploy/rules/observe.ts";
import {
  heals,
  leftService,
  looked,
  MINUTE,
  SECRET,
  T0,
  type WatchedOptions,
  type WatchedStacks,
  watchStacks,
} from "./watched-stack.ts";

let watched: WatchedStacks;
afterEach(() => watched.close());

const start = async (options: WatchedOptions = {}) => {
  watched = await watchStacks(options);
  await watched.deploy();
  return watched;
};
const shows = (...resources: ReturnType<typeof looked>[]) => {
  watched.worker.shows = async () => resources;
};
const edited = looked("redis", { is: "other", differs: ["env.REDIS_ARGS"] });
const crashed = looked("redis", { is: "other", containers: [{ container: "redis", is: "exited", exitCode: 137 }] });
const HEAL = "config: {platform:drift: heal}";

describe("looking", () => {
  test("an untouched stack for 24 hours: no finding, no engine, no word, and no table grows", async () => {
    const { store, db, pass, told } = await start();
    const looks = await pass(24 * 60 * MINUTE);
    expect(looks).toBeGreaterThan(1_300);
    expect(looks).toBeLessThan(1_600);
    expect(await told()).toEqual([]);
    const [counts] = await db.query<Record<string, number>>(
      `SELECT (SELECT count(*) FROM runs) AS runs, (SELECT count(*) FROM observations) AS observations,
         (SELECT count(*) FROM watches) AS watches, (SELECT count(*) FROM outbox) AS outbox,
         (SELECT max(length(data)) FROM watches) AS size`,
    );
    expect(counts).toMatchObject({ runs: 1, observations: 0, watches: 1, outbox: 0 });
    expect(counts?.size).toBeLessThan(1_000);
    expect(watched.wake).not.toHaveBeenCalled();
    expect((await store.watches())[0]?.memory).toMatchObject({ verdict: "left", since: T0 });
  });

  test("hands on until when each container was known to be the same", async () => {
    const { pass, questions } = await start();
    await pass(2 * MINUTE);
    expect(questions[0]).toMatchObject({
      stack: "staging",
      proven: {},
      keptAt: T0,
      purpose: "watch",
      left: { format: 1 },
    });
    expect(questions[1]?.proven).toEqual({ redis: T0 });
  });

  test("names a finding within two intervals, once, and once that it is over", async () => {
    const { pass, told, store } = await start();
    await pass(5 * MINUTE);
    shows(edited);
    await pass(2 * MINUTE);
    expect(await told()).toEqual([
      "staging: not as the last update left it\nredis: drift: env.REDIS_ARGS\nWhat to do: dockmaster sync staging brings it back; dockmaster observations staging tells more",
    ]);
    expect(watched.events()).toContain("observation.confirmed");
    expect(watched.changed).toHaveBeenCalledWith("observations of staging");
    await pass(60 * MINUTE);
    expect(await told()).toEqual([]);
    shows(looked("redis"));
    await pass(2 * MINUTE);
    expect(await told()).toEqual(["staging: over\nredis: drift: env.REDIS_ARGS"]);
    expect(await store.openObservations()).toEqual([]);
    expect(await store.endedObservations({ stack: "staging", limit: 9 })).toHaveLength(1);
    expect(await heals(store)).toEqual([]);
  });

  test("looks again within seconds before a word is said", async () => {
    const { pass, store, clock } = await start();
    shows(edited);
    await pass(0);
    expect(await store.openObservations()).toMatchObject([{ confirmedAt: null, seenAt: T0 + 0 }]);
    await pass(6_000);
    const [{ confirmedAt } = { confirmedAt: null }] = await store.openObservations();
    expect((confirmedAt ?? 0) - T0).toBeLessThanOrEqual(6_000);
    expect(clock.now).toBe(T0 + 6_000);
  });

  test("counts restarts, and tells them in words", async () => {
    const { pass, told, on } = await start();
    const again = (restarts: number, startedAt: string) =>
      looked("redis", {
        is: "other",
        containers: [{ container: "redis", is: "restarted", id: "0123456789ab", restarts, startedAt, exitCode: 137 }],
      });
    // A worker compares with what it is given: the start that was told of is no news any more.
    let restarts = 3;
    watched.worker.shows = async ({ left: { resources } }) => {
      const known = resources[0]?.type === "service" ? resources[0].containers?.redis?.restarts : undefined;
      return [known === restarts ? looked("redis") : again(restarts, "2026-05-28T20:27:00Z")];
    };
    await pass(MINUTE);
    expect(await told()).toEqual([
      "staging: not as the last update left it\nredis: restarted since the last update: redis 3 times (exit code 137, last start 2026-05-28T20:27:00Z)\nIt runs again. See: dockmaster observations staging",
    ]);
    restarts = 5;
    await pass(20 * MINUTE);
    expect(await told()).toHaveLength(1);
    const text = await on.metrics.registry.metrics();
    expect(text).toContain('dockmaster_observed_restarts_total{env="staging",service="redis"} 5');
    expect(text).toMatch(/dockmaster_looks_total\{env="staging",verdict="found"\} 2/);
  });

  test("masks what others wrote", async () => {
    const { pass, told, lines, store } = await start();
    shows(looked("redis", { is: "other", differs: [`env.${SECRET}`] }));
    await pass(2 * MINUTE);
    expect(await told()).toEqual([expect.stringContaining("drift: env.[secret]")]);
    shows(looked("redis", { is: "unknown", why: `no ${SECRET}` }));
    await pass(2 * MINUTE);
    const all = JSON.stringify([lines, await store.watches(), await store.openObservations()]);
    expect(all).not.toContain(SECRET);
    expect(all).toContain("no [secret]");
  });
});

describe("what nobody can tell", () => {
  test("is no finding, ends none, and is told in the log once", async () => {
    const { pass, told, worker, events, store } = await start();
    shows(edited);
    await pass(2 * MINUTE);
    await told();
    worker.there = false;
    await pass(10 * MINUTE);
    expect(await told()).toEqual([]);
    expect(events().filter((event) => event === "look.unknown")).toHaveLength(1);
    expect((await store.watches())[0]?.memory).toMatchObject({ verdict: "unknown", why: "its engine worker is away" });
    worker.there = true;
    shows(looked("redis"));
    await pass(2 * MINUTE);
    expect(await told()).toEqual([expect.stringMatching(/: over\n/)]);
  });

  test.each([
    ["the worker refuses", async () => ({ refused: "another format" }), "another format"],
    [
      "the worker goes away meanwhile",
      async () => Promise.reject(new Error("the engine worker is gone: x")),
      "the engine worker is gone: x",
    ],
    [
      "Dokploy is away",
      async () => [looked("redis", { is: "unknown", why: "dokploy_unreachable: 502" })],
      "dokploy_unreachable: 502",
    ],
    ["nothing is listed", async () => [], "nothing was seen"],
  ])("is that when %s", async (_name, answer, why) => {
    const { pass, store, worker } = await start();
    worker.shows = answer;
    await pass(2 * MINUTE);
    expect((await store.watches())[0]?.memory).toMatchObject({ verdict: "unknown", why });
    expect(await store.openObservations()).toEqual([]);
  });

  test("is looked at again as soon as a laptop wakes up, and its clock may go back", async () => {
    const { pass, clock, questions } = await start();
    await pass(MINUTE);
    const before = questions.length;
    clock.now += 8 * 60 * MINUTE;
    await pass(0);
    expect(questions).toHaveLength(before + 1);
    clock.now -= 3 * 60 * MINUTE;
    await pass(0);
    expect(questions).toHaveLength(before + 2);
    expect(await pass(10 * MINUTE)).toBeGreaterThan(8);
  });
});

describe("an update", () => {
  test("is not looked at while it is under way", async () => {
    const { pass, store, clock, questions } = await start();
    await pass(MINUTE);
    const before = questions.length;
    await store.accept(
      {
        kind: "deploy",
        stack: "staging",
        tag: "v2.0.0",
        commit: "b".repeat(40),
        services: null,
        rollback: false,
        triggeredBy: "ada",
        reason: null,
        requestId: "r",
      },
      clock.now,
    );
    const claim = await store.claim("one", 10 * MINUTE, clock.now);
    await pass(5 * MINUTE);
    expect(questions).toHaveLength(before);
    if (claim)
      await store.transition(claim.run.id, "succeed", {}, clock.now, claim.lease, [], {
        ...watched.leftNow(),
        run: claim.run.id,
      });
    await pass(MINUTE);
    expect(questions.length).toBeGreaterThan(before);
  });

  test("that came while somebody looked makes the look count for nothing", async () => {
    const { pass, store, deploy, worker } = await start();
    let looks = 0;
    worker.shows = async () => {
      looks += 1;
      if (looks <= 2) await deploy({ commit: String(looks).repeat(40), requestId: String(looks) });
      return [edited];
    };
    await pass(4_000);
    expect(await store.openObservations()).toEqual([]);
    await pass(30_000);
    expect(await store.openObservations()).toHaveLength(1);
  });

  test("that left nothing ends what it repaired, and nothing is watched", async () => {
    const { pass, run, store, told, clock } = await start();
    shows(edited);
    await pass(2 * MINUTE);
    await told();
    clock.now += 1000;
    await run({ commit: "b".repeat(40) });
    await watched.db.query("DELETE FROM left_behind");
    await pass(2 * MINUTE);
    expect(await told()).toEqual([expect.stringMatching(/: over\n/)]);
    expect((await store.watches())[0]?.memory).toMatchObject({
      verdict: null,
      why: expect.stringMatching(/older than the look/),
    });
  });

  test("that failed ends nothing", async () => {
    const { pass, run, store, clock } = await start();
    shows(edited);
    await pass(2 * MINUTE);
    clock.now += 1000;
    await run({ commit: "b".repeat(40) }, "fail");
    await watched.db.query("DELETE FROM left_behind");
    await pass(10 * MINUTE);
    expect(await store.openObservations()).toHaveLength(1);
    expect((await store.watches())[0]?.memory?.why).toBe("the last update did not end well");
  });
});

describe("healing", () => {
  test("asks for a sync once something is confirmed, with the reason, and not twice", async () => {
    const { pass, store, told } = await start({ file: HEAL });
    shows(edited);
    await pass(0);
    expect(await heals(store)).toEqual([]);
    await pass(10 * MINUTE);
    expect(await heals(store)).toMatchObject([
      { state: "queued", tag: "v1.0.1", commit: "a".repeat(40), reason: "redis: drift: env.REDIS_ARGS" },
    ]);
    expect(watched.wake).toHaveBeenCalledTimes(1);
    expect(await told()).toEqual([expect.stringContaining("A sync that brings it back is asked for.")]);
  });

  test.each([
    ["nobody asked for it", {}],
    ["the service is left out", { file: "config: {platform:drift: heal, platform:redis: {drift: report}}" }],
    ["somebody holds the stack", { file: HEAL, held: true }],
    ["the stack's file is wrong", { file: "config: {platform:drift: mend}" }],
  ] as [string, WatchedOptions][])("does nothing where %s", async (_name, options) => {
    const { pass, store } = await start(options);
    shows(edited);
    await pass(10 * MINUTE);
    expect(await heals(store)).toEqual([]);
    expect(watched.events().filter((event) => event === "drift.unreadable").length).toBeLessThanOrEqual(1);
  });

  test("is for the services that ask for it", async () => {
    const { pass, store } = await start({ file: "config: {platform:redis: {drift: heal}}" });
    shows(looked("minio", { is: "other", differs: ["env.A"] }), looked("redis"));
    await pass(5 * MINUTE);
    expect(await heals(store)).toEqual([]);
    shows(looked("minio", { is: "other", differs: ["env.A"] }), crashed);
    await pass(5 * MINUTE);
    expect(await heals(store)).toMatchObject([{ reason: "redis: redis: exited (137)" }]);
  });

  test("undoes no update from a laptop where no state tells of it", async () => {
    expect(DEPLOYMENT).toBe(OBSERVED);
    const { pass, store } = await start({ file: HEAL });
    shows(looked("redis", { is: "other", differs: ["deployment", "env.A"] }));
    await pass(10 * MINUTE);
    expect(await store.openObservations()).toHaveLength(1);
    expect(await heals(store)).toEqual([]);
  });

  test("needs no restart", async () => {
    const { pass, store } = await start({ file: HEAL });
    shows(
      looked("redis", {
        is: "other",
        containers: [{ container: "redis", is: "restarted", restarts: 1, startedAt: "2026-05-28T20:27:00Z" }],
      }),
    );
    await pass(5 * MINUTE);
    expect(await store.openObservations()).toMatchObject([{ kind: "restarted" }]);
    expect(await heals(store)).toEqual([]);
  });

  test("fights nobody who asked for a newer release, or whose release failed", async () => {
    const { pass, store, clock } = await start({ file: HEAL });
    shows(edited);
    const newer = { kind: "deploy", stack: "staging", tag: "v2.0.0", commit: "b".repeat(40) } as const;
    const { run } = await store.accept(
      { ...newer, services: null, rollback: false, triggeredBy: "ada", reason: null, requestId: "r" },
      clock.now,
    );
    await pass(5 * MINUTE);
    expect(await heals(store)).toEqual([]);
    const claim = await store.claim("one", 60_000, clock.now);
    await store.transition(run.id, "fail", {}, clock.now, claim?.lease);
    if (claim) await store.release(claim.lease, clock.now);
    await pass(5 * MINUTE);
    expect(await heals(store)).toEqual([]);
  });

  /** Carries out the syncs that are asked for, which each end well and leave the same. */
  const carryOut = async () => {
    const { store, clock, leftNow } = watched;
    const claim = await store.claim("one", 60_000, clock.now);
    if (!claim) return;
    await store.transition(claim.run.id, "succeed", {}, clock.now, claim.lease, [], {
      ...leftNow(),
      run: claim.run.id,
    });
    await store.release(claim.lease, clock.now);
  };

  test("stops after three times within an hour, says so once, and begins anew when all was as it was left", async () => {
    const { pass, store, told } = await start({ file: HEAL });
    shows(edited);
    for (let minute = 0; minute < 40; minute += 1) {
      await pass(MINUTE);
      await carryOut();
    }
    expect(await heals(store)).toHaveLength(3);
    expect((await told()).filter((text) => text.includes("no more is done by itself"))).toHaveLength(1);
    expect(watched.events().filter((event) => event === "heal.stopped")).toHaveLength(1);
    await pass(180 * MINUTE);
    expect(await heals(store)).toHaveLength(3);
    shows(looked("redis"));
    await pass(2 * MINUTE);
    shows(edited);
    await pass(5 * MINUTE);
    expect(await heals(store)).toHaveLength(4);
  });

  test("begins anew when a person deployed", async () => {
    const { pass, store, deploy, clock } = await start({ file: HEAL });
    shows(edited);
    for (let minute = 0; minute < 40; minute += 1) {
      await pass(MINUTE);
      await carryOut();
    }
    await pass(60 * MINUTE);
    clock.now += 1;
    await deploy({ commit: "c".repeat(40) });
    await pass(5 * MINUTE);
    expect(await heals(store)).toHaveLength(4);
  });

  test("tries a sync that failed again, not at once", async () => {
    const { pass, store, clock, db } = await start({ file: HEAL });
    shows(crashed);
    await pass(2 * MINUTE);
    const claim = await store.claim("one", 60_000, clock.now);
    await db.query("DELETE FROM left_behind");
    if (!claim) throw new Error("nothing was asked for");
    await store.transition(claim.run.id, "fail", {}, clock.now, claim.lease);
    await store.release(claim.lease, clock.now);
    await pass(3 * MINUTE);
    expect(await heals(store)).toHaveLength(1);
    await pass(4 * MINUTE);
    expect(await heals(store)).toHaveLength(2);
  });
});

test("each stack is watched for itself", async () => {
  const { pass, store, deploy, worker } = await start({ resources: [leftService("redis")] });
  await watched.db.query("UPDATE left_behind SET stack = 'production'");
  await deploy({ requestId: "again" });
  worker.shows = async ({ stack }) => [stack === "production" ? edited : looked("redis")];
  await pass(2 * MINUTE);
  expect(await store.openObservations()).toMatchObject([{ stack: "production" }]);
});
