import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { STATE_RULE } from "../../../stacks/config/state-backend.ts";
import { type Laptop, openLaptop, PASSPHRASE, PLATFORM_KEY, results } from "./laptop-harness.ts";
import { runCli } from "./run-cli.ts";

const GIVEN = "planted-given-password";

let laptop: Laptop;
const dockmaster = (...words: string[]) => laptop.dockmaster(...words);

beforeAll(async () => {
  laptop = await openLaptop();
  expect((await dockmaster("up", "staging", "--yes", "--create")).code).toBe(0);
}, 120_000);
afterAll(() => laptop.close());

describe("why", { timeout: 240_000 }, () => {
  test("names the inputs that changed here, and what a hand changed", async () => {
    const equal = JSON.parse((await dockmaster("why", "redis", "--json")).stdout);
    expect(equal.inputs.length).toBeGreaterThan(5);
    expect(equal.inputs.every(({ state }: { state: string }) => state === "equal")).toBe(true);
    laptop.editStackFile("[postgres, redis]\n", "[postgres, redis]\n  platform:redis:\n    memory: 300m\n");
    const id = await laptop.composeId("redis");
    laptop.emulator.control.edit(id, { env: (await laptop.envOf(id)).replace("APPENDONLY=yes", "APPENDONLY=no") });
    const { code, stdout } = await dockmaster("why", "redis");
    expect(code).toBe(0);
    expect(stdout).toMatch(/env\.REDIS_MEMORY +\w{12} +changed here +256m → 300m/);
    expect(stdout).toMatch(/env\.REDIS_APPENDONLY +\w{12} +changed by hand +yes → no/);
    expect(stdout).toMatch(/env\.REDIS_PASSWORD +\[secret\] +equal/);
    expect(stdout).not.toContain(equal.digest);
  });

  test("a service that the stack does not have is wrong use", async () => {
    const { code, stderr } = await dockmaster("why", "nothing");
    expect([code, stderr]).toEqual([2, expect.stringContaining("postgres, redis")]);
  });
});

describe("secret", { timeout: 240_000 }, () => {
  test("list shows names, where they rest and no value; get shows a value only when asked to", async () => {
    const listed = JSON.parse((await dockmaster("secret", "list", "staging", "redis", "--json")).stdout);
    expect(listed.secrets).toEqual([
      { service: "redis", name: "redis_password", value: "generated", version: 1, rests: "Dokploy env REDIS_PASSWORD" },
    ]);
    const masked = await dockmaster("secret", "get", "staging", "redis", "redis_password");
    expect(masked.stdout).toMatch(/^•+ /);
    // Not through the laptop: what it prints is searched for secrets below.
    const words = ["secret", "get", "staging", "redis", "redis_password", "--reveal"];
    const { stdout } = await runCli(words, { cwd: laptop.checkout, env: laptop.env });
    expect(stdout.trim()).toMatch(/^\w{40}$/);
    expect(await laptop.envOf(await laptop.composeId("redis"))).toContain(`REDIS_PASSWORD=${stdout.trim()}`);
    expect(masked.stdout).not.toContain(stdout.trim());
    expect((await dockmaster("secret", "get", "staging", "redis", "nothing")).stderr).toContain("redis_password");
  });

  test("set takes a value from stdin, encrypts it into the stack's file, and the next update hands it over", async () => {
    const end = await laptop.dockmasterWith(`${GIVEN}\n`, "secret", "set", "staging", "redis", "redis_password");
    expect([end.code, end.stderr]).toEqual([0, ""]);
    expect(laptop.stackFile()).toMatch(/redis_password:\n +secure: /);
    expect(laptop.stackFile()).not.toContain(GIVEN);
    // The engine calls a whole key secret when one value in it is: what stands in clear in the file stays so, the secret is named.
    laptop.editStackFile("memory: 300m", "memory: 320m");
    const preview = JSON.parse((await dockmaster("preview", "staging", "--json")).stdout);
    expect(preview.services).toContainEqual(
      expect.objectContaining({
        service: "redis",
        reason: expect.stringMatching(/changed: composeFile, env\.REDIS_MEMORY, secret redis_password$/),
      }),
    );
    const why = (await dockmaster("why", "redis")).stdout;
    expect(why).toMatch(/env\.REDIS_MEMORY +\w{12} +changed here +256m → 320m/);
    expect(why).toMatch(/env\.REDIS_MAXMEMORY +\w{12} +equal/);
    expect(why).toMatch(/env\.REDIS_PASSWORD +\[secret\] +changed here *$/m);
    expect(results(await dockmaster("up", "staging", "--yes", "--json"))).toContainEqual(["redis", "changed"]);
    expect(await laptop.envOf(await laptop.composeId("redis"))).toContain(`REDIS_PASSWORD=${GIVEN}`);
  });

  test.each([
    ["no value", "", "redis", "redis_password"],
    ["no such secret", GIVEN, "redis", "nothing"],
    ["no such service", GIVEN, "nothing", "redis_password"],
    ["a name that would write elsewhere", GIVEN, "redis.secrets", "x"],
    ["a value that would be cut off", `${GIVEN}\tb`, "redis", "redis_password"],
    ["a value that cannot travel", "a${{b", "redis", "redis_password"],
  ])("set refuses %s", async (_, input, service, name) => {
    const before = laptop.stackFile();
    expect((await laptop.dockmasterWith(input, "secret", "set", "staging", service, name)).code).toBe(2);
    expect(laptop.stackFile()).toBe(before);
  });

  test("rotate asks for new generated values, and says which are given", async () => {
    const { code, stdout } = await dockmaster("secret", "rotate", "staging", "redis", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ version: 2, given: ["redis_password"] });
    const before = await laptop.envOf(await laptop.composeId("postgres"));
    await dockmaster("secret", "rotate", "staging", "postgres");
    expect(laptop.stackFile()).toMatch(/platform:postgres:\n +secretVersion: 2/);
    expect(results(await dockmaster("up", "staging", "--yes", "--json"))).toContainEqual(["postgres", "changed"]);
    expect(await laptop.envOf(await laptop.composeId("postgres"))).not.toBe(before);
    expect((await dockmaster("secret", "rotate", "staging", "nothing")).code).toBe(2);
  });
});

