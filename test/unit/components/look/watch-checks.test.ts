import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CheckInput } from "../../../../components/dokploy/rules/checks/check.ts";
import { fingerprintKey } from "../../../../components/dokploy/rules/fingerprint.ts";
import type { LeftResource } from "../../../../components/look/left.ts";
import { askWatchChecks, openChecks, sealChecks } from "../../../../components/look/watch-checks.ts";

const PLATFORM_KEY = "a platform key of this test only, long enough";
const key = fingerprintKey(PLATFORM_KEY) as Buffer;
const SECRET = "token-of-an-address";

describe("sealed checks", () => {
  const checks: CheckInput[] = [{ url: `https://x.example.org/?t=${SECRET}`, during: ["watch"] }];

  test("can be opened with the key, and show nothing without", () => {
    const sealed = sealChecks(checks, key);
    expect(openChecks(sealed, key)).toEqual(checks);
    expect(Buffer.from(sealed, "base64").toString("latin1")).not.toContain(SECRET);
    expect(sealChecks(checks, key)).not.toBe(sealed);
  });

  test("are opened with no other key, nor when they were changed", () => {
    const sealed = sealChecks(checks, key);
    expect(() => openChecks(sealed, fingerprintKey(`${PLATFORM_KEY}2`) as Buffer)).toThrow();
    const bytes = Buffer.from(sealed, "base64");
    bytes.writeUInt8(bytes.readUInt8(30) ^ 1, 30);
    expect(() => openChecks(bytes.toString("base64"), key)).toThrow();
  });
});

describe("asking them", () => {
  let status = 200;
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(status).end();
  });
  let url: string;
  beforeEach(async () => {
    asked = 0;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const left = (checks: CheckInput[]): LeftResource => ({
    ...{ type: "service", service: "redis", composeId: "c", appName: "a", environmentId: "e", organizationId: "o" },
    ...{ serverUrl: "http://dokploy", parts: {}, ignore: [] },
    ...(checks.length > 0 ? { checks: sealChecks(checks, key) } : {}),
  });
  const ask = (checks: CheckInput[], env: NodeJS.ProcessEnv = { PLATFORM_KEY }) =>
    askWatchChecks([left(checks)], { env, forMs: 20_000, signal: new AbortController().signal });
  const check = (): CheckInput => ({ url, attempts: 1, interval: 1 });

  test("they hold, fail, or nobody can tell", async () => {
    status = 200;
    expect(await ask([check()])).toEqual({ say: "hold" });
    status = 500;
    expect(await ask([check()])).toMatchObject({ say: "failed", why: expect.stringMatching(/^redis: GET http.*500/) });
    const prometheus = { query: "up", success: ">= 1", consecutiveErrorLimit: 0 };
    expect(await ask([{ prometheus }])).toMatchObject({ say: "unknown", why: expect.stringMatching(/PROMETHEUS_URL/) });
    expect(asked).toBeGreaterThan(1);
  });

  test("one that fails counts, whatever others say", async () => {
    status = 500;
    const prometheus = { query: "up", success: ">= 1", consecutiveErrorLimit: 0 };
    expect((await ask([{ prometheus }, check()])).say).toBe("failed");
  });

  test("a service without any asks nothing", async () => {
    expect(await ask([])).toEqual({ say: "hold" });
    expect(asked).toBe(0);
  });

  test("kept under another key they say nothing", async () => {
    expect(await ask([check()], { PLATFORM_KEY: `${PLATFORM_KEY}2` })).toMatchObject({ say: "unknown" });
    expect(await ask([check()], {})).toMatchObject({ say: "unknown" });
    expect(asked).toBe(0);
  });

  test("one that could not be asked by the end of its time says nothing", async () => {
    const prometheus = { query: "up", success: ">= 1", interval: 1, consecutiveErrorLimit: 100 };
    const options = { env: { PLATFORM_KEY }, forMs: 200, signal: new AbortController().signal };
    expect(await askWatchChecks([left([{ prometheus }])], options)).toMatchObject({ say: "unknown" });
  });

  test("one that was not measured in its time says nothing", async () => {
    const late = { prometheus: { query: "up", success: ">= 1", initialDelay: 60, count: 1 } };
    const options = { env: { PLATFORM_KEY }, forMs: 50, signal: new AbortController().signal };
    expect(await askWatchChecks([left([late])], options)).toMatchObject({ say: "unknown" });
  });
});
