import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { createClient, SERVICE } from "./client.ts";

interface SizeCase {
  composeFile: number;
  env: number;
  deployment: "done" | "error";
  log?: string;
}

const sizes = JSON.parse(
  readFileSync(new URL("../../fixtures/walk/tables/sizes.json", import.meta.url), "utf8"),
) as SizeCase[];

describe("a deployment", () => {
  let emulator: Emulator;
  let client: ReturnType<typeof createClient>;

  beforeAll(async () => {
    emulator = await startEmulator();
    client = createClient(emulator);
  });
  afterAll(() => emulator.close());

  /** As the walk's texts: a comment alone, which the round trip drops, or a value when there is env beside it. */
  const padded = ({ composeFile, env }: SizeCase) => {
    if (composeFile === 0) return SERVICE;
    const padding = "p".repeat(composeFile * 1024 - SERVICE.length - 20);
    return env === 0 ? `${SERVICE}# ${padding}\n` : `${SERVICE}x-padding: "${padding}"\n`;
  };

  it.each(sizes)("of $composeFile KiB of text and $env KiB of env is $deployment", async (size) => {
    const env = size.env === 0 ? "" : `PAD=${"e".repeat(size.env * 1024 - 10)}`;
    const { composeId } = await client.createService({ composeFile: padded(size), env });
    const { status, log } = await client.deploy(composeId);
    expect(status).toBe(size.deployment);
    if (size.log !== undefined) expect(log).toBe(size.log);
  });

  it("keeps the eleven newest rows, newest first", async () => {
    const { composeId } = await client.createService();
    for (let i = 0; i < 13; i += 1) await client.post("compose.deploy", { composeId, title: `h${i}` });
    await emulator.control.idle();
    const titles = (await client.deployments(composeId)).map(({ title }) => title);
    expect(titles).toEqual(["h12", "h11", "h10", "h9", "h8", "h7", "h6", "h5", "h4", "h3", "h2"]);
  });

  it("reads the record when its job starts, not when it was asked for", async () => {
    const first = await client.createService();
    const second = await client.createService();
    emulator.control.addFault({ kind: "slow-deploy", service: first.composeId, ms: 60_000 });
    await client.post("compose.deploy", { composeId: first.composeId });
    await client.post("compose.deploy", { composeId: second.composeId, title: "asked before" });
    await client.post("compose.update", { composeId: second.composeId, composeFile: "services: [oops\n" });
    emulator.control.clearFaults();
    await emulator.control.idle();
    expect(await client.deployments(second.composeId)).toMatchObject([{ title: "asked before", status: "error" }]);
  });

  it("of a service that is deleted meanwhile disappears", async () => {
    const first = await client.createService();
    const second = await client.createService();
    emulator.control.addFault({ kind: "slow-deploy", service: first.composeId, ms: 60_000 });
    await client.post("compose.deploy", { composeId: first.composeId });
    await client.post("compose.deploy", { composeId: second.composeId });
    await client.post("compose.delete", { composeId: second.composeId, deleteVolumes: false });
    emulator.control.clearFaults();
    await emulator.control.idle();
    expect(await client.deployments(second.composeId)).toEqual([]);
  });

  it("runs side by side with others once more jobs at a time are allowed", async () => {
    const services = [await client.createService(), await client.createService()];
    await client.post("settings.updateBuildsConcurrency", { buildsConcurrency: 2 });
    for (const { composeId } of services) {
      emulator.control.addFault({ kind: "slow-deploy", service: composeId, ms: 60_000 });
      await client.post("compose.deploy", { composeId });
    }
    const states = ((await client.get("deployment.queueList")).body as { state: string }[]).map(({ state }) => state);
    emulator.control.clearFaults();
    await emulator.control.idle();
    await client.post("settings.updateBuildsConcurrency", { buildsConcurrency: 1 });
    expect(states).toEqual(["active", "active"]);
  });

  it("accepts a NUL in env and none in the compose text", async () => {
    const { composeId } = await client.createService();
    expect(await client.post("compose.update", { composeId, env: "A=\0" })).toMatchObject({ status: 200 });
    expect(await client.post("compose.update", { composeId, composeFile: "\0" })).toMatchObject({ status: 500 });
  });
});
