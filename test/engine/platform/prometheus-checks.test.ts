import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakePrometheus, openFakePrometheus } from "../../contract/dokploy/checks/prometheus.ts";
import { openPlatform, type Platform } from "./platform.ts";

const TOKEN = "canary-token-of-prometheus";

// One story, told in order with the real engine: each step goes on from where the one before it ended.
describe("a check that asks Prometheus", { timeout: 120_000 }, () => {
  let platform: Platform;
  let prometheus: FakePrometheus;
  beforeAll(async () => {
    [platform, prometheus] = [await openPlatform(), await openFakePrometheus()];
    configure("256m");
  });
  afterAll(async () => {
    await platform?.close();
    await prometheus?.close();
  });

  const CHECK = `{prometheus: {query: "up", success: ">= 0.95", failure: "< 0.90", consecutiveErrorLimit: 0}}`;
  function configure(memory: string, ...lines: string[]): void {
    platform.config("staging", [
      "platform:domain: example.org",
      "platform:suffix: -staging",
      "platform:services: [redis]",
      `platform:redis: {memory: ${memory}, checks: [${CHECK}]}`,
      ...lines,
    ]);
  }
  const env = () => ({ PROMETHEUS_URL: prometheus.url, PROMETHEUS_TOKEN: TOKEN });

  test("is refused before anything is touched, where nobody says where Prometheus is", async () => {
    platform.writes();
    const { ok, text, changes } = await platform.up("staging");
    expect(ok).toBe(false);
    expect(text).toContain("1 problem in stack staging; nothing was changed:");
    expect(text).toContain("checks of redis  PROMETHEUS_URL is not set, and a check asks Prometheus");
    expect(changes).not.toHaveProperty("Environment environment");
    expect(platform.writes()).toEqual({});
    expect((await platform.preview("staging")).ok).toBe(false);
  });

  test("is asked after the deployment", async () => {
    prometheus.replies = [{ values: ["0.99"] }];
    const { ok, text } = await platform.up("staging", env());
    expect(ok, text).toBe(true);
    expect(prometheus.asked).toMatchObject([{ query: "up", authorization: `Bearer ${TOKEN}` }]);
    expect((await platform.up("staging", env())).changes).toEqual({});
    expect(prometheus.asked).toHaveLength(1);
  });

  test("fails the update when it says so, and again until it holds", async () => {
    prometheus.replies = [{ values: ["0.5"] }];
    configure("512m");
    for (let round = 0; round < 2; round++) {
      const { ok, text } = await platform.up("staging", env());
      expect(ok).toBe(false);
      expect(text).toContain("check_failed: redis runs but does not answer as it should: query up 0.5 is < 0.90");
    }
  });

  test("stops the update when it is inconclusive, without data, or cannot be asked: in other words each time", async () => {
    for (const [reply, words] of [
      [{ values: ["0.92"] }, "query up is inconclusive: 0.92 is neither >= 0.95 nor < 0.90"],
      [{ values: [] }, "query up is inconclusive: no data"],
      [{ status: 503, body: "" }, "query up Prometheus answered 503"],
    ] as const) {
      prometheus.replies = [reply as never];
      const { ok, text } = await platform.up("staging", env());
      expect(ok).toBe(false);
      expect(text).toContain(`check_failed: redis runs, and nobody can tell whether it works as it should: ${words}`);
    }
  });

  test("lets it end well when it holds again, with what the stack's file says", async () => {
    prometheus.replies = [{ values: ["0.97"] }];
    configure("512m", `prometheus:url: ${prometheus.url}`);
    const { ok, text, changes } = await platform.up("staging");
    expect(ok, text).toBe(true);
    expect(changes).toEqual({ "Compose redis": "update" });
    expect((await platform.up("staging")).changes).toEqual({});
    expect((await platform.drift("staging")).ok).toBe(true);
  });

  test("leaves nothing of the token anywhere", () => {
    expect(platform.everything()).not.toContain(TOKEN);
  });
});
