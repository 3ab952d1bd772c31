import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, startHarness } from "../harness.ts";

// The fixture's provider knows no config: what it works with has to be in its environment.
describe("servers and keys that only the stack's file says", { timeout: 120_000 }, () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ DOKPLOY_URL: "" });
  });
  afterAll(() => harness.stop());

  test("reach the program's providers as they are now, in every kind of run", async () => {
    const file = (folder: string) =>
      `config:\n  platform:services: [redis]\n  dokploy:url: file://${join(harness.folder, folder)}\n`;
    harness.origin.release("v1.0.2", { "Pulumi.staging.yaml": file("dokploy") });
    const first = await harness.deploy("staging", "v1.0.2");
    expect(first, harness.logged()).toMatchObject({ status: 200, body: { status: "success" } });
    const made = harness.actions();
    expect(made.length).toBeGreaterThan(0);
    const preview = await harness.send("POST", "/preview", { env: "staging", tag: "v1.0.2" }, { waitSeconds: 60 });
    expect(preview.body).toMatchObject({ status: "success" });
    const drift = await harness.send("POST", "/drift", { env: "staging" }, { waitSeconds: 60 });
    expect(drift.body).toMatchObject({ drift: false });
    expect(harness.actions()).toEqual(made);
  });
});
