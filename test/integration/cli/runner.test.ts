import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { error, type FakeRunner, SECRET, startFakeRunner, step, view } from "./fake-runner.ts";
import { runCli, startCli } from "./run-cli.ts";

// Every command is a process of its own: slow where many tests share few cores.
vi.setConfig({ testTimeout: 120_000 });

let runner: FakeRunner;
beforeEach(async () => {
  runner = await startFakeRunner();
});
afterEach(async () => {
  await runner.close();
});

const dockmaster = (...words: string[]) => runCli(words, { env: runner.env });

/** What `/deploy` answers when the run was accepted. */
const accepted = { status: 202, body: { status: "in_progress", run: "run-1", status_url: "/runs/run-1" } };
const running = { status: 200, body: view({ state: "running", finished_at: null, duration: null, outcomes: [] }) };

/** Scripts a deploy whose run is as given when the stream has ended. */
function scriptDeploy(...runs: { status: number; body: unknown }[]) {
  runner.script.set("POST /deploy", [accepted]);
  runner.script.set("GET /runs/run-1", runs);
}

describe("deploy", () => {
  test("asks for the release, follows the run service by service and ends with a table", async () => {
    scriptDeploy({ status: 200, body: view() });
    runner.streams.set("run-1", [
      { type: "phase", data: { name: "checkout" } },
      step("started", "update", "redis"),
      step("done", "update", "redis"),
    ]);
    const { code, stdout } = await dockmaster("deploy", "staging", "v1.2.4", "--wait", "--reason", "because");
    expect(code).toBe(0);
    expect(stdout).toContain("… redis: changing");
    expect(stdout).toMatch(/✔ redis: changed in/);
    expect(stdout).toMatch(/= postgres +unchanged .*equal/);
    expect(stdout).toMatch(/✔ staging: deploy of v1.2.4 succeeded in 4.0 s/);
    expect(runner.received[0]).toMatchObject({
      method: "POST",
      path: "/deploy",
      headers: { prefer: "wait=0" },
      body: { env: "staging", tag: "v1.2.4", triggered_by: expect.stringMatching(/./), reason: "because" },
    });
  });

  test("gives volumes up by name, with a deploy, a rollback, a sync and a preview", async () => {
    const words = ["--give-up", "v1", "--give-up", "v2", "--json"];
    const asked: [string, string[]][] = [
      ["/deploy", ["deploy", "staging", "v1.2.4"]],
      ["/deploy", ["rollback", "staging", "--to", "v1.2.3"]],
      ["/sync", ["sync", "staging"]],
      ["/preview", ["preview", "staging", "--runner", "--tag", "v1.2.4"]],
    ];
    for (const [path, command] of asked) {
      scriptDeploy({ status: 200, body: view() });
      runner.script.set(`POST ${path}`, [accepted]);
      runner.received.length = 0;
      await dockmaster(...command, ...words);
      expect(runner.received[0]).toMatchObject({ path, body: { give_up: ["v1", "v2"] } });
    }
  });

  test("goes on where a broken stream left off, and shows nothing twice", async () => {
    scriptDeploy(running, { status: 200, body: view() });
    runner.streams.set("run-1", [step("started", "update", "redis"), "break", step("done", "update", "redis")]);
    const { code, stdout } = await dockmaster("deploy", "staging", "v1.2.4", "--wait");
    expect(code).toBe(0);
    expect(stdout.match(/redis: changing/g)).toHaveLength(1);
    expect(stdout).toMatch(/✔ redis: changed in/);
    const resumed = runner.received.filter(({ path }) => path.endsWith("/events"));
    expect(resumed.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "1"]);
  });

  test("asks again and again when there is no stream", async () => {
    scriptDeploy(running, { status: 200, body: view() });
    const { code, stdout } = await dockmaster("deploy", "staging", "v1.2.4", "--wait", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      command: "deploy",
      status: "success",
      env: "staging",
      tag: "v1.2.4",
      run: "run-1",
      services: [
        { service: "postgres", result: "unchanged" },
        { service: "redis", result: "changed" },
      ],
    });
  });

  test("waits for a runner that is restarted meanwhile", async () => {
    scriptDeploy(running, { status: 200, body: view() });
    const cli = startCli(["deploy", "staging", "v1.2.4", "--wait"], { env: runner.env });
    await cli.until("waiting for its turn");
    await runner.pause();
    await cli.until("does not answer");
    await runner.resume();
    expect((await cli.ended).code).toBe(0);
  });

  test("a request that finds no runner is sent again", async () => {
    scriptDeploy({ status: 200, body: view() });
    runner.script.set("POST /deploy", [{ status: 502, body: "<h1>Bad Gateway</h1>" }, accepted]);
    expect((await dockmaster("deploy", "staging", "v1.2.4", "--wait")).code).toBe(0);
  });

  test("ends with 3 when the time is over, and says how to go on", async () => {
    scriptDeploy(running);
    const { code, stdout } = await dockmaster("deploy", "staging", "v1.2.4", "--wait", "--timeout", "1");
    expect(code).toBe(3);
    expect(stdout).toContain("dockmaster logs run-1 -f");
  });

  test("without --wait it ends with 3 as soon as the run is accepted", async () => {
    scriptDeploy(running);
    const { code, stdout } = await dockmaster("deploy", "staging", "v1.2.4", "--json");
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toEqual({ command: "deploy", status: "in_progress", run: "run-1", env: "staging" });
    expect(runner.received).toHaveLength(1);
  });

  test("Ctrl-C ends the command, not the run", async () => {
    scriptDeploy(running);
    const cli = startCli(["deploy", "staging", "v1.2.4", "--wait"], { env: runner.env });
    await cli.until("waiting for its turn");
    cli.child.kill("SIGINT");
    const { code, stdout } = await cli.ended;
    expect(code).toBe(3);
    expect(stdout).toContain("dockmaster cancel run-1");
    expect(runner.received.some(({ path }) => path.endsWith("/cancel"))).toBe(false);
  });

  test("a failed run tells the failed service, its log and what to do, also when another one was asked about", async () => {
    const cause = { code: "unhealthy", message: "redis is not healthy", hint: "see its log", log: ["OOM"] };
    const outcomes = [
      { service: "postgres", result: "unchanged" as const, reason: "equal" },
      { service: "redis", result: "failed" as const, reason: "unhealthy", cause },
      { service: "minio", result: "skipped" as const, reason: "needs redis" },
    ];
    scriptDeploy({ status: 200, body: view({ state: "failed", outcomes, cause }) });
    const { code, stdout } = await dockmaster("deploy", "staging", "v1.2.4", "--wait", "--service", "postgres");
    expect(code).toBe(1);
    expect(stdout).toMatch(/✘ redis: redis is not healthy\n +OOM\n +→ see its log/);
    expect(stdout).toMatch(/= postgres/);
    expect(stdout).not.toContain("minio");
    expect(runner.received[0]?.body).toMatchObject({ services: ["postgres"] });
  });

  test("a release that is behind is superseded: exit code 0, and the way back is named", async () => {
    const hint = "to go back on purpose: dockmaster rollback staging --to v1.2.3";
    const superseded = {
      status: "superseded",
      run: "run-1",
      superseded_by: "v1.2.4",
      message: "staging has v1.2.4",
      hint,
    };
    runner.script.set("POST /deploy", [{ status: 200, body: superseded }]);
    runner.script.set("GET /runs/run-1", [{ status: 200, body: view({ state: "superseded", tag: "v1.2.3" }) }]);
    const { code, stdout } = await dockmaster("deploy", "staging", "v1.2.3", "--wait");
    expect(code).toBe(0);
    expect(stdout).toContain("nothing was done");
    expect(stdout).toContain(hint);
    const json = await dockmaster("deploy", "staging", "v1.2.3", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ status: "superseded", superseded_by: "v1.2.4" });
  });

  test.each([
    [409, 1],
    [404, 1],
    [422, 2],
    [400, 2],
  ])("what the runner refuses with %d is told in its words, exit code %d", async (status, expected) => {
    runner.script.set("POST /deploy", [{ status, body: error("some_code", "not like this", "but like that") }]);
    const { code, stderr } = await dockmaster("deploy", "production", "v1.2.4", "--wait");
    expect(code).toBe(expected);
    expect(stderr).toBe("✘ not like this\n  → but like that\n");
  });

  test("writes the table where GitHub Actions shows it with the job", async () => {
    scriptDeploy({ status: 200, body: view() });
    const folder = mkdtempSync(join(tmpdir(), "summary-"));
    const summary = join(folder, "summary.md");
    await dockmaster("deploy", "staging", "v1.2.4", "--wait", "--summary", summary);
    expect(readFileSync(summary, "utf8")).toContain("| redis | changed | 3.0 s | changed: composeFile |");
    rmSync(folder, { recursive: true });
  });

  test.each(["0", "-1", "soon", "1e9"])("--timeout %s is wrong use", async (timeout) => {
    const { code } = await dockmaster("deploy", "staging", "v1.2.4", "--wait", "--timeout", timeout);
    expect(code).toBe(2);
    expect(runner.received).toEqual([]);
  });
});

