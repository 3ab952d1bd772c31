import { describe, expect, it, test } from "vitest";
import type { ContainerRow } from "../../../../../components/dokploy/api/schema.ts";
import {
  assessContainers,
  expectedServices,
  lastingContainers,
  leastUptime,
  restartedBetween,
} from "../../../../../components/dokploy/rules/containers.ts";

const FILE = `
services:
  web:
    image: web
    container_name: platform-web
    depends_on: {migrate: {condition: service_completed_successfully}, db: {condition: service_healthy}}
  db: {image: db}
  migrate: {image: migrate}
  debug: {image: debug, profiles: [debug]}
  off: {image: off, deploy: {replicas: 0}}
`;

function row(name: string, status: string, state = "running"): ContainerRow {
  return { containerId: name, name, state, status };
}

const web = row("platform-web", "Up 3 seconds (healthy)");
const db = row("app-db-1", "Up 3 minutes (healthy)");
const migrate = row("app-migrate-1", "Exited (0) 2 seconds ago", "exited");

function assess(rows: ContainerRow[]) {
  return assessContainers(expectedServices(FILE, "app"), rows);
}

describe("the containers of a compose file", () => {
  it("are those of services that start by default; awaited ones may end", () => {
    expect(expectedServices(FILE, "app").map(({ name, oneShot }) => [name, oneShot])).toEqual([
      ["platform-web", false],
      ["db", false],
      ["migrate", true],
    ]);
  });

  it.each([
    ["app-db-1", "db", true],
    ["app-db-12", "db", true],
    ["app-db-run-0c9", "db", false],
    ["xapp-db-1", "db", false],
    ["platform-web", "platform-web", true],
    ["platform-web-2", "platform-web", false],
  ])("are told by name: %s is one of %s: %s", (name, service, expected) => {
    const found = expectedServices(FILE, "app").find((candidate) => candidate.name === service);
    expect(found?.pattern.test(name)).toBe(expected);
  });

  it("may have variables in their names", () => {
    const file = "services: {a: {image: a, container_name: 'x-$" + "{SUFFIX:-b}.c'}}";
    const [service] = expectedServices(file, "app");
    expect(["x-staging.c", "x-stagingzc"].map((name) => service?.pattern.test(name))).toEqual([true, false]);
  });

  it("do not count when no service explains them", () => {
    expect(assess([web, db, migrate, row("app-db-run-0c9", "Exited (1) 2 days ago", "exited")]).state).toBe("healthy");
  });

  it("are well when all run, healthy, and one-shots have ended with 0", () => {
    expect(assess([web, db, migrate])).toEqual({ state: "healthy", problems: [], silent: false });
  });

  it.each([
    ["unhealthy", [row("platform-web", "Up 9 seconds (unhealthy)"), db, migrate], "platform-web: unhealthy"],
    [
      "restarting",
      [row("platform-web", "Restarting (1) 2 seconds ago", "restarting"), db, migrate],
      "platform-web: restarting",
    ],
    [
      "stopped, even with exit code 0",
      [web, row("app-db-1", "Exited (0) 5 minutes ago", "exited"), migrate],
      "app-db-1: exited (0)",
    ],
    ["crashed", [web, row("app-db-1", "Exited (137) 5 minutes ago", "exited"), migrate], "app-db-1: exited (137)"],
    [
      "a one-shot that failed",
      [web, db, row("app-migrate-1", "Exited (1) now", "exited")],
      "app-migrate-1: exited (1)",
    ],
    ["only created", [web, row("app-db-1", "Created", "created"), migrate], "app-db-1: created"],
    ["paused", [web, row("app-db-1", "Up 5 days (Paused)", "paused"), migrate], "app-db-1: paused"],
    ["gone", [web, migrate], "db: has no container"],
    ["gone, with a fixed name", [db, migrate], "platform-web: has no container"],
  ])("are unhealthy when one is %s", (_, rows, problem) => {
    const { state, problems } = assess(rows);
    expect([state, problems]).toEqual(["unhealthy", [problem]]);
  });

  it("are starting while a health check has not spoken yet", () => {
    expect(assess([row("platform-web", "Up 1 second (health: starting)"), db, migrate]).state).toBe("starting");
  });

  it("say little without a health check", () => {
    expect(assess([row("platform-web", "Up 3 seconds"), db, migrate])).toMatchObject({
      state: "healthy",
      silent: true,
    });
  });

  it("cannot be told from a text that is no compose file, so whatever there is must run", () => {
    expect(expectedServices("- just\n- a list", "app")).toEqual([]);
    expect(assessContainers([], [row("x", "Exited (1)", "exited")]).state).toBe("unhealthy");
  });
});

test("containers that have to stay up are those of services whose end nobody awaits", () => {
  const left = row("app-db-run-0c9", "Up 3 seconds");
  const named = (services: string) =>
    lastingContainers(expectedServices(services, "app"), [web, db, migrate, left]).map(({ name }) => name);
  expect(named(FILE)).toEqual(["platform-web", "app-db-1"]);
  expect(named("no compose file")).toEqual(["platform-web", "app-db-1", "app-migrate-1", "app-db-run-0c9"]);
});

describe("between two looks", () => {
  const before = [row("a", "Up 20 seconds (healthy)"), row("b", "Up 2 minutes")];

  it.each([
    ["nothing happened", [row("a", "Up 23 seconds (healthy)"), row("b", "Up 2 minutes")], []],
    ["one began anew", [row("a", "Up 1 second (healthy)"), row("b", "Up 2 minutes")], ["a"]],
    ["one began anew less than a second ago", [row("a", "Up 21 seconds"), row("b", "Up Less than a second")], ["b"]],
    ["one went away", [row("b", "Up About an hour")], ["a"]],
  ])("it is seen that %s", (_, after, restarted) => {
    expect(restartedBetween(before, after, 1)).toEqual(restarted);
  });

  const young = "Up Less than a second";
  it.each<[string, string, number, boolean]>([
    [young, young, 3, true],
    [young, "Up 1 second", 3, true],
    [young, "Up 2 seconds", 3, false],
    [young, young, 1, false],
    ["Up 4 seconds", "Up 5 seconds", 3, true],
    ["Up 4 seconds (healthy)", "Up 6 seconds (healthy)", 3, false],
    ["Up 58 seconds", "Up About a minute", 3, false],
    ["Up About a minute", "Up About a minute", 30, false],
    ["Up 5 minutes", "Up 5 minutes", 50, false],
    ["Up 40 seconds", "Up 45 seconds", 60, true],
    ["Up 23 months", "Up 2 years", 3, false],
  ])("what said %j and then %j began anew in %d seconds: %s", (then, now, seconds, anew) => {
    expect(restartedBetween([row("a", then)], [row("a", now)], seconds)).toEqual(anew ? ["a"] : []);
  });
});

test.each<[string, ContainerRow[], number]>([
  ["the youngest that runs", [web, db], 3],
  ["those that run, not those that have done their work", [db, migrate], 180],
  ["a second that is not over", [row("a", "Up Less than a second (healthy)")], 0],
  ["an hour, as Docker says it", [row("a", "Up About an hour")], 3600],
  ["nothing, when none runs", [migrate], 0],
  ["nothing, when it does not say", [row("a", "")], 0],
])("uptime is that of %s", (_, rows, seconds) => {
  expect(leastUptime(rows)).toBe(seconds);
});
