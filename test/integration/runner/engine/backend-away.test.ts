import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, startHarness } from "../harness.ts";

const PASSWORD = "planted-password-of-the-state";

describe("a state backend that is away", () => {
  let harness: Harness;

  beforeAll(async () => {
    // Nobody listens on the port.
    harness = await startHarness({
      PULUMI_BACKEND_URL: `postgres://state:${PASSWORD}@127.0.0.1:9/state?sslmode=disable`,
    });
  });
  afterAll(() => harness.stop());

  test("fails the run with its address and without its password, in the answer, the record and the log", async () => {
    const { body } = await harness.deploy("staging", "v1.0.1");
    expect(body).toMatchObject({ status: "failed" });
    const run = (await harness.send("GET", `/runs/${body.run}`)).body;
    expect(JSON.stringify(run.cause)).toContain("[secret]@127.0.0.1:9");
    const data = join(harness.folder, "data");
    const stored = readdirSync(data).filter((name) => name.startsWith("dockmaster.db"));
    expect(stored.length).toBeGreaterThan(0);
    const sinks = [
      JSON.stringify(body),
      JSON.stringify(run),
      harness.logged(),
      ...stored.map((name) => readFileSync(join(data, name), "latin1")),
    ];
    for (const sink of sinks) expect(sink).not.toContain(PASSWORD);
  }, 120_000);
});
