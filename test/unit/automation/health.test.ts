import { afterEach, expect, test, vi } from "vitest";
import { startHealth } from "../../../automation/health.ts";
import type { Runner } from "../../../automation/runner.ts";

afterEach(() => vi.useRealTimers());

/** A runner of which only the store and the remote matter; `fetch` is how the remote answers. */
function runnerWith(fetch: () => Promise<void>, warned: string[]): Runner {
  const gauge = { set: () => {} };
  const runner = {
    store: { ping: async () => {} },
    mirror: { fetch },
    variables: { get: () => undefined, changedAt: () => undefined, unreadable: () => [] },
    config: {},
    metrics: { health: gauge, healthFailures: gauge },
    log: { warn: ({ check, reason }: { check: string; reason: string }) => warned.push(`${check}: ${reason}`) },
    mask: (text: string) => text,
    now: Date.now,
    enginePath: "/nowhere",
  };
  return runner as unknown as Runner;
}

test("a check that hangs is broken before the next one is due, and well again when that one answers", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const answers = [Promise.resolve(), new Promise<void>(() => {}), Promise.resolve()];
  const warned: string[] = [];
  const health = startHealth(runnerWith(() => answers.shift() ?? Promise.resolve(), warned));
  try {
    await vi.advanceTimersByTimeAsync(100_000);
    expect(health.checks()).toMatchObject({ git: "ok", store: "ok" });
    await vi.advanceTimersByTimeAsync(19_500);
    expect(health.checks().git).toBe("broken");
    expect(warned).toContain("git: no answer within 59 s");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(health.checks().git).toBe("ok");
  } finally {
    health.stop();
  }
});
