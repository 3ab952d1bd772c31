import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Laptop, openLaptop, PASSPHRASE, PLATFORM_KEY, results } from "./laptop-world.ts";
import { runCli } from "./run-cli.ts";

const GIVEN = "planted-given-password";

let laptop: Laptop;
const dockmaster = (...words: string[]) => laptop.dockmaster(...words);
const stackFile = () => readFileSync(join(laptop.checkout, "Pulumi.staging.yaml"), "utf8");
const editStackFile = (from: string, to: string) =>
  writeFileSync(join(laptop.checkout, "Pulumi.staging.yaml"), stackFile().replace(from, to));

/** What somebody made in Dokploy's UI before the platform came: redis, and postgres under another name. */
async function makeByHand() {
  const { project } = await laptop.ask<{ project: { projectId: string } }>("project.create", { name: "platform" });
  const { environmentId } = await laptop.ask<{ environmentId: string }>("environment.create", {
    name: "staging",
    projectId: project.projectId,
  });
  for (const name of ["redis", "platform-postgres"]) {
    const composeFile = "services: {a: {image: 'redis:8'}}\n";
    await laptop.ask("compose.create", { name, environmentId, composeType: "docker-compose", composeFile });
  }
}

beforeAll(async () => {
  laptop = await openLaptop();
  await makeByHand();
});
afterAll(() => laptop.close());

