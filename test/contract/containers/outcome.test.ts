import { expect, test } from "vitest";
import { busybox, endless, healthy } from "./fixture.ts";
import { describeOnEachHost } from "./hosts.ts";

const check = (test: string, more = "") => `healthcheck: {test: [CMD, ${test}], interval: 1s, retries: 1${more}}`;
const shell = (script: string) => `${busybox}, command: [sh, -c, "${script}"]`;
const neverReady = `${endless}, ${check('"false"', ", start_period: 100s")}`;

interface Row {
  name: string;
  services: string;
  wait: number;
  ok: boolean;
  /** The end of Compose's output. */
  says?: string | RegExp;
  /** Seconds of Compose's own time. */
  atLeast?: number;
  states?: Record<string, string>;
}

const rows: Row[] = [
  {
    name: "a health check that passes",
    services: `web: {${healthy}}`,
    wait: 20,
    ok: true,
    says: "Healthy",
    atLeast: 1,
  },
  { name: "no health check", services: `web: {${endless}}`, wait: 20, ok: true, says: "Healthy" },
  {
    name: "a health check that fails",
    services: `web: {${endless}, ${check('"false"')}}`,
    wait: 20,
    ok: false,
    says: "container app-ID-web-1 is unhealthy",
    states: { "app-ID-web-1": "running" },
  },
  {
    name: "failures in the start period do not count",
    services: `web: {${endless}, ${check('"false"', ", start_period: 3s")}}`,
    wait: 20,
    ok: false,
    says: "container app-ID-web-1 is unhealthy",
    atLeast: 3,
  },
  {
    name: "a dependency that is unhealthy",
    services: `db: {${endless}, ${check('"false"')}}, web: {${endless}, depends_on: {db: {condition: service_healthy}}}`,
    wait: 20,
    ok: false,
    says: "dependency failed to start: container app-ID-db-1 is unhealthy",
    states: { "app-ID-web-1": "created" },
  },
  {
    name: "two stages, each within the time-out but not both together",
    services: `db: {${endless}, healthcheck: {test: [CMD, "true"], interval: 3s}},
  web: {${endless}, healthcheck: {test: [CMD, "true"], interval: 3s}, depends_on: {db: {condition: service_healthy}}}`,
    wait: 5,
    ok: true,
    atLeast: 6,
  },
  {
    name: "an awaited one-shot that succeeds",
    services: `job: {${shell("exit 0")}}, web: {${endless}, depends_on: {job: {condition: service_completed_successfully}}}`,
    wait: 20,
    ok: true,
    states: { "app-ID-job-1": "exited", "app-ID-web-1": "running" },
  },
  {
    name: "an awaited one-shot that fails",
    services: `job: {${shell("exit 1")}}, web: {${endless}, depends_on: {job: {condition: service_completed_successfully}}}`,
    wait: 20,
    ok: false,
    says: `service "job" didn't complete successfully: exit 1`,
    states: { "app-ID-web-1": "created" },
  },
  {
    name: "an awaited one-shot that succeeds at the second try",
    services: `job: {${shell("test -e /tried || { touch /tried; exit 1; }")}, restart: "on-failure:3"},
  web: {${endless}, depends_on: {job: {condition: service_completed_successfully}}}`,
    wait: 20,
    ok: true,
  },
  {
    name: "a one-shot alone",
    services: `job: {${shell("exit 0")}}`,
    wait: 20,
    ok: false,
    says: "container app-ID-job-1 exited (0)",
  },
  {
    name: "a one-shot that nobody awaits and that ends before the others are healthy",
    services: `job: {${shell("exit 0")}}, web: {${endless}, ${check('"true"').replace("1s", "5s")}}`,
    wait: 20,
    ok: false,
    says: "container app-ID-job-1 exited (0)",
  },
  {
    name: "a one-shot that nobody awaits and that fails later",
    services: `job: {${shell("sleep 15; exit 1")}}, web: {${healthy}}`,
    wait: 20,
    ok: true,
  },
  {
    name: "a program that ends at once",
    services: `web: {${shell("exit 3")}}`,
    wait: 20,
    ok: false,
    says: "container app-ID-web-1 exited (3)",
    states: { "app-ID-web-1": "exited" },
  },
  {
    name: "a crash loop with a health check",
    services: `web: {${shell("exit 3")}, restart: always, ${check('"true"')}}`,
    wait: 20,
    ok: false,
    says: "container app-ID-web-1 is unhealthy",
  },
  {
    name: "a crash after the health check has passed",
    services: `web: {${shell("sleep 10; exit 1")}, restart: unless-stopped, ${check('"true"')}}`,
    wait: 20,
    ok: true,
  },
  {
    name: "a program that the image lacks",
    services: `web: {${busybox}, command: [does-not-exist]}`,
    wait: 20,
    ok: false,
    says: /exec: "does-not-exist": executable file not found in \$PATH/,
    states: { "app-ID-web-1": "created" },
  },
  {
    name: "an image that cannot be had",
    services: `web: {image: "busybox:does-not-exist"}`,
    wait: 20,
    ok: false,
    says: /Error response from daemon: /,
    states: {},
  },
  {
    name: "a health check that is switched off",
    services: `web: {${endless}, healthcheck: {disable: true}}`,
    wait: 20,
    ok: false,
    says: "container app-ID-web-1 has no healthcheck configured",
  },
];