describe("finding the runner", () => {
  test("without an address it is wrong use, with the variable's name", async () => {
    const { code, stderr } = await runCli(["status"]);
    expect(code).toBe(2);
    expect(stderr).toContain("DOCKMASTER_URL");
  });

  test("a runner that is away is told as such, and the secret is not", async () => {
    await runner.pause();
    const { code, stdout, stderr } = await dockmaster("runs", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({ code: "runner_unreachable", hint: expect.stringMatching(/./) });
    expect(stdout + stderr).not.toContain(SECRET);
    await runner.resume();
  });

  test("a wrong secret is told in the runner's words", async () => {
    const env = { ...runner.env, WEBHOOK_SECRET: "another" };
    const { code, stderr } = await runCli(["runs"], { env });
    expect(code).toBe(1);
    expect(stderr).toContain("not signed as it should be");
  });

  test("an answer that is not the runner's is told as such", async () => {
    runner.script.set("GET /stacks", [{ status: 200, body: "<h1>Welcome</h1>" }]);
    const { code, stderr } = await dockmaster("status");
    expect(code).toBe(1);
    expect(stderr).toContain("DOCKMASTER_URL");
  });
});

describe("sync, rollback, preview and drift", () => {
  test("sync asks for all, or for the named services", async () => {
    runner.script.set("POST /sync", [accepted]);
    runner.script.set("GET /runs/run-1", [{ status: 200, body: view({ kind: "sync" }) }]);
    expect((await dockmaster("sync", "--wait")).code).toBe(0);
    await dockmaster("sync", "production", "--service", "postgres", "--service", "redis");
    const bodies = runner.received.filter(({ path }) => path === "/sync").map(({ body }) => body);
    expect(bodies).toMatchObject([
      { env: "staging", all: true },
      { env: "production", services: ["platform/postgres", "platform/redis"] },
    ]);
  });

  test("rollback goes to the release before, signed, in one command", async () => {
    const env = "production";
    runner.history.push(view({ env, tag: "v1.3.0", commit: "b" }), view({ env, tag: "v1.2.0", commit: "a" }));
    scriptDeploy({ status: 200, body: view({ tag: "v1.2.0", rollback: true }) });
    const { code, stdout } = await dockmaster("rollback", "production", "--wait");
    expect(code).toBe(0);
    expect(stdout).toContain("production goes back to v1.2.0");
    expect(runner.received.find(({ path }) => path === "/deploy")?.body).toMatchObject({
      env: "production",
      tag: "v1.2.0",
      rollback: true,
    });
  });

  test("rollback after a failed deploy goes to the release that was well, also when a sync brought it", async () => {
    const env = "production";
    const at = (minute: number) => `2026-01-02T03:0${minute}:00.000Z`;
    runner.history.push(
      view({ env, tag: "v1.4.0", commit: "c", state: "failed", created_at: at(4) }),
      view({ env, tag: "v1.3.0", commit: "b", kind: "sync", created_at: at(3) }),
      view({ env, tag: "v1.3.0", commit: "b", state: "failed", created_at: at(2) }),
      view({ env, tag: "v1.2.0", commit: "a", created_at: at(1) }),
    );
    scriptDeploy({ status: 200, body: view({ tag: "v1.3.0", rollback: true }) });
    expect((await dockmaster("rollback", "production", "--wait")).stdout).toContain("production goes back to v1.3.0");
    runner.history.shift();
    expect((await dockmaster("rollback", "production", "--wait")).stdout).toContain("production goes back to v1.2.0");
  });

  test("rollback --to asks for exactly that, and a stack without a past has no way back", async () => {
    scriptDeploy({ status: 200, body: view() });
    await dockmaster("rollback", "production", "--to", "v1.1.0");
    expect(runner.received.map(({ path }) => path)).toEqual(["/deploy"]);
    runner.history.push(view());
    const { code, stderr } = await dockmaster("rollback", "staging");
    expect(code).toBe(1);
    expect(stderr).toContain("--to");
  });

  test("drift --runner ends with 1 when something was changed by hand", async () => {
    runner.script.set("POST /drift", [accepted]);
    const outcomes = [{ service: "redis", result: "changed" as const, reason: "drift: env.BY_HAND" }];
    runner.script.set("GET /runs/run-1", [{ status: 200, body: view({ kind: "drift", outcomes }) }]);
    const { code, stdout } = await dockmaster("drift", "staging", "--runner", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ status: "drift", services: outcomes });
  });

  test("preview --runner asks for a tag or a commit, not for both or none", async () => {
    runner.script.set("POST /preview", [accepted]);
    runner.script.set("GET /runs/run-1", [{ status: 200, body: view({ kind: "preview" }) }]);
    const { code, stdout } = await dockmaster("preview", "staging", "--runner", "--tag", "v1.2.4");
    expect(code).toBe(0);
    expect(stdout).toMatch(/redis +change /);
    expect((await dockmaster("preview", "staging", "--runner")).code).toBe(2);
    expect((await dockmaster("preview", "staging", "--runner", "--tag", "v1.2.4", "--commit", "a")).code).toBe(2);
  });
});