describe("doctor", { timeout: 240_000 }, () => {
  const examine = async (env: Record<string, string> = {}) => {
    const { code, stdout } = await laptop.dockmasterAs(env, "doctor", "staging", "--json");
    const { findings } = JSON.parse(stdout) as {
      findings: { name: string; state: string; found: string; fix?: string }[];
    };
    return { code, find: (name: string) => findings.find((each) => each.name === name) };
  };

  test("finds tools, config, key, Dokploy and state healthy; warns of a state in a folder, with the rule", async () => {
    const { code, find } = await examine();
    const well = ["Node.js", "git", "Pulumi engine", "staging: config", "platform key", "Dokploy", "staging: state"];
    expect(well.map((name) => find(name)?.state)).toEqual(well.map(() => "ok"));
    expect(find("Vault")?.state).toBe("skipped");
    expect([code, find("state backend")]).toEqual([0, expect.objectContaining({ state: "warning", fix: STATE_RULE })]);
  });

  test("names a wrong key, a wrong passphrase, servers that are away and a broken config, each with what fixes it", async () => {
    laptop.editStackFile("platform:domain", "platform:domian");
    const { find } = await examine({
      DOKPLOY_API_KEY: "wrong",
      PULUMI_CONFIG_PASSPHRASE: "wrong",
      VAULT_ADDR: "http://127.0.0.1:1",
      DOCKMASTER_URL: "http://127.0.0.1:1",
      WEBHOOK_SECRET: "planted",
    });
    laptop.editStackFile("platform:domian", "platform:domain");
    const fixes = {
      Dokploy: "DOKPLOY_API_KEY",
      "staging: state": "PULUMI_CONFIG_PASSPHRASE",
      Vault: "VAULT_ADDR",
      runner: "DOCKMASTER_URL",
      "staging: config": "dockmaster check staging",
    };
    for (const [name, fix] of Object.entries(fixes)) {
      expect(find(name)).toMatchObject({ state: "broken", fix: expect.stringContaining(fix) });
    }
  });

  test("a lock whose engine is dead is broken, one at work is not, one of another machine is a warning", async () => {
    const folder = join(laptop.state, ".pulumi", "locks", "organization", "dockmaster", "staging");
    mkdirSync(folder, { recursive: true });
    const hold = (pid: number, host: string) =>
      writeFileSync(
        join(folder, "0000.json"),
        JSON.stringify({ pid, username: "anna", hostname: host, timestamp: new Date(Date.now() - 3 * 3600_000) }),
      );
    hold(process.pid, hostname());
    expect((await examine()).find("staging: lock")).toMatchObject({ state: "ok" });
    hold(1, "another");
    expect((await examine()).find("staging: lock")).toMatchObject({
      state: "warning",
      found: "held by anna on another (process 1) for 3 h",
    });
    hold(2 ** 22 + 1, hostname());
    const broken = (await examine()).find("staging: lock");
    expect(broken).toMatchObject({ state: "broken", fix: "npm run pulumi -- cancel --yes staging" });
    runFix(broken?.fix ?? "");
    expect((await examine()).find("staging: lock")).toMatchObject({ state: "ok" });
  });

  test("a step that was cut off is broken, and the command it names fixes it", async () => {
    const file = join(laptop.state, ".pulumi", "stacks", "dockmaster", "staging.json");
    const state = JSON.parse(readFileSync(file, "utf8"));
    const urn = "urn:pulumi:staging::dockmaster::pulumi-nodejs:dynamic/dokploy:Compose::cut-off";
    const resource = { urn, custom: true, type: "pulumi-nodejs:dynamic/dokploy:Compose" };
    state.checkpoint.latest.pending_operations = [{ resource, type: "creating" }];
    writeFileSync(file, JSON.stringify(state));
    const broken = (await examine()).find("staging: state");
    expect(broken).toMatchObject({ state: "broken", fix: "dockmaster refresh staging --clear-pending-creates" });
    const [, ...words] = broken?.fix?.split(" ") ?? [];
    expect((await dockmaster(...words, "--yes")).code).toBe(0);
    expect((await examine()).find("staging: state")).toMatchObject({ state: "ok" });
  });

  /** What `npm run pulumi --` does, from this repository: the copied checkout has no tools. */
  function runFix(fix: string) {
    const words = fix.replace("npm run pulumi -- ", "").split(" ");
    const tool = join(import.meta.dirname, "..", "..", "..", "tools", "pulumi.mjs");
    const env = { ...process.env, ...laptop.env };
    expect(spawnSync(process.execPath, [tool, ...words], { cwd: laptop.checkout, env }).status).toBe(0);
  }
});

