import { execFile } from "node:child_process";
import { utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Harness, startHarness } from "../harness.ts";
import { createInstantEngine, type InstantEngine } from "../instant.ts";
import { until } from "../until.ts";

let harness: Harness;
let engine: InstantEngine;
const start = async (env: Record<string, string> = {}) => {
  engine = createInstantEngine();
  harness = await startHarness(env, { perform: engine.perform });
};
afterEach(() => harness.stop());

/** The metrics, as Prometheus reads them. */
async function read(): Promise<string> {
  const answer = await fetch(new URL("/metrics", harness.runner.url), {
    headers: { authorization: "Bearer a-token-to-read-0123456789abcdef" },
  });
  expect(answer.headers.get("content-type")).toContain("text/plain");
  return answer.text();
}

describe("metrics", () => {
  test("tell of requests, signatures, runs, services, phases, queue and health, and are closed", async () => {
    await start({ API_TOKEN: "a-token-to-read-0123456789abcdef" });
    expect((await fetch(new URL("/metrics", harness.runner.url))).status).toBe(401);
    await harness.deploy("staging", "v1.0.1");
    await harness.send("POST", "/drift", { env: "staging" });
    const text = await read();
    for (const line of [
      'dockmaster_runs_total{env="staging",kind="deploy",state="succeeded",cause="none"} 1',
      'dockmaster_services_total{env="staging",result="changed"} 1',
      'dockmaster_drifted_services{env="staging"} 1',
      'dockmaster_http_requests_total{method="POST",route="/deploy",status="200"} 1',
      'dockmaster_signature_failures_total{code="signature_missing"} 1',
      'dockmaster_queue_depth{env="staging"} 0',
      'dockmaster_behind_by{env="staging"} 0',
      'dockmaster_health{check="store"} 1',
      'dockmaster_run_phase_seconds_count{env="staging",phase="queue"} 2',
    ]) {
      expect(text).toContain(line);
    }
    for (const name of ["WEBHOOK_SECRET", "PLATFORM_KEY"]) expect(text).not.toContain(harness.env[name]);
  });

  test("and health tell that Vault is away, or that a secret's file is gone or too old", async () => {
    await start({
      API_TOKEN: "a-token-to-read-0123456789abcdef",
      VAULT_ADDR: "http://127.0.0.1:1",
      SECRET_MAX_AGE: "30",
    });
    const checks = async () => {
      const answer = await fetch(new URL("/health", harness.runner.url));
      const { checks } = (await answer.json()) as { checks: Record<string, string> };
      return { status: answer.status, checks };
    };
    await until("Vault was asked", 10_000, async () => (await checks()).checks.vault === "broken");
    expect(await checks()).toMatchObject({ status: 503, checks: { vault: "broken", secret_files: "ok", store: "ok" } });
    expect(harness.logged()).toContain('"msg":"Vault unreachable"');
    const text = await read();
    expect(text).toContain('dockmaster_health{check="vault"} 0');
    expect(text).toContain('dockmaster_health_failures{check="vault"} 1');
    expect(text).toContain('dockmaster_health_failures{check="store"} 0');

    const file = join(harness.folder, "platform-key");
    writeFileSync(file, "a-platform-key");
    utimesSync(file, 0, Date.now() / 1000 - 40 * 86_400);
    delete harness.env.PLATFORM_KEY;
    harness.env.PLATFORM_KEY_FILE = file;
    await harness.runner.stop(0);
    await harness.restart();
    await until("the file was looked at", 10_000, async () => (await checks()).checks.secret_files === "broken");
    expect(harness.logged()).toContain("PLATFORM_KEY is 40 days old");
    expect(await read()).toMatch(/dockmaster_secret_age_seconds\{name="PLATFORM_KEY"\} 34560\d\d/);
  }, 60_000);

  test("count a path that nobody knows under one name", async () => {
    await start({ API_TOKEN: "a-token-to-read-0123456789abcdef" });
    for (const path of ["/a", "/b/c", "/wp-login.php"]) await fetch(new URL(path, harness.runner.url));
    expect(await read()).toMatch(/dockmaster_http_requests_total\{method="GET",route="\/?\*",status="404"\} 3/);
  });
});

