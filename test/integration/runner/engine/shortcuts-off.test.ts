import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";

// tools/shortcuts/README.md: what they leave out must not be needed, and without them all must work as with them.
describe("with the shortcuts off", { timeout: 240_000 }, () => {
  let dokploy: Emulator;
  let folder: string;
  let harness: Harness;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: folder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey };
    // A folder for compiled code that was named is used, whatever is off.
    const env = { ...access, DOCKMASTER_SHORTCUTS: "off", NODE_COMPILE_CACHE: "" };
    harness = await startHarness(env, { program: platformProgram(["redis"]) });
  });
  afterAll(async () => {
    await harness?.stop();
    await dokploy?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a release is deployed, and deployed again without a change", async () => {
    const first = await harness.deploy("staging", "v1.0.1");
    expect(first.body).toMatchObject({ status: "success", changed_services: ["redis"] });
    const again = await harness.deploy("staging", "v1.0.1");
    expect(again.body).toMatchObject({ status: "success", changed_services: [], unchanged_services: ["redis"] });
  });

  test("none of them was taken", async () => {
    const data = join(harness.folder, "data");
    expect(readdirSync(join(data, "pulumi", "logs")).length).toBeGreaterThan(0);
    expect(existsSync(join(data, "pulumi", "node"))).toBe(false);
    const states = join(data, "state", ".pulumi", "stacks", "dockmaster");
    expect(readFileSync(join(states, "staging.json"), "utf8")).toContain("stackTrace");
  });
});
