import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { processesOf } from "./engine/apart.ts";
import { startHarness } from "./harness.ts";

test("a runner whose remote accepts and never answers stops at once, and leaves no git behind", async () => {
  const asked = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => asked.resolve());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`;
  const harness = await startHarness({ GIT_REPO_URL: url });
  let answered: Promise<unknown> | undefined;
  try {
    await asked.promise;
    // It waits for the remote, too.
    answered = harness.deploy("staging", "v1.0.1").catch(() => {});
    expect(processesOf(url)).not.toEqual([]);
  } finally {
    const began = Date.now();
    await harness.stop();
    expect(Date.now() - began).toBeLessThan(5_000);
    await answered;
    server.close();
  }
  await expect.poll(() => processesOf(url), { timeout: 1_000 }).toEqual([]);
});
