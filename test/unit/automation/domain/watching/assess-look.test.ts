import { describe, expect, test } from "vitest";
import { endByUpdate } from "../../../../../automation/domain/watching/not-watched.ts";
import { type Observation, wordObservation } from "../../../../../automation/domain/watching/observation.ts";
import { brief, other, restarted, service, T0, watchStack } from "./looks.ts";

const unknown = service("redis", { is: "unknown", why: "docker_unreachable: no answer" });
const gone = service("redis", { is: "gone" });
const dead = (is: string, exitCode?: number) =>
  other("redis", [], [{ container: "redis", is, ...(exitCode === undefined ? {} : { exitCode }) }]);

describe("a finding", () => {
  test.each([
    ["an env value edited by hand", other("redis", ["env.REDIS_ARGS"]), "redis changed env.REDIS_ARGS"],
    [
      "several parts at once",
      other("redis", ["settings.autoDeploy", "domains.a/"]),
      "redis changed domains.a/ settings.autoDeploy",
    ],
    ["a container that stopped", dead("exited", 0), "redis unhealthy redis"],
    ["one that is unhealthy", dead("unhealthy"), "redis unhealthy redis"],
    ["one that crashes again and again", dead("restarting", 1), "redis unhealthy redis"],
    ["one that somebody paused", dead("paused"), "redis unhealthy redis"],
    ["one that is gone", dead("gone"), "redis gone redis"],
    ["another one of its name", dead("replaced"), "redis replaced redis"],
    ["a service deleted by hand", gone, "redis gone"],
  ])("of %s is seen, confirmed by the next look, and over when it is not there any more", (_name, resource, words) => {
    const stack = watchStack();
    expect(brief(stack.look([service("redis")]))).toEqual([]);
    const seen = stack.look([resource]);
    expect(brief(seen)).toEqual([`seen ${words}`]);
    expect(seen).toMatchObject({ verdict: "found", soon: true });
    const confirmed = stack.look([resource], 5);
    expect(brief(confirmed)).toEqual([`confirmed ${words}`]);
    expect(confirmed).toMatchObject({ verdict: "found", soon: false });
    expect(brief(stack.look([resource]))).toEqual([]);
    expect(brief(stack.look([service("redis")]))).toEqual([`over ${words}`]);
    expect(brief(stack.look([service("redis")]))).toEqual([]);
  });

  test("that the second look does not see is none", () => {
    const stack = watchStack();
    stack.look([dead("unhealthy")]);
    expect(brief(stack.look([service("redis")], 5))).toEqual(["dropped redis unhealthy redis"]);
    expect(stack.open).toEqual([]);
  });

  test("comes back as a new one", () => {
    const stack = watchStack();
    for (let times = 0; times < 2; times += 1) {
      stack.look([other("redis", ["env.A"])]);
      expect(brief(stack.look([other("redis", ["env.A"])]))).toEqual(["confirmed redis changed env.A"]);
      expect(brief(stack.look([service("redis")]))).toEqual(["over redis changed env.A"]);
    }
  });

  test("of another part is another one, and each ends by itself", () => {
    const stack = watchStack();
    stack.look([other("redis", ["env.A"])]);
    stack.look([other("redis", ["env.A"])]);
    expect(brief(stack.look([other("redis", ["env.A", "env.B", "domains.x/"])]))).toEqual([
      "seen redis changed domains.x/ env.B",
    ]);
    stack.look([other("redis", ["env.A", "env.B", "domains.x/"])]);
    expect(brief(stack.look([other("redis", ["env.B"])]))).toEqual(["over redis changed env.A"]);
    expect(brief(stack.look([service("redis")]))).toEqual(["over redis changed domains.x/ env.B"]);
  });

  test("of a container tells how it is now", () => {
    const stack = watchStack();
    stack.look([dead("exited", 137)]);
    expect(wordObservation(stack.open[0] as Observation)).toBe("redis: exited (137)");
    stack.look([dead("exited", 137)]);
    expect(brief(stack.look([dead("restarting")]))).toEqual(["changed redis unhealthy redis"]);
    expect(wordObservation(stack.open[0] as Observation)).toBe("redis: restarting");
  });

  test("of a service that is gone does not end what is known of it", () => {
    const stack = watchStack();
    for (let times = 0; times < 2; times += 1) stack.look([other("redis", ["env.A"])]);
    for (let times = 0; times < 2; times += 1) stack.look([gone]);
    expect(stack.open.map(({ kind }) => kind)).toEqual(["changed", "gone"]);
    expect(brief(stack.look([service("redis")]))).toEqual(["over redis changed env.A", "over redis gone"]);
  });

  test("of a service that the stack has no more is over", () => {
    const stack = watchStack();
    for (let times = 0; times < 2; times += 1) stack.look([other("redis", ["env.A"]), service("minio")]);
    stack.leave("run-2");
    expect(brief(stack.look([service("minio")]))).toEqual(["over redis changed env.A"]);
  });
});

