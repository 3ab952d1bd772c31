import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedName, sharedPath } from "../../../components/vault/api/paths.ts";
import { fromStackFile } from "../../../stacks/config/stack-file.ts";
import { planStack } from "../../../stacks/plan.ts";
import { type OpenbaoServer, openbaoMissing, openbaoNote, startOpenbao } from "../../contract/vault/openbao-server.ts";
import { createStack } from "../../engine/vault/stack.ts";
import { type PluginPath, withPlugin } from "../../plugins/plugins.ts";
import { type Laptop, openLaptop, PLATFORM_KEY, results } from "./laptop-harness.ts";
import { runCli } from "./run-cli.ts";

const PASSWORD = "planted-password-of-old-data";
const GIVEN = "planted-new-password";

// One story, told in order: each step goes on from where the one before it ended.
describe.skipIf(openbaoMissing)(`taking over with secrets in Vault${openbaoNote}`, { timeout: 480_000 }, () => {
  let bao: OpenbaoServer;
  let plugin: PluginPath;
  let laptop: Laptop;

  beforeAll(async () => {
    bao = await startOpenbao();
    plugin = withPlugin("vault", { PATH: process.env.PATH });
    laptop = await openLaptop();
    Object.assign(laptop.env, { PATH: plugin.path, VAULT_TOKEN: bao.rootToken });
    laptop.editStackFile(
      "[postgres, redis]\n",
      `[redis]\n  platform:secrets: vault\n  vault:address: ${bao.address}\n`,
    );
    await makeByHand();
    await makeRoles();
  }, 240_000);
  afterAll(async () => {
    await laptop.close();
    plugin.remove();
    await bao.stop();
  });

  async function makeByHand() {
    const { project } = await laptop.ask<{ project: { projectId: string } }>("project.create", { name: "platform" });
    const { environmentId } = await laptop.ask<{ environmentId: string }>("environment.create", {
      name: "staging",
      projectId: project.projectId,
    });
    const composeFile = "services: {a: {image: 'redis:8'}}\n";
    await laptop.ask("compose.create", { name: "redis", environmentId, composeType: "docker-compose", composeFile });
    laptop.emulator.control.edit(await laptop.composeId("redis"), { env: `REDIS_PASSWORD=${PASSWORD}\n` });
  }

  /** What the bootstrap stack makes for this one. */
  async function makeRoles() {
    const { plan } = planStack("staging", fromStackFile("staging", laptop.stackFile()).raw!, PLATFORM_KEY);
    const access = Object.fromEntries(plan!.services.map(({ name, vault }) => [name, { shared: vault?.shared ?? [] }]));
    // OpenBao's development server has the mount of the secrets already.
    await bao.demand("DELETE", "sys/mounts/secret");
    const bootstrap = await createStack("bootstrap", { VAULT_ADDR: bao.address, VAULT_TOKEN: bao.rootToken });
    const made = await bootstrap.up({
      access: { project: "platform", stacks: { staging: access }, engines: { "engine-staging": "staging" } },
    });
    bootstrap.remove();
    expect(made.ok, made.text).toBe(true);
  }

  /** What Vault has for redis, by field, wherever its place is. */
  async function inVault(): Promise<Record<string, string>> {
    const { stdout } = await laptop.dockmaster("secret", "list", "staging", "--json");
    const { secrets } = JSON.parse(stdout) as { secrets: { rests: string }[] };
    const paths = [...new Set(secrets.map(({ rests }) => rests))];
    const found = await Promise.all(paths.map(async (path) => (await bao.demand("GET", path)).data.data));
    return Object.assign({}, ...found);
  }

  test("a value can be there before the first update: set finds out where it belongs", async () => {
    const words = ["secret", "set", "staging", "redis", "redis_password", "--create"];
    const end = await laptop.dockmasterWith(GIVEN, ...words);
    expect([end.code, end.stdout]).toEqual([0, expect.stringContaining("has its value")]);
    const path = sharedPath({ project: "platform" }, "staging", sharedName("redis", "redis_password"));
    expect((await bao.demand("GET", path)).data.data).toEqual({ redis_password: GIVEN });
    await bao.demand("DELETE", path.replace("/data/", "/metadata/"));
    const wrong = await laptop.dockmasterWith(GIVEN, "secret", "set", "staging", "redis", "no_such_secret");
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("Name one of redis_password")]);
  });

  test("the password that is in use goes to Vault before the update would make another", async () => {
    const end = await laptop.dockmaster("import", "staging", "--create", "--yes", "--json");
    expect([end.code, end.stderr]).toEqual([0, ""]);
    const { adoptions, held } = JSON.parse(end.stdout);
    expect(adoptions).toMatchObject([{ service: "redis", kept: ["redis_password"] }]);
    expect(held).toEqual([]);
    expect(laptop.stackFile()).toMatch(/platform:redis:\n +adopt: true\n/);
    expect(laptop.stackFile()).not.toContain("secure");
  });

  test("the update takes the service over with it, and leaves none in Dokploy", async () => {
    const id = await laptop.composeId("redis");
    const end = await laptop.dockmaster("up", "staging", "--yes", "--json");
    expect(results(end)).toEqual([["redis", "changed"]]);
    expect(await laptop.composeId("redis")).toBe(id);
    expect(await inVault()).toEqual({ redis_password: PASSWORD });
    expect(await laptop.envOf(id)).not.toContain(PASSWORD);
  });

  test("set gives it a new value, which the next update hands over", async () => {
    const end = await laptop.dockmasterWith(GIVEN, "secret", "set", "staging", "redis", "redis_password");
    expect(end.code).toBe(0);
    expect(await inVault()).toEqual({ redis_password: GIVEN });
    expect(results(await laptop.dockmaster("up", "staging", "--yes", "--json"))).toEqual([["redis", "changed"]]);
    // Not through the laptop: what it prints is searched for secrets below.
    const words = ["secret", "get", "staging", "redis", "redis_password", "--reveal"];
    expect((await runCli(words, { cwd: laptop.checkout, env: laptop.env })).stdout).toBe(`${GIVEN}\n`);
  });

  test("no command printed a secret", () => {
    expect(laptop.printed()).toContain("redis");
    for (const secret of [PASSWORD, GIVEN, PLATFORM_KEY]) expect(laptop.printed()).not.toContain(secret);
  });
});
