import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const START_DEADLINE_MS = 60_000;

/** What is scraped: a job, the address of a metrics page, and a token where it wants one. */
export interface ScrapeTarget {
  job: string;
  url: string;
  token?: string;
}

/** One series of an answer. */
export interface Series {
  metric: Record<string, string>;
  value: [number, string];
}

/** A Prometheus of our own. */
export interface Prometheus {
  /** Answers an instant query. Throws what Prometheus says to one that it does not take. */
  query(expr: string): Promise<Series[]>;
  stop(): Promise<void>;
}

/** Why tests that need Prometheus cannot run here. REQUIRE_PROMETHEUS=1 turns the skip into a failure. */
export const prometheusMissing =
  spawnSync("prometheus", ["--version"]).status === 0 || process.env.REQUIRE_PROMETHEUS === "1"
    ? undefined
    : "no Prometheus here: install package prometheus";

/** Starts a throw-away server on loopback that scrapes every second, and waits until it answers. */
export async function startPrometheus(targets: readonly ScrapeTarget[]): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-prometheus-"));
  const port = await freePort();
  const jobs = targets.map(({ job, url, token }) => ({
    job_name: job,
    metrics_path: new URL(url).pathname,
    static_configs: [{ targets: [new URL(url).host] }],
    ...(token && { authorization: { credentials: token } }),
  }));
  // JSON is YAML.
  const config = { global: { scrape_interval: "1s", scrape_timeout: "1s" }, scrape_configs: jobs };
  writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config), { mode: 0o600 });
  const words = [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const server = spawn("prometheus", words, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  server.stderr.on("data", (chunk: Buffer) => {
    said = (said + String(chunk)).slice(-4_000);
  });
  server.on("error", () => {});
  const address = `http://127.0.0.1:${port}`;
  await untilReady(server, `${address}/-/ready`, () => said);
  return {
    query: async (expr) => {
      const answer = await fetch(`${address}/api/v1/query`, {
        method: "POST",
        body: new URLSearchParams({ query: expr }),
      });
      const { status, error, data } = (await answer.json()) as {
        status: string;
        error?: string;
        data?: { result: Series[] };
      };
      if (status !== "success" || !data) throw new Error(`${expr}: ${error}`);
      return data.result;
    },
    stop: async () => {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(server: ChildProcess, url: string, said: () => string): Promise<void> {
  for (const deadline = Date.now() + START_DEADLINE_MS; ; await delay(100)) {
    const isReady = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    if (server.exitCode !== null || server.pid === undefined || Date.now() > deadline) {
      server.kill("SIGKILL");
      throw new Error(`Prometheus did not start:\n${said()}`);
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