describe("what cannot be told", () => {
  test("makes no finding, confirms none and ends none", () => {
    const stack = watchStack();
    expect(stack.look([unknown])).toMatchObject({ verdict: "unknown", soon: false, memory: { why: unknown.why } });
    stack.look([other("redis", ["env.A"])]);
    expect(brief(stack.look([unknown]))).toEqual([]);
    expect(brief(stack.look([other("redis", ["env.A"])]))).toEqual(["confirmed redis changed env.A"]);
    expect(brief(stack.look([unknown]))).toEqual([]);
    expect(brief(stack.look([]))).toEqual([]);
    expect(stack.open).toHaveLength(1);
  });

  test("of one service hides nothing of another", () => {
    const stack = watchStack();
    stack.look([unknown, other("minio", ["env.A"])]);
    expect(brief(stack.look([unknown, other("minio", ["env.A"])]))).toEqual(["confirmed minio changed env.A"]);
    expect(brief(stack.look([unknown, service("minio")]))).toEqual(["over minio changed env.A"]);
  });

  test("says since when", () => {
    const stack = watchStack();
    stack.look([service("redis")]);
    const since = stack.look([service("redis")]).memory.since;
    expect(since).toBe(T0 + 60_000);
    expect(stack.look([unknown]).memory.since).toBe(T0 + 180_000);
    expect(stack.look([unknown]).memory.since).toBe(T0 + 180_000);
    expect(stack.look([service("redis")]).memory).not.toHaveProperty("why");
  });
});

describe("a start period", () => {
  const starting = (changes = {}) => service("redis", { is: "other", starting: true, ...changes });

  test("is waited for, and looked at soon", () => {
    const stack = watchStack();
    const look = stack.look([starting({ differs: ["env.A"] })]);
    expect(brief(look)).toEqual([]);
    expect(look).toMatchObject({ verdict: "starting", soon: true });
    expect(brief(stack.look([other("redis", ["env.A"])]))).toEqual(["seen redis changed env.A"]);
    expect(brief(stack.look([starting()]))).toEqual([]);
    expect(stack.open).toHaveLength(1);
  });

  test("that begins again and again is no start period", () => {
    const stack = watchStack();
    expect(brief(stack.look([starting({ containers: [restarted("redis", 3, 50)] })]))).toEqual([]);
    const again = stack.look([starting({ containers: [restarted("redis", 4, 62)] })], 5);
    expect(brief(again)).toEqual(["seen redis restarted redis"]);
    const more = stack.look([starting({ containers: [restarted("redis", 5, 67)] })], 5);
    expect(brief(more)).toEqual(["confirmed redis restarted redis"]);
    expect(wordObservation(stack.open[0] as Observation)).toMatch(/^restarted since the last update: redis 5 times/);
  });

  test("ends after five minutes", () => {
    const stack = watchStack();
    for (let at = 0; at < 300; at += 60) expect(brief(stack.look([starting({ differs: ["env.A"] })]))).toEqual([]);
    expect(brief(stack.look([starting({ differs: ["env.A"] })]))).toEqual(["seen redis changed env.A"]);
  });
});