describe("notices", () => {
  /** A target that fails the first `failures` times. */
  async function listen(failures: number) {
    const received: Record<string, unknown>[] = [];
    let calls = 0;
    const server = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request) text += chunk;
      calls += 1;
      response.statusCode = calls <= failures ? 500 : 200;
      if (calls > failures) received.push(JSON.parse(text) as Record<string, unknown>);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    return {
      url: `http://127.0.0.1:${port}/hook-with-a-token`,
      received,
      calls: () => calls,
      close: () => server.close(),
    };
  }

  test("of drift go out once to each target, and no address is in the log", async () => {
    const [generic, slack] = [await listen(0), await listen(0)];
    await start({ NOTIFY_WEBHOOK: generic.url, NOTIFY_SLACK: slack.url });
    await harness.deploy("staging", "v1.0.1");
    await harness.send("POST", "/drift", { env: "staging" });
    await until("both have it", 15_000, () => generic.received.length > 0 && slack.received.length > 0);
    expect(generic.received).toMatchObject([{ event: "drift", env: "staging", tag: "v1.0.1" }]);
    expect(slack.received).toMatchObject([{ text: expect.stringContaining("redis") }]);
    expect(harness.logged()).not.toContain("hook-with-a-token");
    generic.close();
    slack.close();
  });

  test("of a failure, of the recovery after it, and of a deploy to production; also of a mistake of the runner", async () => {
    const target = await listen(0);
    await start({ NOTIFY_WEBHOOK: target.url, API_TOKEN: "a-token-to-read-0123456789abcdef" });
    engine.mistake = new Error(`it tripped over ${harness.env.PLATFORM_KEY}`);
    const failed = await harness.deploy("staging", "v1.0.1");
    expect(failed).toMatchObject({ status: 500, body: { status: "failed", cause: { code: "program_error" } } });
    engine.mistake = undefined;
    await harness.deploy("staging", "v1.0.1");
    harness.origin.git("tag", "-a", "v1.1.0", "-m", "Release v1.1.0\n\nDockmaster-Kind: production");
    harness.origin.git("push", "--quiet", "origin", "refs/tags/v1.1.0");
    await harness.deploy("production", "v1.1.0");
    await until("all three are there", 15_000, () => target.received.length === 3);
    expect(target.received.map(({ event, env }) => `${event} ${env}`)).toEqual([
      "failed staging",
      "recovered staging",
      "production_deployed production",
    ]);
    const told = [...target.received.map((each) => JSON.stringify(each)), harness.logged()].join("\n");
    expect(told).not.toContain(harness.env.PLATFORM_KEY);
    expect(await read()).toContain(
      'dockmaster_runs_total{env="staging",kind="deploy",state="failed",cause="program_error"} 1',
    );
    target.close();
  });

  test("that cannot be sent are tried again and hold up no run", async () => {
    const target = await listen(1);
    await start({ NOTIFY_WEBHOOK: target.url });
    await harness.deploy("staging", "v1.0.1");
    await harness.send("POST", "/drift", { env: "staging" });
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
    await until("it was sent", 25_000, () => target.received.length === 1);
    expect(target.calls()).toBe(2);
    expect(harness.logged()).toContain('"msg":"notice not sent"');
    target.close();
  }, 60_000);
});

describe("catching up", () => {
  test("makes the run for a release that came while the runner was away", async () => {
    await start();
    await harness.deploy("staging", "v1.0.1");
    await harness.runner.stop(0);
    harness.origin.release("v1.0.2", { note: "2" });
    const commit = harness.origin.release("v1.0.3", { note: "3" });
    await harness.restart();
    await until("it has caught up", 15_000, () => engine.performed.includes("staging v1.0.3"));
    const { runs } = (await harness.send("GET", "/runs")).body as { runs: object[] };
    expect(runs[0]).toMatchObject({ tag: "v1.0.3", commit, triggered_by: "catch-up", state: "succeeded" });
    expect(engine.performed).toEqual(["staging v1.0.1", "staging v1.0.3"]);
  });

  test.each<[string, () => Promise<unknown>]>([
    ["a stack that never had a release", async () => {}],
    [
      "a stack that was rolled back",
      async () => {
        harness.origin.release("v1.0.2", { note: "2" });
        await harness.deploy("staging", "v1.0.1");
        await harness.deploy("staging", "v1.0.2");
        await harness.deploy("staging", "v1.0.1", { rollback: true }, { form: "v2" });
      },
    ],
    [
      "a stack that has the newest release, though a promotion tagged it again",
      async () => {
        await harness.deploy("staging", "v1.0.1");
        harness.origin.git("tag", "v1.1.0");
        harness.origin.git("push", "--quiet", "origin", "refs/tags/v1.1.0");
      },
    ],
  ])("leaves %s alone", async (_name, prepare) => {
    await start();
    await prepare();
    const before = engine.performed.length;
    await harness.runner.stop(0);
    await harness.restart();
    // The first look is over once the runner stops again: it waits for it.
    await harness.runner.stop(0);
    await harness.restart();
    expect(engine.performed.length).toBe(before);
  });
});