describeOnEachHost("what --wait makes of it", (stage) => {
  for (const { name, services, wait, ok, says, atLeast, states } of rows)
    test(`${name}: ${ok ? "done" : "error"}`, async () => {
      const { up, containers } = stage();
      const outcome = await up("app", `services: {${services}}\n`, { wait });
      expect(outcome.ok, outcome.output).toBe(ok);
      const last = outcome.output.trimEnd().split("\n").at(-1) ?? "";
      if (says !== undefined) expect(last).toMatch(typeof says === "string" ? new RegExp(`${literally(says)}$`) : says);
      if (atLeast !== undefined) expect(outcome.seconds).toBeGreaterThanOrEqual(atLeast);
      if (states !== undefined) {
        const seen = [...(await containers("app"))].map(([container, { status }]) => [container, status]);
        expect(Object.fromEntries(seen)).toMatchObject(states);
      }
    });

  // At the time-out Compose's look at its containers races with its deadline (pkg/compose/convergence.go), and when the
  // deadline is first it goes on without an error: 9 of 40 times with v2.40.0.
  test("a health check that stays in its start period: error at the time-out, or done by Compose's race, and not healthy", async () => {
    const { up, containers } = stage();
    const { ok, output, seconds } = await up("app", `services: {web: {${neverReady}}}\n`, { wait: 3 });
    expect(output.trimEnd()).toMatch(ok ? /Waiting$/ : /application not healthy after 3s$/);
    expect(seconds).toBeGreaterThanOrEqual(3);
    expect((await containers("app")).get("app-ID-web-1")?.health).toBe("starting");
  });

  test("a dependency that is not ready in time: error, and its dependent is created only, or started by Compose's race", async () => {
    const { up, containers } = stage();
    const services = `db: {${neverReady}}, web: {${endless}, depends_on: {db: {condition: service_healthy}}}`;
    const { output } = await up("app", `services: {${services}}\n`, { wait: 3 });
    const seen = await containers("app");
    expect(seen.get("app-ID-db-1")?.health).toBe("starting");
    const timedOut = output.includes("timeout waiting for dependencies");
    expect(seen.get("app-ID-web-1")?.status).toBe(timedOut ? "created" : "running");
  });

  test("a crash loop without a health check: done, and only the restarts tell", async () => {
    const { up, containers } = stage();
    const { ok } = await up("app", `services: {web: {${shell("exit 3")}, restart: unless-stopped}}\n`, { wait: 20 });
    expect(ok).toBe(true);
    const restarts = async () => (await containers("app")).get("app-ID-web-1")?.restarts ?? 0;
    await expect.poll(restarts, { timeout: 20_000 }).toBeGreaterThan(2);
  });

  test("an update to an unhealthy version: the old container is gone, and only the old text heals it", async () => {
    const { up, containers } = stage();
    const good = `services: {web: {${healthy}}}\n`;
    const bad = `services: {web: {${endless}, ${check('"false"')}}}\n`;
    await up("app", good, { wait: 20 });
    const before = (await containers("app")).get("app-ID-web-1");
    expect((await up("app", bad, { wait: 20 })).ok).toBe(false);
    const after = (await containers("app")).get("app-ID-web-1");
    expect(after?.id).not.toBe(before?.id);
    const again = await up("app", bad, { wait: 20 });
    expect(again.ok).toBe(false);
    expect((await containers("app")).get("app-ID-web-1")?.id).toBe(after?.id);
    expect((await up("app", good, { wait: 20 })).ok).toBe(true);
    expect((await containers("app")).get("app-ID-web-1")?.health).toBe("healthy");
  });

  test("without --wait an unhealthy container is done", async () => {
    const { up } = stage();
    expect((await up("app", `services: {web: {${endless}, ${check('"false"')}}}\n`)).ok).toBe(true);
  });
});

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
