import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { KEY, openPlatform, type Platform, type Service } from "./platform.ts";

const STAGING = ["platform:domain: example.org", "platform:suffix: -staging"];
const PRODUCTION = ["platform:domain: example.org", 'platform:suffix: ""'];
const ALL = ["authentik", "minio", "postgres", "redis"];
const OTHER_KEY = "another-platform-key-of-more-than-32-characters";
const CANARY = "canary-of-a-given-secret";

// One story, told in order with the real engine: each step goes on from where the one before it ended.
describe("the platform from nothing", { timeout: 240_000 }, () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await openPlatform();
    platform.config("staging", STAGING);
    platform.config("production", PRODUCTION);
  });
  afterAll(() => platform?.close());

  /** Containers that are not the same as before. */
  const changed = async (stack: string, before: Record<string, string>) => {
    const after = await platform.running(stack);
    return Object.keys({ ...before, ...after })
      .filter((name) => before[name] !== after[name])
      .sort();
  };
  const volumes = async () => (await platform.containers.volumes()).sort();
  const passwords = async (stack: string) =>
    (await platform.services(stack)).flatMap(({ env }) =>
      [...env.matchAll(/=["']?([A-Za-z0-9]{40})/g)].map(([, value]) => value!),
    );

  test.each(["staging", "production"])(
    "one update brings all four services of %s to healthy, in the order of their dependencies",
    async (stack) => {
      const { ok, text } = await platform.up(stack);
      expect(ok, text).toBe(true);
      const order = (await platform.services(stack)).map(({ name }) => name);
      expect([...order].sort()).toEqual(ALL);
      expect(order.indexOf("authentik")).toBeGreaterThan(order.indexOf("postgres"));
      expect(order.indexOf("authentik")).toBeGreaterThan(order.indexOf("redis"));
      const containers = Object.entries(await platform.running(stack));
      // Each service has a check, and a container that waits for its end, which needs no health.
      const waiting = containers.filter(([name]) => name.includes("-checked"));
      expect(waiting).toHaveLength(ALL.length);
      expect(containers.length - waiting.length).toBe(7);
      for (const [name, state] of containers) if (!name.includes("-checked")) expect(state).toMatch(/ healthy$/);
      const ended = ALL.map((name) =>
        platform.containers.inspect(`platform-${name}-check-1${stack === "staging" ? "-staging" : ""}`),
      );
      for (const each of await Promise.all(ended))
        expect(each).toMatchObject({ State: { Running: false, ExitCode: 0 } });
    },
  );

  test("a second update changes nothing, though it is of another release, and there is no drift", async () => {
    const before = await platform.running("staging");
    platform.writes();
    const { ok, text, changes } = await platform.up("staging", { DOCKMASTER_RELEASE: "v1.0.2 77aa001" });
    expect(ok, text).toBe(true);
    expect(changes).toEqual({});
    const drift = await platform.drift("staging");
    expect(drift.ok, drift.text).toBe(true);
    expect(platform.writes()).toEqual({});
    expect(await changed("staging", before)).toEqual([]);
  });

  test("staging and production share no container, volume, network, router, host or secret", async () => {
    const own = async (stack: string) => namesIn(await platform.services(stack));
    const [staging, production] = [await own("staging"), await own("production")];
    expect(staging.length).toBeGreaterThan(20);
    expect(staging.filter((name) => production.includes(name))).toEqual([]);
    const secrets = [await passwords("staging"), await passwords("production")] as const;
    expect(secrets[0].length).toBeGreaterThan(5);
    expect(secrets[0].filter((value) => secrets[1].includes(value))).toEqual([]);
  });

  test("state says nothing of the files that the program was made of", async () => {
    for (const stack of ["staging", "production"]) {
      const { resources } = JSON.parse(await platform.state(stack)).deployment;
      // The stack itself is made by Pulumi's launcher, before the program.
      const own = resources.filter(({ type }: { type: string }) => type !== "pulumi:pulumi:Stack");
      expect(own.length).toBeGreaterThan(8);
      expect(JSON.stringify(own)).not.toContain(platform.folder);
      expect(JSON.stringify(own)).not.toMatch(/sourcePosition|stackTrace|node_modules/);
    }
  });

  test("from a container of one environment nothing of the other can be reached by name, but for what has a public route", async () => {
    const names = {
      staging: Object.keys(await platform.running("staging")),
      production: Object.keys(await platform.running("production")),
    };
    const aliases = [...names.staging, ...names.production, ...ALL, "server", "worker", "databases", "buckets", "db"];
    const routed = ["platform-authentik-server", "platform-minio"];
    for (const [stack, other] of [
      ["staging", "production"],
      ["production", "staging"],
    ] as const) {
      const suffix = other === "staging" ? "-staging" : "";
      for (const from of names[stack]) {
        const reached = new Set(aliases.flatMap((alias) => platform.containers.resolve(from, alias)));
        const theirs = [...reached].filter((name) => names[other].includes(name));
        const onDokploys = routed.some((name) => from === `${name}${stack === "staging" ? "-staging" : ""}`);
        expect([from, theirs.sort()]).toEqual([from, onDokploys ? routed.map((name) => `${name}${suffix}`) : []]);
      }
    }
    expect(platform.containers.resolve("platform-redis-staging", "platform-postgres-staging")).toEqual([
      "platform-postgres-staging",
    ]);
  });

  test("a changed file, setting or secret restarts exactly its users, and touches no volume", async () => {
    const before = await volumes();
    const steps: [() => void, Record<string, string>, string[]][] = [
      [
        () => edit("postgres/databases.sh", "sleep 1\n", "sleep 2\n"),
        { "Compose postgres": "update" },
        ["platform-postgres-databases-staging"],
      ],
      [
        () => platform.config("staging", [...STAGING, "platform:minio: {memory: 2g}"]),
        { "Compose minio": "update" },
        ["platform-minio-staging"],
      ],
      [
        () =>
          platform.config("staging", [
            ...STAGING,
            "platform:minio: {memory: 2g}",
            "platform:redis: {secretVersion: 2}",
          ]),
        { "Compose redis": "update", "Compose authentik": "update" },
        ["platform-authentik-server-staging", "platform-authentik-worker-staging", "platform-redis-staging"],
      ],
    ];
    for (const [change, changes, containers] of steps) {
      const running = await platform.running("staging");
      change();
      const outcome = await platform.up("staging");
      expect(outcome.ok, outcome.text).toBe(true);
      expect(outcome.changes).toEqual(changes);
      expect(await changed("staging", running)).toEqual(containers);
    }
    expect(await volumes()).toEqual(before);
  });

  test("a secret given from outside is handed over and survives later updates", async () => {
    const given = [...STAGING, "platform:minio: {memory: 2g}", "platform:redis: {secretVersion: 2}"];
    await platform.secret("staging", "platform:authentik.secrets.authentik_admin_password", CANARY);
    expect((await platform.up("staging")).changes).toEqual({ "Compose authentik": "update" });
    const hasIt = async () =>
      (await platform.services("staging")).filter(({ env }) => env.includes(CANARY)).map(({ name }) => name);
    expect(await hasIt()).toEqual(["authentik"]);
    expect((await platform.up("staging")).changes).toEqual({});
    expect(await hasIt()).toEqual(["authentik"]);
    platform.config("staging", given);
    expect((await platform.up("staging")).changes).toEqual({ "Compose authentik": "update" });
  });

  test("a service with data that leaves the program is left running, and taken over when it comes back", async () => {
    const before = { running: await platform.running("staging"), volumes: await volumes() };
    const rest = ["platform:minio: {memory: 2g}", "platform:redis: {secretVersion: 2}"];
    platform.config("staging", [...STAGING, "platform:services: [postgres, redis, authentik]", ...rest]);
    const without = await platform.up("staging");
    expect(without.ok, without.text).toBe(true);
    expect(await changed("staging", before.running)).toEqual([]);
    platform.config("staging", [...STAGING, ...rest]);
    const again = await platform.up("staging");
    expect(again.ok, again.text).toBe(true);
    expect(await changed("staging", before.running)).toEqual([]);
    expect(await volumes()).toEqual(before.volumes);
  });

  test("with the state lost everything is taken over: same passwords, no container restarted", async () => {
    const before = { running: await platform.running("staging"), passwords: await passwords("staging") };
    await platform.forget("staging");
    const { ok, text, changes } = await platform.up("staging");
    expect(ok, text).toBe(true);
    expect(changes).toMatchObject({ "Compose postgres": "create", "Compose authentik": "create" });
    expect(await changed("staging", before.running)).toEqual([]);
    expect(await passwords("staging")).toEqual(before.passwords);
    expect((await platform.up("staging")).changes).toEqual({});
  });

  test("another master key is refused with the state as well, and nothing is touched", async () => {
    const before = { running: await platform.running("staging"), services: await platform.services("staging") };
    platform.writes();
    const { ok, text } = await platform.up("staging", { PLATFORM_KEY: OTHER_KEY });
    expect(ok, text).toBe(false);
    expect(text).toContain("config_invalid: PLATFORM_KEY is not the key that this stack was made with");
    expect(platform.writes()).toEqual({});
    expect(await changed("staging", before.running)).toEqual([]);
    expect(await platform.services("staging")).toEqual(before.services);
  });

  test("with the state lost and another master key it is refused, and nothing is touched", async () => {
    const before = { running: await platform.running("production"), services: await platform.services("production") };
    await platform.forget("production");
    platform.writes();
    const { ok, text } = await platform.up("production", {
      PLATFORM_KEY: OTHER_KEY,
    });
    expect(ok, text).toBe(false);
    for (const name of ["postgres", "redis", "minio"]) {
      expect(text).toMatch(new RegExp(`config_invalid: Dokploy already has a compose ${name} .* that belongs to`));
    }
    expect(platform.writes()).toEqual({});
    expect(await changed("production", before.running)).toEqual([]);
    expect(await platform.services("production")).toEqual(before.services);
  });

  test("no value of a secret has come into state, events, output or a container's environment", async () => {
    const everything = platform.everything();
    const values = [...(await passwords("staging")), ...(await passwords("production")), CANARY, KEY];
    expect(values.length).toBeGreaterThan(10);
    for (const value of values) expect(everything.includes(value), around(everything, value)).toBe(false);
    for (const stack of ["staging", "production"]) {
      for (const { composeFile } of await platform.services(stack)) {
        for (const value of values) expect(composeFile.includes(value)).toBe(false);
      }
      for (const name of Object.keys(await platform.running(stack))) {
        const inspected = JSON.stringify([
          platform.containers.environmentOf(name),
          await platform.containers.inspect(name),
        ]);
        for (const value of values) expect(inspected.includes(value)).toBe(false);
      }
    }
  });

  function edit(file: string, from: string, to: string): void {
    const path = join(platform.folder, "components", file);
    const text = readFileSync(path, "utf8");
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to));
  }
});

/** Where a value stands, without the value. */
function around(text: string, value: string): string {
  const at = text.indexOf(value);
  return at < 0 ? "" : text.slice(Math.max(0, at - 300), at);
}

/** All that has a name on the host: containers, service keys, volumes, networks of their own, and the routes' hosts. */
function namesIn(services: readonly Service[]): string[] {
  return services.flatMap(({ appName, composeFile, env }) => {
    const file = parse(composeFile);
    const values = (map: Record<string, { name: string }> | undefined) =>
      Object.values(map ?? {}).map(({ name }) => name);
    const hosts = [...(composeFile + env).matchAll(/[\w-]+\.example\.org/g)].map(([host]) => host);
    return [appName, ...Object.keys(file.services), ...values(file.volumes), ...values(file.networks), ...hosts];
  });
}
