import { mkdirSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Laptop, openLaptop, PASSPHRASE, PLATFORM_KEY, results } from "./laptop-harness.ts";

const PASSWORD = "planted-password-of-old-data";

let laptop: Laptop;
const dockmaster = (...words: string[]) => laptop.dockmaster(...words);

/** What somebody made in Dokploy's UI before the platform came: redis, and postgres under another name. */
async function makeByHand() {
  const { project } = await laptop.ask<{ project: { projectId: string } }>("project.create", { name: "platform" });
  const { environmentId } = await laptop.ask<{ environmentId: string }>("environment.create", {
    name: "staging",
    projectId: project.projectId,
  });
  for (const name of ["redis", "platform-postgres"]) {
    const composeFile = "services: {a: {image: 'redis:8', volumes: ['data:/data']}}\nvolumes: {data: }\n";
    await laptop.ask("compose.create", { name, environmentId, composeType: "docker-compose", composeFile });
  }
  laptop.emulator.control.edit(await laptop.composeId("redis"), { env: `REDIS_PASSWORD=${PASSWORD}\nOLD=1\n` });
}

beforeAll(async () => {
  laptop = await openLaptop();
  await makeByHand();
  laptop.editStackFile("config:\n", "# ours\nconfig:\n");
});
afterAll(() => laptop.close());

describe("taking over what is on Dokploy", { timeout: 480_000 }, () => {
  test("import pairs by name and says what would change, what is kept and what would be left behind", async () => {
    const { code, stdout } = await dockmaster("import", "staging", "--create", "--yes", "--json", "--diff");
    expect(code).toBe(0);
    const { services, adoptions } = JSON.parse(stdout);
    expect(services).toEqual(
      expect.arrayContaining([
        { service: "redis", kind: "adopt", composeIds: [await laptop.composeId("redis")] },
        { service: "postgres", kind: "new", composeIds: [], hint: expect.stringContaining("platform-postgres") },
        { service: "platform-postgres", kind: "stranger", composeIds: [await laptop.composeId("platform-postgres")] },
      ]),
    );
    expect(adoptions).toEqual([
      {
        service: "redis",
        changes: expect.arrayContaining(["composeFile", "env.OLD", "autoDeploy", "command"]),
        kept: ["redis_password"],
        moved: [{ from: expect.stringMatching(/_data$/), to: "platform-redis-data-staging" }],
        composeFile: { from: expect.stringContaining("services: {a:"), to: expect.stringContaining("redis_password") },
      },
    ]);
    expect(adoptions[0].changes).not.toContain("env.REDIS_PASSWORD");
  });

  test("the adoption is in the stack's file, secrets encrypted, and Dokploy is as it was", async () => {
    expect(laptop.stackFile()).toMatch(/^# ours\n/);
    expect(laptop.stackFile()).toMatch(/platform:redis:\n +adopt: true\n +secrets:\n +redis_password:\n +secure: /);
    expect(laptop.stackFile()).not.toContain(PASSWORD);
    expect(await laptop.composeId("postgres")).toBe("");
    expect(await laptop.envOf(await laptop.composeId("redis"))).toContain("OLD=1");
    expect(await laptop.deployments("redis")).toBe(0);
  });

  test("a second import says the same, and knows that the password is the one in use", async () => {
    const before = laptop.stackFile();
    const { stdout } = await dockmaster("import", "staging", "--yes", "--json");
    const [{ changes, kept }] = JSON.parse(stdout).adoptions;
    expect(changes).toContain("composeFile");
    expect(changes).not.toContain("env.REDIS_PASSWORD");
    expect(kept).toEqual([]);
    expect(laptop.stackFile()).toBe(before);
  });

  test("the next update takes it over with its password, and there is nothing left to import", async () => {
    const id = await laptop.composeId("redis");
    const end = await dockmaster("up", "staging", "--yes", "--json");
    expect(results(end)).toEqual([
      ["postgres", "created"],
      ["redis", "changed"],
    ]);
    expect(await laptop.composeId("redis")).toBe(id);
    expect(await laptop.envOf(id)).toContain(`REDIS_PASSWORD=${PASSWORD}`);
    expect(await laptop.envOf(id)).not.toContain("OLD=1");
    const again = await dockmaster("import", "staging", "--yes", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ adoptions: [] });
  });

  test("the update after an import restarts nothing that did not change", async () => {
    const names = ["postgres", "redis"];
    for (const name of names) {
      laptop.emulator.control.edit(await laptop.composeId(name), { description: "" });
    }
    // Still in the state: an update would fix it.
    expect(JSON.parse((await dockmaster("import", "staging", "--yes", "--json")).stdout).adoptions).toEqual([]);
    rmSync(laptop.state, { recursive: true });
    mkdirSync(laptop.state);
    const before = await Promise.all(names.map(laptop.deployments));
    laptop.editStackFile("    adopt: true\n", "");
    const refused = await dockmaster("up", "staging", "--yes", "--create");
    expect([refused.code, refused.stdout]).toEqual([1, expect.stringContaining("was not made by Dockmaster")]);

    const { code, stdout } = await dockmaster("import", "staging", "--create", "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("redis: nothing changes, nothing restarts");
    expect(stdout).toContain("postgres: nothing changes, nothing restarts");
    expect((await dockmaster("up", "staging", "--yes")).code).toBe(0);
    expect(await Promise.all(names.map(laptop.deployments))).toEqual(before);
  });

  test("no command printed a secret", () => {
    for (const secret of [PLATFORM_KEY, PASSPHRASE, PASSWORD, laptop.emulator.apiKey]) {
      expect(laptop.printed()).not.toContain(secret);
    }
  });
});
