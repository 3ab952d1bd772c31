import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renewKey } from "../../renewed-key.ts";
import { KEY, openPlatform, type Platform } from "./platform.ts";

const LINES = ["platform:domain: example.org", "platform:suffix: -staging", "platform:services: [redis]"];

// Everything is said by the stack's file; the state keeps what it said at the last update.
describe("settings that changed since the last update count for plain pulumi too", { timeout: 240_000 }, () => {
  let platform: Platform;
  let key: string;
  const write = async (...more: string[]) => {
    platform.config("staging", [...LINES, ...more]);
    await platform.secret("staging", "dokploy:apiKey", key);
    await platform.secret("staging", "platform:key", KEY);
  };
  beforeAll(async () => {
    const env = { DOKPLOY_API_KEY: undefined, DOKPLOY_URL: undefined, PLATFORM_KEY: undefined };
    platform = await openPlatform({ env });
    key = platform.emulator.apiKey;
    platform.config("staging", LINES);
    await platform.preview("staging");
    await write(`dokploy:url: ${platform.emulator.url}`);
    const { ok, text } = await platform.up("staging");
    expect(ok, text).toBe(true);
  });
  afterAll(() => platform?.close());

  test("a renewed key, its old one deleted", async () => {
    const renewed = await renewKey(platform.emulator);
    const refused = await platform.drift("staging");
    expect(refused.ok).toBe(false);
    expect(refused.text).toContain("401");
    key = renewed;
    await write(`dokploy:url: ${platform.emulator.url}`);
    const drift = await platform.drift("staging");
    expect(drift.ok, drift.text).toBe(true);
    const up = await platform.up("staging");
    expect(up.ok, up.text).toBe(true);
    expect(up.changes).toEqual({});
  });

  test("another address of the same server, which alone would be another server", async () => {
    const other = platform.emulator.url.replace("127.0.0.1", "localhost");
    await write(`dokploy:url: ${other}`);
    expect((await platform.drift("staging")).text).toContain(`DOKPLOY_ALSO_AT=${platform.emulator.url}`);
    await write(`dokploy:url: ${other}`, `dokploy:alsoAt: ${platform.emulator.url}`);
    const drift = await platform.drift("staging");
    expect(drift.ok, drift.text).toBe(true);
  });

  test("for a deletion, which runs by the state alone", async () => {
    key = await renewKey(platform.emulator, key);
    await write(`dokploy:url: ${platform.emulator.url}`);
    const { ok, text } = await platform.destroy("staging");
    expect(ok, text).toBe(true);
    expect(platform.everything()).not.toContain(key);
  });
});