describe("too much", () => {
  test("more requests than a source may send are answered 429 with when to come back", async () => {
    await start({ RATE_LIMIT: "1" });
    const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(new URL("/health", harness.runner.url))));
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(3);
    expect(limited[0]!.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await limited[0]!.json()).toMatchObject({
      error: { code: "rate_limited", hint: expect.stringContaining("Retry-After") },
    });
    await until("the bucket fills again", 5_000, async () => (await fetch(new URL("/health", harness.runner.url))).ok);
  });

  test("a body that dribbles in is cut off", async () => {
    await start();
    const { port } = new URL(harness.runner.url);
    const socket = connect(Number(port), "127.0.0.1");
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    socket.on("error", () => {});
    socket.write("POST /deploy HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n");
    const dribble = setInterval(() => socket.write("x"), 500);
    await until("it is answered", 20_000, () => said.includes("body_timeout"));
    clearInterval(dribble);
    socket.destroy();
    expect(said).toMatch(/^HTTP\/1\.1 408 /);
  }, 30_000);
});

describe("the plain form, from a shell", () => {
  beforeEach(() => start());

  test("curl with a signature of openssl deploys staging and production", async () => {
    harness.origin.git("tag", "-a", "v1.1.0", "-m", "Release v1.1.0\n\nDockmaster-Kind: production");
    harness.origin.git("push", "--quiet", "origin", "refs/tags/v1.1.0");
    const script = `
      set -eu
      deploy() {
        body=$(printf '{"env":"%s","tag":"%s","triggered_by":"ci"}' "$1" "$2")
        signature=$(printf '%s' "$body" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/^.* //')
        curl --silent --show-error --fail-with-body "$URL/deploy" -H 'Content-Type: application/json' \\
          -H "X-Hub-Signature-256: sha256=$signature" --data-raw "$body"
        echo
      }
      deploy staging v1.0.1
      deploy production v1.1.0
    `;
    const env = { PATH: process.env.PATH, URL: harness.runner.url, SECRET: harness.secret };
    const { stdout } = await promisify(execFile)("sh", ["-c", script], { env });
    const answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(answers).toMatchObject([
      { status: "success", env: "staging", tag: "v1.0.1", deployed_services: ["postgres", "redis"] },
      { status: "success", env: "production", tag: "v1.1.0" },
    ]);
  });

  test("whatever was recorded of it changes nothing when it comes again later", async () => {
    const requests: [string, string][] = [["staging", "v1.0.1"]];
    await harness.deploy("staging", "v1.0.1");
    for (const number of [2, 3]) {
      harness.origin.release(`v1.0.${number}`, { note: String(number) });
      requests.push(["staging", `v1.0.${number}`]);
      await harness.deploy("staging", `v1.0.${number}`);
    }
    await harness.deploy("staging", "v1.0.2", { rollback: true }, { form: "v2" });
    const before = engine.performed.length;
    for (const [env, tag] of requests) {
      const { status, body } = await harness.deploy(env, tag);
      expect(status).toBe(200);
      // The release that the stack has may be asked for again: there is nothing to change.
      expect(body.status).toBe(tag === "v1.0.2" ? "success" : "superseded");
    }
    expect(engine.performed.slice(before)).toEqual(["staging v1.0.2"]);
  });
});
