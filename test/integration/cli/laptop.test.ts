import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandOf, processesOf } from "../runner/engine/apart.ts";
import { type Laptop, openLaptop, PASSPHRASE, PLATFORM_KEY, results } from "./laptop-harness.ts";
import { runCli } from "./run-cli.ts";

const HAND = "planted-value-of-a-hand";

let laptop: Laptop;
let stackFile: string;

const dockmaster = (...words: string[]) => laptop.dockmaster(...words);

beforeAll(async () => {
  laptop = await openLaptop();
  stackFile = laptop.stackFile();
});
afterAll(() => laptop.close());

describe("the commands with the engine, on the real platform and an emulated Dokploy", { timeout: 240_000 }, () => {
  test("a stack that the backend does not have is not made by accident", async () => {
    const { code, stderr } = await dockmaster("up", "staging", "--yes");
    expect(code).toBe(1);
    expect(stderr).toContain('has no stack "staging"');
    expect(stderr).toContain("--create");
    // Where people go through a runner, the folder here is not where its state is.
    const beside = await laptop.dockmasterAs({ DOCKMASTER_URL: "http://127.0.0.1:1" }, "up", "staging", "--yes");
    expect([beside.code, beside.stderr]).toEqual([1, expect.stringContaining("dockmaster preview staging --runner")]);
    expect(beside.stderr).not.toContain("--create");
    // Nor does a secret find its way into the file of one that cannot decrypt it.
    const set = await laptop.dockmasterWith("planted", "secret", "set", "staging", "redis", "redis_password");
    expect([set.code, set.stderr]).toEqual([1, expect.stringContaining("dockmaster up staging --create")]);
    expect(laptop.stackFile()).toBe(stackFile);
  });

  test("an update without a terminal wants --yes before it does anything", async () => {
    for (const command of ["up", "refresh", "destroy"]) {
      const { code, stderr } = await dockmaster(command, "staging");
      expect([command, code]).toEqual([command, 2]);
      expect(stderr).toContain("--yes");
    }
  });

  test("a deployment that fails is told with the service, what Dokploy's log said and what to do", async () => {
    laptop.emulator.control.addFault({ kind: "fail-deploy", service: "redis", log: ["no space left on device"] });
    const { code, stdout } = await dockmaster("up", "staging", "--yes", "--create");
    expect(code).toBe(1);
    expect(stdout).toMatch(/✘ redis +failed/);
    expect(stdout).toMatch(/✔ postgres +created/);
    expect(stdout).toContain("besides the services: 1 created");
    expect(stdout).toContain("no space left on device");
    expect(stdout).toMatch(/→ \w+/);
    laptop.emulator.control.clearFaults();
  });

  test("the next update repeats what failed and leaves the rest alone", async () => {
    const end = await dockmaster("up", "staging", "--yes", "--json");
    expect(end.code).toBe(0);
    expect(results(end)).toEqual([
      ["postgres", "unchanged"],
      ["redis", "changed"],
    ]);
  });

  test("what was changed by hand is drift, with the key's name and exit code 1", async () => {
    expect((await dockmaster("drift", "staging")).code).toBe(0);
    const id = await laptop.composeId("redis");
    laptop.emulator.control.edit(id, { env: `${await laptop.envOf(id)}\nBY_HAND=${HAND}\n` });
    const { code, stdout } = await dockmaster("drift", "staging", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      status: "drift",
      services: [
        { service: "postgres", result: "unchanged" },
        { service: "redis", result: "changed", reason: "drift: env.BY_HAND" },
      ],
    });
  });

  test("a preview shows what would be fixed, key by key with --diff, and changes nothing", async () => {
    const { code, stdout } = await dockmaster("preview", "staging", "--diff");
    expect(code).toBe(0);
    expect(stdout).toMatch(/redis +change/);
    expect(stdout).toMatch(/REDIS_PASSWORD *: \[secret\]/);
    expect(await laptop.envOf(await laptop.composeId("redis"))).toContain("BY_HAND");
  });

  test("a refresh writes it into the state only, and an update fixes it", async () => {
    expect((await dockmaster("refresh", "staging", "--yes")).code).toBe(0);
    const id = await laptop.composeId("redis");
    expect(await laptop.envOf(id)).toContain("BY_HAND");
    const end = await dockmaster("up", "staging", "--yes", "--json");
    expect(results(end)).toContainEqual(["redis", "changed"]);
    expect(await laptop.envOf(id)).not.toContain("BY_HAND");
  });

  test("taking a stack down leaves services with data running and says how to remove them", async () => {
    const { code, stdout } = await dockmaster("destroy", "staging", "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("dockmaster remove staging redis");
    expect(await laptop.composeId("redis")).not.toBe("");
    expect(await laptop.composeId("postgres")).not.toBe("");
  });

  test("a wrong passphrase is told as such", async () => {
    const end = await runCli(["up", "staging", "--yes"], {
      cwd: laptop.checkout,
      env: { ...laptop.env, PULUMI_CONFIG_PASSPHRASE: "another" },
    });
    expect(end.code).toBe(1);
    expect(end.stdout).toContain("PULUMI_CONFIG_PASSPHRASE");
    // The engine gives up without ending what it has started. Its language host sees that by itself, after minutes.
    const plugins = () =>
      processesOf(laptop.state).filter((pid) => commandOf(pid).includes("@pulumi/pulumi/cmd/dynamic-provider"));
    await expect.poll(plugins, { timeout: 10_000 }).toEqual([]);
  });

  test("no command wrote into the checkout or printed a secret", () => {
    expect(laptop.stackFile()).toBe(stackFile);
    expect(laptop.printed()).toContain("redis");
    for (const secret of [PLATFORM_KEY, HAND, PASSPHRASE, laptop.emulator.apiKey]) {
      expect(laptop.printed()).not.toContain(secret);
    }
  });
});
