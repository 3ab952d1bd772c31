import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFixture, type Fixture } from "./fixture.ts";

let stage: Fixture;
beforeEach(() => {
  stage = createFixture();
});
afterEach(() => stage.close());

const check = (interval: number, test = "true") =>
  `healthcheck: {test: [CMD, "${test}"], interval: ${interval}s, retries: 3}`;
const db = `db: {image: postgres, restart: unless-stopped, container_name: platform-db, ${check(5)}}`;
const file = (...services: string[]) => `services:\n${services.map((service) => `  ${service}\n`).join("")}`;

describe("times, as measured with Docker", () => {
  const rows: [string, string[], number, boolean, number, string][] = [
    ["waits for the first probe", [db], 30, true, 5, " Container platform-db  Healthy"],
    [
      "retries × interval until unhealthy",
      [`web: {image: a, ${check(2, "false")}}`],
      60,
      false,
      6,
      "container app-web-1 is unhealthy",
    ],
    [
      "an interval of the wait time-out always fails",
      [`web: {image: a, ${check(10)}}`],
      10,
      false,
      10,
      "application not healthy after 10s",
    ],
    [
      "the time-out counts per stage",
      [`db: {image: a, ${check(8)}}`, `web: {image: b, ${check(8)}, depends_on: {db: {condition: service_healthy}}}`],
      10,
      true,
      16,
      " Container app-web-1  Healthy",
    ],
    [
      "a dependency times out",
      [`db: {image: a, ${check(20)}}`, "web: {image: b, depends_on: {db: {condition: service_healthy}}}"],
      10,
      false,
      10,
      "timeout waiting for dependencies",
    ],
    [
      "on-failure:2 used up",
      ['web: {image: a, restart: "on-failure:2", command: [sh, -c, "exit 3"]}'],
      30,
      false,
      0.5,
      "container app-web-1 exited (3)",
    ],
    [
      "ends at once",
      ['web: {image: a, command: [sh, -c, "exit 3"]}'],
      30,
      false,
      0.5,
      "container app-web-1 exited (3)",
    ],
    [
      "crashes at once and is restarted, unwatched",
      ['web: {image: a, restart: always, command: ["false"]}'],
      30,
      true,
      1,
      " Container app-web-1  Healthy",
    ],
    [
      "crashes after it was healthy",
      [`web: {image: a, restart: always, command: [sh, -c, "sleep 3; exit 1"], ${check(1)}}`],
      30,
      true,
      1,
      " Container app-web-1  Healthy",
    ],
  ];
  for (const [name, services, wait, ok, seconds, last] of rows)
    test(name, async () => {
      const outcome = await stage.up("app", file(...services), { wait });
      expect({ ok: outcome.ok, last: outcome.lines.at(-1) }, outcome.lines.join("\n")).toEqual({ ok, last });
      expect(outcome.seconds).toBeCloseTo(seconds, 1);
    });
});

describe("the log", () => {
  test("tells the steps in Compose's words", async () => {
    const compose = `${file(db, "app: {image: a, depends_on: {db: {condition: service_healthy}}, volumes: ['data:/data']}")}volumes: {data: {}}\n`;
    expect((await stage.up("web", compose, { wait: 30 })).lines).toEqual([
      " Network web_default  Creating",
      " Network web_default  Created",
      " Volume web_data  Creating",
      " Volume web_data  Created",
      " Container platform-db  Creating",
      " Container platform-db  Created",
      " Container web-app-1  Creating",
      " Container web-app-1  Created",
      " Container platform-db  Starting",
      " Container platform-db  Started",
      " Container platform-db  Waiting",
      " Container platform-db  Healthy",
      " Container web-app-1  Starting",
      " Container web-app-1  Started",
      " Container platform-db  Waiting",
      " Container web-app-1  Waiting",
      " Container platform-db  Healthy",
      " Container web-app-1  Healthy",
    ]);
    expect((await stage.up("web", compose.replace("image: a", "image: b"))).lines).toEqual([
      " Container platform-db  Running",
      " Container web-app-1  Recreate",
      " Container web-app-1  Recreated",
      " Container platform-db  Waiting",
      " Container platform-db  Healthy",
      " Container web-app-1  Starting",
      " Container web-app-1  Started",
    ]);
  });

  test("warns of variables that are not set", async () => {
    const { ok, lines } = await stage.up("web", file("web: {image: a, environment: ['A=$NOPE']}"));
    expect(ok).toBe(true);
    expect(lines[0]).toMatch(
      /^time="[^"]+Z" level=warning msg="The \\"NOPE\\" variable is not set\. Defaulting to a blank string\."$/,
    );
  });

  test("of a refused file is the reason alone, and nothing is touched", async () => {
    await stage.up("web", file(db));
    const before = await stage.host.list("web");
    const { ok, lines } = await stage.up("web", file("web: {image: a, networks: [nope]}"));
    expect({ ok, lines }).toEqual({
      ok: false,
      lines: ['service "web" refers to undefined network nope: invalid compose project'],
    });
    expect(await stage.host.list("web")).toEqual(before);
  });
});

