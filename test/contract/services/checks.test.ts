import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { fromEngine } from "../../../stacks/config/raw-config.ts";
import { planStack } from "../../../stacks/plan.ts";
import { whyNoDocker } from "../../docker.ts";

const run = promisify(execFile);
const SUFFIX = `-c${process.pid}`;
const NETWORK = `platform${SUFFIX}`;
const PROJECT = `checks${SUFFIX}`;

interface Text {
  services: Record<string, object>;
}

function plan(checks: object[]) {
  const config = {
    "platform:domain": "example.org",
    "platform:suffix": SUFFIX,
    "platform:services": JSON.stringify(["redis"]),
    "platform:redis": JSON.stringify({ checks }),
  };
  const { plan, problems } = planStack(
    "staging",
    fromEngine("staging", config, () => false),
    "k".repeat(40),
  );
  expect(problems).toEqual([]);
  return plan!.services[0]!;
}

const noDocker = await whyNoDocker("redis:8.2.3-bookworm", "busybox:1.36");
const missing = process.env.REQUIRE_DOCKER === "1" ? undefined : noDocker;

// One story, told in order with real containers: each step goes on from where the one before it ended.
describe.skipIf(missing)(`checks in the network${missing ? ` (${missing})` : ""}`, { timeout: 240_000 }, () => {
  let folder: string;
  beforeAll(async () => {
    expect(noDocker).toBeUndefined();
    folder = mkdtempSync(join(tmpdir(), "dockmaster-checks-"));
    await run("docker", ["network", "create", NETWORK]);
  });
  afterAll(async () => {
    await compose("down", "--volumes", "--timeout", "1").catch(() => "");
    await run("docker", ["volume", "rm", `platform-redis-data${SUFFIX}`]).catch(() => "");
    await run("docker", ["network", "rm", NETWORK]).catch(() => "");
    rmSync(folder, { recursive: true, force: true });
  });

  const { secretEnv, env } = plan([]);
  const compose = (...words: string[]) =>
    run("docker", ["compose", "-p", PROJECT, "-f", join(folder, "compose.yaml"), ...words], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env, ...secretEnv },
    });
  /** What Dokploy runs, and what Compose says when it fails. */
  async function up(text: string): Promise<string | undefined> {
    writeFileSync(join(folder, "compose.yaml"), text);
    return compose("up", "-d", "--remove-orphans", "--wait", "--wait-timeout", "120").then(
      () => undefined,
      (error: { stderr: string }) => error.stderr,
    );
  }
  const inspect = async (container: string, format: string) =>
    (await run("docker", ["inspect", "-f", format, `platform-redis${container}${SUFFIX}`])).stdout.trim();
  const logOf = async (container: string) => {
    const { stdout, stderr } = await run("docker", ["logs", `platform-redis${container}${SUFFIX}`]);
    return stdout + stderr;
  };
  const redis = (words: string) =>
    run("docker", [
      "exec",
      `platform-redis${SUFFIX}`,
      "sh",
      "-c",
      `REDISCLI_AUTH="$(cat /run/secrets/redis_password)" redis-cli ${words}`,
    ]);
  const started = () => inspect("", "{{.Id}} {{.State.StartedAt}}");
  /** Looks again and again until it is so; the test's own limit ends it. */
  const until = async (look: () => Promise<boolean>) => {
    while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 500));
  };
  let before: string;

  test("are added to what runs without a restart of it", async () => {
    const { composeFile } = plan([]);
    const text = parse(composeFile) as Text;
    const services = Object.entries(text.services).filter(([key]) => !key.includes("-check"));
    expect(services).toHaveLength(1);
    expect(await up(stringify({ ...text, services: Object.fromEntries(services) }))).toBeUndefined();
    before = await started();
    expect(await up(composeFile)).toBeUndefined();
    expect(await started()).toBe(before);
    expect(await inspect("-check-1", "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 0");
    // The image has a volume for its data, and these have none.
    for (const each of ["-check-1", "-checked"]) expect(await inspect(each, "{{json .Mounts}}")).toBe("[]");
    expect(await redis("EXISTS platform:check")).toMatchObject({ stdout: "0\n" });
  });

  test("fail the deployment although the container is healthy, and say why without a password", async () => {
    await redis("ACL SETUSER default -get");
    const { composeFile } = plan([]);
    const quick = composeFile.replace("-ge 10", "-ge 2");
    expect(quick).not.toBe(composeFile);
    expect(await up(quick)).toMatch(/check-1.* didn't complete successfully: exit 1/);
    expect(await inspect("", "{{.State.Health.Status}}")).toBe("healthy");
    const log = await logOf("-check-1");
    expect(log).toContain("check_failed: redis runs, but check 1 failed");
    const password = Object.values(secretEnv)[0]!;
    expect(log).not.toContain(password);
    expect(await inspect("-check-1", "{{json .Config}}")).not.toContain(password);
  });

  test("run once more with the next deployment, though nothing changed in the text", async () => {
    const { composeFile } = plan([]);
    await redis("ACL SETUSER default +get");
    expect(await up(composeFile)).toBeUndefined();
    const first = await inspect("-check-1", "{{.State.StartedAt}}");
    expect(await up(composeFile)).toBeUndefined();
    expect(await inspect("-check-1", "{{.State.StartedAt}}")).not.toBe(first);
    expect(await started()).toBe(before);
  });

  test("ask an address in the network, which nobody outside could", async () => {
    // Redis ends a connection that speaks HTTP: no status, so this one cannot hold.
    const url = `http://platform-redis${SUFFIX}:6379/`;
    const { composeFile } = plan([{ url, attempts: 1 }]);
    expect(await up(composeFile)).toMatch(/check-2.* didn't complete successfully: exit 1/);
    expect(await logOf("-check-2")).toContain("it answered nothing instead of 200");
    expect(await started()).toBe(before);
  });

  test("for the time after a release: unhealthy while they do not hold, healthy again when they do", async () => {
    const command = `REDISCLI_AUTH="$(cat /run/secrets/redis_password)" redis-cli -h platform-redis${SUFFIX} EXISTS broken | grep -qx 0`;
    const check = { command, beside: "redis", during: "watch", attempts: 1, interval: 1 };
    const { composeFile } = plan([check]);
    expect(await up(composeFile.replaceAll("sleep 30", "sleep 1"))).toBeUndefined();
    const health = () => inspect("-watch-2", "{{.State.Health.Status}}");
    await until(async () => (await health()) === "healthy");
    await redis("SET broken 1");
    await until(async () => (await health()) === "unhealthy");
    expect(await logOf("-watch-2")).toContain("check 2 does not hold");
    await redis("DEL broken");
    await until(async () => (await health()) === "healthy");
    expect(await started()).toBe(before);
  });
});