describe("runs, logs, cancel and status", () => {
  test("runs lists who, when, what and how it ended, and hands the filters on", async () => {
    const failed = view({
      id: "run-2",
      state: "failed",
      cause: { code: "timeout", message: "took too long", hint: "-" },
    });
    runner.script.set("GET /runs", [{ status: 200, body: { runs: [failed, view()], next: "run-1" } }]);
    const { code, stdout } = await dockmaster("runs", "--env", "staging", "--state", "failed", "--limit", "2");
    expect(code).toBe(0);
    expect(stdout).toMatch(/run-2 +staging +deploy +v1.2.4 +failed .*somebody +took too long/);
    expect(stdout).toContain("--before run-1");
    expect(runner.received[0]?.path).toBe("/runs?env=staging&state=failed&limit=2");
  });

  test("logs -f prints events as they come and ends as the run does", async () => {
    runner.script.set("GET /runs/run-1", [running, { status: 200, body: view({ state: "failed" }) }]);
    const urn = "urn:pulumi:staging::dockmaster::dockmaster:platform:Service::redis";
    runner.streams.set("run-1", [
      { type: "phase", data: { name: "engine", attempt: 1 } },
      step("started", "update", "redis"),
      { type: "diagnostic", data: { severity: "error", urn, message: "it broke\nhere" } },
      { type: "something-newer", data: {} },
      { type: "summary", data: { result: "failed" } },
    ]);
    const { code, stdout } = await dockmaster("logs", "run-1", "-f");
    expect(code).toBe(1);
    expect(stdout.split("\n").slice(0, 5)).toEqual([
      "03:04:05  engine",
      "03:04:05  redis: update started (composeFile)",
      "03:04:05  error redis: it broke",
      "          here",
      "03:04:05  engine failed",
    ]);
  });

  test("logs --json is one object per line, the run last", async () => {
    runner.script.set("GET /runs/run-1", [{ status: 200, body: view() }]);
    runner.streams.set("run-1", [{ type: "phase", data: { name: "checkout" } }]);
    const { code, stdout } = await dockmaster("logs", "run-1", "--json");
    expect(code).toBe(0);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { type: "phase", name: "checkout" },
      { type: "run", status: "success" },
    ]);
  });

  test("cancel waits for the end of the run", async () => {
    runner.script.set("POST /runs/run-1/cancel", [{ status: 202, body: { status: "canceling" } }]);
    runner.script.set("GET /runs/run-1", [running, { status: 200, body: view({ state: "canceled" }) }]);
    const { code, stdout } = await dockmaster("cancel", "run-1");
    expect(code).toBe(0);
    expect(stdout).toContain("run run-1 of staging: canceled");
  });

  test("cancel of a run that succeeded before it could be ended is no success", async () => {
    runner.script.set("POST /runs/run-1/cancel", [{ status: 202, body: { status: "canceling" } }]);
    runner.script.set("GET /runs/run-1", [{ status: 200, body: view() }]);
    expect((await dockmaster("cancel", "run-1")).code).toBe(1);
  });

  test("a run's id never becomes another path", async () => {
    await dockmaster("logs", "../stacks");
    expect(runner.received.map(({ path }) => path)).toEqual(["/runs/..%2Fstacks"]);
  });

  test("status shows every stack, and fails when one is not well", async () => {
    const well = {
      tag: "v1.2.4",
      commit: "a",
      since: "2026-01-02T03:04:00.000Z",
      healthy: true,
      drift: false,
      behind_by: 0,
    };
    const stacks = [
      { ...well, env: "staging" },
      { env: "new", tag: null, commit: null, since: null, healthy: null, drift: null, behind_by: null },
    ];
    runner.script.set("GET /stacks", [{ status: 200, body: { stacks } }]);
    const good = await dockmaster("status");
    expect(good.code).toBe(0);
    expect(good.stdout).toMatch(/✔ staging +v1.2.4 +\d+ d +yes +no +0/);
    expect(good.stdout).toMatch(/✔ new +nothing yet/);
    runner.script.set("GET /stacks", [{ status: 200, body: { stacks: [{ ...well, env: "staging", drift: true }] } }]);
    expect((await dockmaster("status", "--json")).code).toBe(1);
  });
});