describe("remove", { timeout: 240_000 }, () => {
  const remove = (service: string, ...more: string[]) => dockmaster("remove", "staging", service, ...more);

  test("refuses a service of the stack, one that somebody else made, and to go on unasked", async () => {
    const early = await remove("postgres", "--yes");
    expect([early.code, early.stderr]).toEqual([1, expect.stringContaining("platform:services")]);
    const { environmentId } = await laptop.ask<{ environmentId: string }>(
      `compose.one?composeId=${await laptop.composeId("redis")}`,
    );
    await laptop.ask("compose.create", { name: "blog", environmentId, composeType: "docker-compose" });
    const foreign = await remove("blog", "--yes");
    expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining("not made by this platform")]);
    expect((await remove("postgres")).code).toBe(2);
    expect((await remove("nothing", "--yes")).code).toBe(1);
    expect(await laptop.composeId("blog")).not.toBe("");
  });

  test("takes one that left the stack, only with the key it was made with, and keeps its volumes", async () => {
    const id = await laptop.composeId("postgres");
    laptop.editStackFile("[postgres, redis]", "[redis]");
    expect(results(await dockmaster("up", "staging", "--yes", "--json"))).toContainEqual(["postgres", "retained"]);
    const stranger = { PLATFORM_KEY: "another-key-0123456789-0123456789-0123" };
    expect((await laptop.dockmasterAs(stranger, "remove", "staging", "postgres", "--yes")).code).toBe(1);
    expect(await laptop.composeId("postgres")).toBe(id);
    const { findings } = JSON.parse((await dockmaster("doctor", "staging", "--json")).stdout);
    expect(findings).toContainEqual({
      name: "staging: services",
      state: "warning",
      found: "postgres on Dokploy, and not in the state",
      fix: expect.stringContaining("dockmaster remove staging postgres"),
    });

    const { code, stdout } = await remove("postgres", "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("platform-postgres-data-staging");
    expect(await laptop.composeId("postgres")).toBe("");
    expect(await laptop.composeId("blog")).not.toBe("");
    const again = await remove("postgres", "--yes");
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringContaining("dockmaster remove staging postgres --volumes"),
    ]);
  });

  test("finds the volumes that an earlier removal left, removes them by name, and then there is nothing more", async () => {
    const volumes = async () =>
      (await laptop.ask<{ Name: string }[]>("dockerVolume.getVolumes")).map(({ Name }) => Name).sort();
    expect(await volumes()).toContain("platform-postgres-data-staging");
    const { code, stdout } = await remove("postgres", "--volumes", "--yes", "--json");
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      {
        ...{ command: "remove", stack: "staging", service: "postgres", composeId: null, ok: true },
        volumesRemoved: ["platform-postgres-data-staging", "platform-postgres-socket-staging"],
        ...{ volumesKept: [], volumesLeft: [], containersLeft: [], commands: [] },
      },
    ]);
    expect(await volumes()).toEqual(["platform-redis-data-staging"]);
    expect((await remove("postgres", "--volumes", "--yes")).stderr).toContain("There is nothing to remove");
  });

  test("refuses one that the next update would make, although no state knows it", async () => {
    laptop.editStackFile("[redis]", "[postgres, redis]");
    const { code, stderr } = await remove("postgres", "--volumes", "--yes");
    expect([code, stderr]).toEqual([1, expect.stringContaining("postgres is part of staging")]);
    laptop.editStackFile("[postgres, redis]", "[redis]");
  });
});

test("no command printed a secret", () => {
  expect(laptop.printed()).toContain("redis");
  for (const secret of [PLATFORM_KEY, PASSPHRASE, GIVEN, laptop.emulator.apiKey]) {
    expect(laptop.printed()).not.toContain(secret);
  }
});
