import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDockerContainers } from "../../../emulator/containers/docker.ts";
import { catalogue } from "../../../stacks/catalogue.ts";
import { whyNoDocker } from "../../docker.ts";
import { openPlatform, type Platform } from "./platform.ts";

const run = promisify(execFile);
/** What nobody else on this host has. */
const SUFFIX = `-t${process.pid}`;
const STAGING = ["platform:domain: example.org", `platform:suffix: ${SUFFIX}`];

const docker = async (...words: string[]): Promise<string> => (await run("docker", words)).stdout.trim();
const noDocker = await whyNoDocker("minio/minio:RELEASE.2025-04-22T22-12-26Z", "postgres:17.6-bookworm");
const missing = process.env.REQUIRE_DOCKER === "1" ? undefined : noDocker;

// One story, told in order with the real engine and real containers: each step goes on from where the one before it ended.
describe.skipIf(missing)(`the services really run${missing ? ` (${missing})` : ""}`, { timeout: 480_000 }, () => {
  let platform: Platform;
  beforeAll(async () => {
    expect(noDocker).toBeUndefined();
    platform = await openPlatform({ host: createDockerContainers() });
    platform.config("staging", STAGING);
  });
  afterAll(async () => {
    for (const { appName } of (await platform?.services("staging")) ?? []) {
      await docker("compose", "-p", appName, "down", "--volumes", "--timeout", "1").catch(() => "");
    }
    const left = (await docker("volume", "ls", "--quiet")).split("\n").filter((name) => name.endsWith(SUFFIX));
    if (left.length > 0) await docker("volume", "rm", ...left).catch(() => "");
    await docker("network", "rm", `platform${SUFFIX}`).catch(() => "");
    await platform?.close();
  });

  const inside = (container: string, script: string) =>
    docker("exec", `platform-${container}${SUFFIX}`, "sh", "-c", script);
  const fails = (container: string, script: string) =>
    inside(container, script).then(
      () => false,
      () => true,
    );
  const sql = (query: string) =>
    inside(
      "authentik-server",
      `PGPASSWORD="$(cat /run/secrets/authentik_database_password)" psql -XAtqw -v ON_ERROR_STOP=1 -h platform-postgres${SUFFIX} -U authentik authentik -c "${query}"`,
    );
  const redis = (words: string, password = '"$(cat /run/secrets/redis_password)"') =>
    inside("redis", `REDISCLI_AUTH=${password} redis-cli ${words}`);
  const mc = (words: string, password = "$(cat /run/secrets/minio_root_password)") =>
    inside("minio", `export MC_HOST_local="http://platform:${password}@127.0.0.1:9000"; mc --quiet ${words}`);
  const secretOf = (container: string, name: string) => inside(container, `cat /run/secrets/${name}`);
  /** Owner, mode and time of the files that the servers have made. */
  const filesOf = async () => ({
    postgres: await inside(
      "postgres",
      "stat -c '%u:%g %a %Y %n' /var/lib/postgresql/data/PG_VERSION /var/lib/postgresql/data/base",
    ),
    redis: await inside("redis", "stat -c '%u:%g %a %n' /data/appendonlydir"),
    media: await inside("authentik-server", "stat -c '%u:%g %a %Y %n' /media/first-start"),
  });
  const allHealthy = async () => {
    for (const [name, state] of Object.entries(await platform.running("staging"))) {
      if (name.includes("-check")) continue;
      expect([name, state]).toEqual([name, expect.stringMatching(/ healthy$/)]);
    }
  };
  /** Every service's check ended well, and something waits for it. */
  const allChecked = async () => {
    for (const { name } of catalogue) {
      const state = (kind: string) =>
        docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", `platform-${name}-${kind}${SUFFIX}`);
      expect([name, await state("check-1"), await state("checked")]).toEqual([name, "exited 0", "running 0"]);
    }
  };

  test("one update brings them to healthy", async () => {
    const { ok, text } = await platform.up("staging");
    expect(ok, text).toBe(true);
    expect((await platform.services("staging")).map(({ name }) => name).sort()).toEqual(
      catalogue.map(({ name }) => name).sort(),
    );
    await allHealthy();
    await allChecked();
  });

  test("a second one changes nothing, and there is no drift", async () => {
    const before = await platform.running("staging");
    expect((await platform.up("staging")).changes).toEqual({});
    const drift = await platform.drift("staging");
    expect(drift.ok, drift.text).toBe(true);
    expect(await platform.running("staging")).toEqual(before);
  });

  test("`docker inspect` shows no password", async () => {
    const known = [
      await secretOf("postgres", "postgres_password"),
      await secretOf("redis", "redis_password"),
      await secretOf("minio", "minio_root_password"),
    ];
    const names = Object.keys(await platform.running("staging"));
    const inspected = await docker("inspect", ...names);
    const up = (await docker("ps", "--format", "{{.Names}}")).split("\n").filter((name) => names.includes(name));
    const processes = (await Promise.all(up.map((name) => docker("top", name, "-eo", "pid,args")))).join("\n");
    const logs = (await Promise.all(names.map((name) => run("docker", ["logs", name])))).map(
      ({ stdout, stderr }) => stdout + stderr,
    );
    for (const password of known) {
      expect(password).toMatch(/^[A-Za-z0-9]{40}$/);
      expect(inspected.includes(password)).toBe(false);
      expect(processes.includes(password)).toBe(false);
      expect(logs.join("\n").includes(password)).toBe(false);
    }
  });

  test("data survives a changed setting of every service, and nobody else's files are touched", async () => {
    await sql("CREATE TABLE kept AS SELECT 'in postgres' AS value");
    await redis("SET kept 'in redis'");
    await mc("mb local/kept");
    await inside("minio", `echo in-minio > /tmp/kept`);
    await mc("cp /tmp/kept local/kept/file");
    const before = { files: await filesOf(), running: await platform.running("staging") };

    platform.config("staging", [
      ...STAGING,
      "platform:postgres: {memory: 600m}",
      "platform:redis: {memory: 300m}",
      "platform:minio: {memory: 1100m}",
      "platform:authentik: {memory: 600m}",
    ]);
    const { ok, text } = await platform.up("staging");
    expect(ok, text).toBe(true);
    const after = await platform.running("staging");
    for (const name of ["postgres", "redis", "minio", "authentik-server"]) {
      const full = `platform-${name}${SUFFIX}`;
      expect(after[full]).not.toBe(before.running[full]);
    }
    await keptEverything();
    expect(await filesOf()).toEqual(before.files);
  });

  test("changed passwords rotate through: the new ones work, the old ones do not, and the data is there", async () => {
    const before = {
      redis: await secretOf("redis", "redis_password"),
      minio: await secretOf("minio", "minio_root_password"),
      postgres: await secretOf("postgres", "postgres_password"),
      database: await secretOf("authentik-server", "authentik_database_password"),
    };
    platform.config("staging", [
      ...STAGING,
      "platform:postgres: {memory: 600m, secretVersion: 2}",
      "platform:redis: {memory: 300m, secretVersion: 2}",
      "platform:minio: {memory: 1100m, secretVersion: 2}",
      "platform:authentik: {memory: 600m}",
    ]);
    const { ok, text } = await platform.up("staging");
    expect(ok, text).toBe(true);
    await allHealthy();
    await allChecked();
    expect(await secretOf("authentik-server", "authentik_database_password")).not.toBe(before.database);
    await keptEverything();
    expect(await redis("PING", before.redis).catch(() => "refused")).not.toBe("PONG");
    expect(
      await fails(
        "minio",
        `export MC_HOST_local="http://platform:${before.minio}@127.0.0.1:9000"; mc --quiet ls local`,
      ),
    ).toBe(true);
    const login = (user: string, password: string) =>
      fails(
        "authentik-server",
        `PGPASSWORD=${password} psql -XAtqw -h platform-postgres${SUFFIX} -U ${user} ${user} -c 'SELECT 1'`,
      );
    expect(await login("authentik", before.database)).toBe(true);
    expect(await login("postgres", before.postgres)).toBe(true);
    expect(await login("postgres", await secretOf("postgres", "postgres_password"))).toBe(false);
  });

  async function keptEverything(): Promise<void> {
    expect(await sql("SELECT value FROM kept")).toBe("in postgres");
    expect(await redis("GET kept")).toBe("in redis");
    expect(await mc("cat local/kept/file")).toBe("in-minio");
  }
});
