import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startWorld, type World } from "../world.ts";

const PASSWORD = "planted-password-of-the-state";

describe("a state backend that is away", () => {
  let world: World;

  beforeAll(async () => {
    // Nobody listens on the port.
    world = await startWorld({ PULUMI_BACKEND_URL: `postgres://state:${PASSWORD}@127.0.0.1:9/state?sslmode=disable` });
  });
  afterAll(() => world.stop());

  test("fails the run with its address and without its password, in the answer, the record and the log", async () => {
    const { body } = await world.deploy("staging", "v1.0.1");
    expect(body).toMatchObject({ status: "failed" });
    const run = (await world.send("GET", `/runs/${body.run}`)).body;
    expect(JSON.stringify(run.cause)).toContain("[secret]@127.0.0.1:9");
    const data = join(world.folder, "data");
    const stored = readdirSync(data).filter((name) => name.startsWith("dockmaster.db"));
    expect(stored.length).toBeGreaterThan(0);
    const sinks = [
      JSON.stringify(body),
      JSON.stringify(run),
      world.logged(),
      ...stored.map((name) => readFileSync(join(data, name), "latin1")),
    ];
    for (const sink of sinks) expect(sink).not.toContain(PASSWORD);
  }, 120_000);
});
