import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { until } from "./until.ts";

describe("a run whose release cannot be checked out", () => {
  let harness: Harness;
  let remote: Server;
  let isSilent = false;

  beforeAll(async () => {
    // Git's plain HTTP transport reads files; a remote that hangs does not answer.
    remote = createServer((request, response) => {
      if (isSilent) return;
      const file = join(harness.origin.url, new URL(request.url ?? "/", "http://x").pathname);
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => remote.listen(0, "127.0.0.1", resolve));
    const { port } = remote.address() as AddressInfo;
    harness = await startHarness({ GIT_REPO_URL: `http://127.0.0.1:${port}/` });
    execFileSync("git", ["update-server-info"], { cwd: harness.origin.url });
  });
  afterAll(async () => {
    remote.closeAllConnections();
    await harness.stop();
    remote.close();
  });

  test("is canceled at once while the remote says nothing, and nothing was begun", async () => {
    // Once the runner knows the tag, it accepts without asking again.
    expect(
      (await harness.send("POST", "/preview", { env: "staging", tag: "v1.0.1" }, { waitSeconds: 120 })).body,
    ).toMatchObject({ status: "success" });
    isSilent = true;
    const { body } = await harness.deploy("staging", "v1.0.1", {}, { waitSeconds: 0 });
    const read = async () => (await harness.send("GET", `/runs/${body.run}`)).body;
    await until("it runs", 10_000, async () => (await read()).state === "running");
    const asked = performance.now();
    expect((await harness.send("POST", `/runs/${body.run}/cancel`, {}, { form: "v2" })).status).toBe(202);
    await until("it has ended", 10_000, async () => (await read()).state === "canceled");
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(await read()).toMatchObject({ attempts: 0, cause: { code: "canceled" } });
    expect(harness.actions()).toEqual([]);
    isSilent = false;
    remote.closeAllConnections();
  }, 180_000);
});
