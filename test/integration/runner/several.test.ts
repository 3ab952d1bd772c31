import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EngineSession } from "../../../automation/domain/run.ts";
import { killSession, listSession } from "../../../automation/engine/process-group.ts";
import { openStore } from "../../../automation/store/open.ts";
import { requestRunner } from "../../../cli/client.ts";
import { findPostgres, type PostgresServer, startPostgres } from "../../contract/store/postgres-server.ts";
import { type ApartRunner, processesOf, startApart } from "./engine/apart.ts";
import { type Harness, startHarness } from "./harness.ts";
import { until } from "./until.ts";

const bin = findPostgres();
const missing = bin === undefined && process.env.REQUIRE_POSTGRES !== "1";

/** The engine's driver wants a socket's folder as an option. */
function toBackend(url: string): string {
  const { username, hostname, pathname } = new URL(url);
  return `postgres://${username}@${pathname}?host=${decodeURIComponent(hostname)}&sslmode=disable`;
}

interface Listed {
  id: string;
  env: string;
  tag: string;
  state: string;
  attempts: number;
  started_at: string | null;
  finished_at: string | null;
}

describe.skipIf(missing)(`two runners on one PostgreSQL${missing ? " (install package postgresql)" : ""}`, () => {
  let server: PostgresServer;
  let database: string;
  let harness: Harness;
  let second: ApartRunner;
  let secondLog = "";
  let isOver = false;

  const startSecond = async () => {
    const env = { ...harness.env, DATA_DIR: join(harness.folder, "data-2") };
    second = await startApart(env, (line) => {
      secondLog += `${line}\n`;
    });
  };
  beforeAll(async () => {
    if (!bin) throw new Error("install package postgresql");
    server = await startPostgres(bin);
    database = await server.createDatabase();
    const backend = toBackend(await server.createDatabase());
    harness = await startHarness({ DATABASE_URL: database, PULUMI_BACKEND_URL: backend }, { apart: true });
    await startSecond();
  });
  afterAll(async () => {
    if (!isOver) await second?.end("SIGTERM");
    await harness?.stop();
    if (!isOver) await server?.stop();
  });

  const urls = () => [harness.runner.url, second.url];
  const deploy = async (url: string, env: string, tag: string) => {
    const body = { env, tag, triggered_by: "test" };
    const answer = await requestRunner({ url, secret: harness.secret }, "POST", "/deploy", { body, waitSeconds: 0 });
    expect([200, 202]).toContain(answer.status);
    return String(answer.body.run);
  };
  const list = async (url = second.url) => {
    const answer = await requestRunner({ url, secret: harness.secret }, "GET", "/runs?limit=200");
    return answer.body.runs as Listed[];
  };
  const ended = (id: string, url?: string) =>
    until(`run ${id} ends`, 180_000, async () => {
      const run = (await list(url)).find((each) => each.id === id);
      return run?.finished_at ? run : undefined;
    });
  const release = (tag: string) =>
    harness.origin.release(tag, { "env.json": JSON.stringify({ postgres: { TAG: tag }, redis: { TAG: tag } }) });
  const expectLive = (env: string, tag: string) => {
    for (const service of ["postgres", "redis"]) {
      expect(harness.live(`${env}/${service}`)).toMatchObject({ deployed: true, env: { TAG: tag } });
    }
  };
  /** The session of a stack's engine as the store has it. */
  const readSession = async (id: string): Promise<EngineSession | null> => {
    const store = await openStore(database);
    try {
      return (await store.run(id))?.session ?? null;
    } finally {
      await store.close();
    }
  };
  /** Has the first runner begin an update that takes for ever, and answers its run. */
  const beginOnFirst = async (tag: string) => {
    release(tag);
    harness.script("staging/postgres", { delayMs: 120_000 });
    const before = harness.actions().length;
    // The other one would take it as well as this one.
    process.kill(second.pid, "SIGSTOP");
    let run: string;
    try {
      run = await deploy(harness.runner.url, "staging", tag);
      await until("postgres is being deployed", 60_000, () =>
        harness
          .actions()
          .slice(before)
          .some(({ id }) => id === "staging/postgres"),
      );
    } finally {
      process.kill(second.pid, "SIGCONT");
    }
    expect(harness.logged()).toMatch(new RegExp(`"run":"${run}".*"msg":"run started"`));
    const session = await readSession(run);
    return { run, session: session! };
  };

  test("twenty requests: every stack's updates are serial, and the last one's tag is deployed", async () => {
    const config = "config:\n  platform:suffix: -qa\n  platform:services: [postgres, redis]\n";
    harness.origin.release("v1.0.2", { "Pulumi.qa.yaml": config });
    const tags = Array.from({ length: 10 }, (_, index) => `v1.0.${index + 3}`);
    for (const tag of tags) release(tag);
    const runs: string[] = [];
    for (const [index, tag] of tags.entries()) {
      const [one, two] = [urls()[index % 2]!, urls()[(index + 1) % 2]!];
      runs.push(...(await Promise.all([deploy(one, "staging", tag), deploy(two, "qa", tag)])));
    }
    const last = tags.at(-1)!;
    // The whole run, for its cause where this fails.
    for (const id of runs) {
      expect(await ended(id)).toMatchObject({ state: expect.stringMatching(/^(succeeded|superseded)$/) });
    }
    for (const env of ["staging", "qa"]) {
      expectLive(env, last);
      const updates = (await list())
        .filter((run) => run.env === env && run.started_at !== null)
        .sort((a, b) => a.started_at!.localeCompare(b.started_at!));
      expect(updates.at(-1)?.tag).toBe(last);
      for (const [index, run] of updates.entries()) {
        const next = updates[index + 1];
        if (next) expect(next.started_at! >= run.finished_at!).toBe(true);
      }
      // One engine after the other, none comes back.
      const writers = harness
        .actions()
        .filter(({ id }) => id.startsWith(`${env}/`))
        .map(({ pid }) => pid);
      const turns = writers.filter((pid, index) => pid !== writers[index - 1]);
      expect(new Set(turns).size).toBe(turns.length);
    }
  }, 300_000);

  test("one that is killed with its engine in the middle of an update: the other ends it, and no lock is left", async () => {
    const { run, session } = await beginOnFirst("v1.0.20");
    await harness.runner.kill();
    await killSession(session);
    harness.script("staging/postgres", null);
    const killed = Date.now();
    await until("the other one has it", 30_000, () =>
      new RegExp(`"run":"${run}".*"msg":"run started"`).test(secondLog),
    );
    expect(Date.now() - killed).toBeLessThan(15_000);
    expect(await ended(run)).toMatchObject({ state: "succeeded" });
    expect(secondLog).toContain('"msg":"stack lock removed"');
    expectLive("staging", "v1.0.20");
    await harness.restart();
    release("v1.0.21");
    expect(await ended(await deploy(second.url, "staging", "v1.0.21"))).toMatchObject({ state: "succeeded" });
  }, 300_000);

  test("one that is frozen: its engine ends itself, the other goes on, and what wakes up again writes nothing", async () => {
    const { run, session } = await beginOnFirst("v1.0.22");
    process.kill(harness.runner.pid, "SIGSTOP");
    try {
      await until("its engine has ended itself", 15_000, () => listSession(session).length === 0);
      harness.script("staging/postgres", null);
      expect(await ended(run, second.url)).toMatchObject({ state: "succeeded" });
      expect(secondLog).toMatch(new RegExp(`"run":"${run}".*"msg":"run started"`));
    } finally {
      process.kill(harness.runner.pid, "SIGCONT");
    }
    expectLive("staging", "v1.0.22");
    await until("the frozen one has let go", 15_000, () =>
      harness.logged().includes('"msg":"run left to another worker"'),
    );
    expect((await ended(run)).state).toBe("succeeded");
    expectLive("staging", "v1.0.22");
    release("v1.0.23");
    expect(await ended(await deploy(harness.runner.url, "staging", "v1.0.23"))).toMatchObject({ state: "succeeded" });
    expectLive("staging", "v1.0.23");
  }, 300_000);

  test("a run of the other one can be followed and canceled", async () => {
    const { run } = await beginOnFirst("v1.0.24");
    const address = { url: second.url, secret: harness.secret };
    const canceled = await requestRunner(address, "POST", `/runs/${run}/cancel`, { body: {}, form: "v2" });
    expect(canceled.status).toBe(202);
    expect(await ended(run)).toMatchObject({ state: "canceled" });
    harness.script("staging/postgres", null);
    expect(processesOf(harness.folder, [harness.runner.pid, second.pid])).toEqual([]);
  }, 300_000);

  test("without PostgreSQL nothing is accepted, and that is said", async () => {
    isOver = true;
    await server.stop();
    const answer = await requestRunner({ url: second.url, secret: harness.secret }, "POST", "/deploy", {
      body: { env: "staging", tag: "v1.0.1", triggered_by: "test" },
      form: "plain",
    });
    expect(answer).toMatchObject({ status: 503, body: { error: { code: "store_unavailable" } } });
    expect((await fetch(new URL("/health/live", second.url))).status).toBe(503);
    await second.end("SIGKILL");
    await harness.runner.kill();
  }, 120_000);
});