describe("a platform that is taken over and kept by people", { timeout: 240_000 }, () => {
  test("import pairs by name, tells what would change, and writes the adoption", async () => {
    editStackFile("config:\n", "# ours\nconfig:\n");
    const { code, stdout } = await dockmaster("import", "staging", "--create", "--yes", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      services: expect.arrayContaining([
        { service: "redis", kind: "adopt", composeIds: [await laptop.composeId("redis")] },
        { service: "postgres", kind: "new", composeIds: [], hint: expect.stringContaining("platform-postgres") },
        { service: "platform-postgres", kind: "stranger", composeIds: [await laptop.composeId("platform-postgres")] },
      ]),
      notes: [expect.stringMatching(/takes over compose redis/)],
      adopted: ["redis"],
    });
    expect(stackFile()).toMatch(/^# ours\n/);
    expect(stackFile()).toMatch(/platform:redis:\n +adopt: true/);
    expect(await laptop.composeId("postgres")).toBe("");
  });

  test("the next update takes it over, and there is nothing left to import", async () => {
    const id = await laptop.composeId("redis");
    const end = await dockmaster("up", "staging", "--yes", "--json");
    expect(results(end)).toEqual([
      ["postgres", "created"],
      ["redis", "created"],
    ]);
    expect(await laptop.composeId("redis")).toBe(id);
    const again = await dockmaster("import", "staging", "--yes", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ adopted: [] });
  });

  test("why names the inputs that changed here, and what a hand changed", async () => {
    const equal = JSON.parse((await dockmaster("why", "redis", "--json")).stdout);
    expect(equal.inputs.every(({ state }: { state: string }) => state === "equal")).toBe(true);
    editStackFile("adopt: true", "adopt: true\n    memory: 300m");
    const id = await laptop.composeId("redis");
    laptop.emulator.control.edit(id, { env: (await laptop.envOf(id)).replace("APPENDONLY=yes", "APPENDONLY=no") });
    const { code, stdout } = await dockmaster("why", "redis");
    expect(code).toBe(0);
    expect(stdout).toMatch(/env\.REDIS_MEMORY +\w{12} +changed here +256m → 300m/);
    expect(stdout).toMatch(/env\.REDIS_APPENDONLY +\w{12} +changed by hand +yes → no/);
    expect(stdout).toMatch(/env\.REDIS_PASSWORD +\[secret\] +equal/);
    expect(stdout).not.toContain(equal.digest);
    expect((await dockmaster("why", "nothing")).code).toBe(2);
  });

  test("secrets are listed without values, and shown only when asked to", async () => {
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
    expect((await dockmaster("secret", "get", "staging", "redis", "nothing")).stderr).toContain("redis_password");
  });

  test("a secret that is given goes encrypted into the stack's file and reaches the service with the next update", async () => {
    const end = await laptop.dockmasterWith(`${GIVEN}\n`, "secret", "set", "staging", "redis", "redis_password");
    expect([end.code, end.stderr]).toEqual([0, ""]);
    expect(stackFile()).toMatch(/redis_password:\n +secure: /);
    expect(stackFile()).not.toContain(GIVEN);
    expect(results(await dockmaster("up", "staging", "--yes", "--json"))).toContainEqual(["redis", "changed"]);
    expect(await laptop.envOf(await laptop.composeId("redis"))).toContain(`REDIS_PASSWORD=${GIVEN}`);
    for (const [input, ...words] of [
      ["", "redis", "redis_password"],
      [GIVEN, "redis", "nothing"],
      [GIVEN, "redis.secrets", "x"],
    ] as [string, string, string][]) {
      expect((await laptop.dockmasterWith(input, "secret", "set", "staging", ...words)).code).toBe(2);
    }
  });

  test("rotate asks for new generated values, and says which are given", async () => {
    const { code, stdout } = await dockmaster("secret", "rotate", "staging", "redis", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ version: 2, given: ["redis_password"] });
    const before = await laptop.envOf(await laptop.composeId("postgres"));
    await dockmaster("secret", "rotate", "staging", "postgres");
    expect(stackFile()).toMatch(/platform:postgres:\n +secretVersion: 2/);
    expect(results(await dockmaster("up", "staging", "--yes", "--json"))).toContainEqual(["postgres", "changed"]);
    expect(await laptop.envOf(await laptop.composeId("postgres"))).not.toBe(before);
    expect((await dockmaster("secret", "rotate", "staging", "nothing")).code).toBe(2);
  });

  test("doctor names what is broken with what mends it", async () => {
    const finding = async (name: string, env: Record<string, string> = {}) => {
      const end = await runCli(["doctor", "staging", "--json"], {
        cwd: laptop.checkout,
        env: { ...laptop.env, ...env },
      });
      const { findings } = JSON.parse(end.stdout) as { findings: { name: string; state: string; fix?: string }[] };
      return { code: end.code, ...findings.find((each) => each.name === name) };
    };
    expect(await finding("Dokploy")).toMatchObject({ state: "ok" });
    expect(await finding("staging: state")).toMatchObject({ state: "ok" });
    // A state that only this machine sees is no state for a team.
    expect(await finding("state backend")).toMatchObject({ code: 1, state: "broken" });
    const lock = join(laptop.state, ".pulumi", "locks", "organization", "dockmaster", "staging");
    mkdirSync(lock, { recursive: true });
    writeFileSync(join(lock, "0000.json"), JSON.stringify({ pid: 2 ** 22 + 1, hostname: hostname() }));
    expect(await finding("staging: lock")).toMatchObject({
      state: "broken",
      fix: "npm run pulumi -- cancel --yes staging",
    });
    const wrong = { DOKPLOY_API_KEY: "wrong", PULUMI_CONFIG_PASSPHRASE: "wrong" };
    expect(await finding("Dokploy", wrong)).toMatchObject({
      state: "broken",
      fix: expect.stringContaining("DOKPLOY_API_KEY"),
    });
    expect(await finding("staging: state", wrong)).toMatchObject({
      state: "broken",
      fix: expect.stringContaining("PASSPHRASE"),
    });
    writeFileSync(join(lock, "0000.json"), JSON.stringify({ pid: process.pid, hostname: hostname() }));
    expect(await finding("staging: lock")).toMatchObject({ state: "ok" });
    writeFileSync(join(lock, "0000.json"), JSON.stringify({ pid: 1, hostname: "another" }));
    expect(await finding("staging: lock")).toMatchObject({ state: "warning" });
    rmSync(join(lock, "0000.json"));
  });

  test("remove takes a service only after it left the stack, only ours, and keeps its volumes", async () => {
    const id = await laptop.composeId("postgres");
    const early = await dockmaster("remove", "staging", "postgres", "--yes");
    expect([early.code, early.stderr]).toEqual([1, expect.stringContaining("platform:services")]);
    const foreign = await dockmaster("remove", "staging", "platform-postgres", "--yes");
    expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining("not made by this platform")]);
    expect((await dockmaster("remove", "staging", "postgres")).code).toBe(2);

    editStackFile("[postgres, redis]", "[redis]");
    expect(results(await dockmaster("up", "staging", "--yes", "--json"))).toContainEqual(["postgres", "retained"]);
    expect(await laptop.composeId("postgres")).toBe(id);
    const { code, stdout } = await dockmaster("remove", "staging", "postgres", "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("platform-postgres-data-staging");
    expect(await laptop.composeId("postgres")).toBe("");
    expect(await laptop.composeId("platform-postgres")).not.toBe("");
    expect((await dockmaster("remove", "staging", "postgres", "--yes")).code).toBe(1);
  });

  test("no command printed a secret", () => {
    for (const secret of [PLATFORM_KEY, PASSPHRASE, GIVEN, laptop.emulator.apiKey]) {
      expect(laptop.printed()).not.toContain(secret);
    }
  });
});