describe("a restart", () => {
  const again = (restarts: number, second: number, changes = {}) =>
    other("redis", [], [restarted("redis", restarts, second, changes)]);

  test("is told once, with how often and how it ended, and is over when all has been quiet for long", () => {
    const stack = watchStack();
    const seen = stack.look([again(3, 10, { exitCode: 137 })]);
    expect(brief(seen)).toEqual(["seen redis restarted redis"]);
    expect(seen.restarts).toEqual([{ service: "redis", times: 3 }]);
    expect(brief(stack.look([service("redis")], 5))).toEqual(["confirmed redis restarted redis"]);
    expect(wordObservation(stack.open[0] as Observation)).toBe(
      `restarted since the last update: redis 3 times (exit code 137, last start ${new Date(T0 + 10_000).toISOString().replace(".000", "")})`,
    );
    for (let minute = 1; minute < 10; minute += 1) expect(brief(stack.look([service("redis")]))).toEqual([]);
    expect(brief(stack.look([service("redis")]))).toEqual(["over redis restarted redis"]);
    expect(stack.look([service("redis")]).verdict).toBe("left");
  });

  test("is not counted a second time, whoever tells of it again", () => {
    const stack = watchStack();
    stack.look([again(3, 10)]);
    expect(brief(stack.look([again(3, 10)]))).toEqual(["confirmed redis restarted redis"]);
    expect(stack.look([again(3, 10)]).restarts).toEqual([]);
    expect(stack.open[0]?.containers[0]?.times).toBe(3);
  });

  test("that follows another belongs to it", () => {
    const stack = watchStack();
    stack.look([again(1, 10)]);
    expect(brief(stack.look([again(2, 62)], 5))).toEqual(["confirmed redis restarted redis"]);
    expect(brief(stack.look([again(5, 100)]))).toEqual(["changed redis restarted redis"]);
    expect(stack.open).toHaveLength(1);
    expect(stack.open[0]?.containers[0]?.times).toBe(5);
    for (let minute = 1; minute < 10; minute += 1) stack.look([service("redis")]);
    expect(brief(stack.look([again(6, 700)]))).toEqual(["changed redis restarted redis"]);
  });

  test("by a person's hand, or with the server, is one too", () => {
    const stack = watchStack();
    expect(stack.look([again(0, 10)]).restarts).toEqual([{ service: "redis", times: 1 }]);
    stack.look([service("redis")]);
    expect(wordObservation(stack.open[0] as Observation)).toMatch(/^redis was started again at /);
  });

  test("knows how it ended from the look that saw it lie there", () => {
    const stack = watchStack();
    stack.look([dead("exited", 137)]);
    const look = stack.look([again(0, 61)]);
    expect(brief(look)).toEqual(["seen redis restarted redis", "dropped redis unhealthy redis"]);
    expect(stack.open[0]?.containers[0]?.exitCode).toBe(137);
  });

  test("does not end while the container is not well, or cannot be seen", () => {
    const stack = watchStack();
    stack.look([again(1, 10)]);
    stack.look([service("redis")]);
    for (let minute = 0; minute < 20; minute += 1) stack.look([minute % 2 ? unknown : dead("unhealthy")]);
    expect(stack.open.map(({ kind }) => kind)).toEqual(["restarted", "unhealthy"]);
    expect(brief(stack.look([service("redis")]))).toEqual(["over redis unhealthy redis", "over redis restarted redis"]);
  });

  test("ends with the next update", () => {
    const stack = watchStack();
    stack.look([again(1, 10)]);
    stack.look([service("redis")]);
    stack.leave("run-2");
    expect(brief(stack.look([service("redis")]))).toEqual(["over redis restarted redis"]);
    expect(stack.memory?.known).toEqual({});
  });

  test("that Docker does not tell more of is none", () => {
    const stack = watchStack();
    expect(brief(stack.look([other("redis", [], [{ container: "redis", is: "restarted" }])]))).toEqual([]);
  });
});

test("what nobody can look at any more is over with the update that ended well after it, and only then", () => {
  const stack = watchStack();
  stack.look([other("redis", ["env.A"])]);
  stack.look([other("redis", ["env.A"]), other("minio", ["env.B"])]);
  expect(endByUpdate(stack.open, null, T0 + 999)).toEqual({ over: [], dropped: [] });
  expect(endByUpdate(stack.open, T0, T0 + 999)).toEqual({ over: [], dropped: [] });
  const { over, dropped } = endByUpdate(stack.open, T0 + 500_000, T0 + 500_001);
  expect(over).toMatchObject([{ service: "redis", endedAt: T0 + 500_001 }]);
  expect(dropped).toMatchObject([{ service: "minio" }]);
});