describe("engine and image", () => {
  const watched =
    'web: {image: a, healthcheck: {test: [CMD, "true"], interval: 1s, start_period: 9s, start_interval: 1s}}';

  test("start_interval needs an engine of 25", async () => {
    const { ok, lines } = await stage.up("app", file(watched));
    expect({ ok, last: lines.at(-1) }).toEqual({
      ok: false,
      last: "can't set healthcheck.start_interval as feature require Docker Engine v25 or later",
    });
    const newer = createFixture({ engine: 27 });
    expect((await newer.up("app", file(watched))).ok).toBe(true);
    await newer.close();
  });

  test("an image that cannot be had stops everything before it begins", async () => {
    await stage.up("app", file(db));
    const { ok, lines } = await stage.up("app", file("web: {image: 'busybox:does-not-exist'}"));
    expect(ok).toBe(false);
    expect(lines.at(-1)).toMatch(/^Error response from daemon: manifest for busybox:does-not-exist not found/);
    expect((await stage.host.list("app")).map(({ name }) => name)).toEqual(["platform-db"]);
  });
});

describe("data", () => {
  const compose = (label: string) =>
    `${file("db: {image: postgres, secrets: [pw], volumes: ['data:/data']}")}volumes: {data: {name: data, labels: ['v=${label}']}}\nsecrets: {pw: {environment: PW}}\n`;

  test("--yes recreates a volume whose definition changed, and the data is gone", async () => {
    await stage.up("app", compose("1"), { env: "PW=x" });
    stage.host.writeVolume("data", "rows", "42");
    expect((await stage.up("app", compose("2"), { env: "PW=x", more: "--yes" })).ok).toBe(true);
    expect(stage.host.volume("data")?.data).toEqual({});
  });

  test("a volume remembers with which secrets it was first used, over the life of the projects that use it", async () => {
    await stage.up("first", compose("1"), { env: "PW=one" });
    const firstUse = stage.host.volume("data")?.firstUse;
    expect(firstUse?.files).toEqual({
      "/run/secrets/pw": "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
    });
    await stage.host.down("first", "", false);
    await stage.up("second", compose("1"), { env: "PW=two" });
    expect(stage.host.volume("data")).toMatchObject({ project: "first", firstUse });
  });
});

describe("the host", () => {
  test("remembers everything over a restart of the emulator", async () => {
    await stage.up(
      "app",
      `${file(`${db.slice(0, -1)}, secrets: [pw], volumes: ["data:/data"]}`)}volumes: {data: {}}\nsecrets: {pw: {environment: PW}}\n`,
      { env: "PW=s3cret", wait: 30 },
    );
    stage.host.writeVolume("app_data", "rows", "42");
    const before = [await stage.host.list("app"), await stage.host.inspect("platform-db")];
    await stage.reopen();
    expect([await stage.host.list("app"), await stage.host.inspect("platform-db")]).toEqual(before);
    expect(stage.host.volume("app_data")?.data).toEqual({ rows: "42" });
    expect(stage.host.readFile("platform-db", "/run/secrets/pw")).toBe("s3cret");
  });

  test("does not start on a state file that it cannot read", async () => {
    await stage.host.close();
    writeFileSync(join(stage.folder("."), "host.json"), "{half");
    await expect(stage.reopen()).rejects.toThrow("does not hold the state of simulated containers");
    writeFileSync(join(stage.folder("."), "host.json"), '{"containers":[],"volumes":{},"networks":{}}');
    await stage.reopen();
  });

  test("ends an `up` whose project is removed meanwhile, and nothing is left", async () => {
    let removed: Promise<void> | undefined;
    const { ok } = await stage.up("app", file(db), {
      wait: 30,
      log: (line) => {
        if (line.endsWith("Waiting")) removed = stage.host.down("app", "", true);
      },
    });
    await removed;
    expect(ok).toBe(false);
    expect(await stage.host.list("app")).toEqual([]);
  });

  test("words its containers as docker ps does", async () => {
    const kinds = [
      "a: {image: a}",
      `b: {image: a, ${check(1)}}`,
      `c: {image: a, ${check(50)}}`,
      "d: {image: a, command: [sh, -c, 'exit 2']}",
      "e: {image: a, restart: always, command: ['false']}",
    ];
    await stage.up("app", file(...kinds));
    await stage.clock.until(stage.clock.now() + 42_000, new AbortController().signal);
    const rows = (await stage.host.list("app")).map(({ state, status }) => `${state}: ${status}`).reverse();
    expect(rows).toEqual([
      "running: Up 42 seconds",
      "running: Up 42 seconds (healthy)",
      "running: Up 42 seconds (health: starting)",
      "exited: Exited (2) 41 seconds ago",
      expect.stringMatching(/^restarting: Restarting \(1\) \d+ seconds ago$/),
    ]);
  });

  test("knows nothing of containers that are not there", async () => {
    expect(await stage.host.inspect("nope")).toBeUndefined();
    expect(await stage.host.logs("nope", 10)).toBeUndefined();
    expect(await stage.host.list("nope")).toEqual([]);
  });
});
