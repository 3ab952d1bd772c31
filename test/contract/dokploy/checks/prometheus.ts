import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a fake Prometheus answers to a query: a value for each series, or a whole answer. */
export type Reply = { values: string[] } | { status: number; body: string; location?: string } | "never";

export interface FakePrometheus {
  url: string;
  /** What was asked, in order. */
  asked: { query: string; authorization: string | undefined; method: string; path: string }[];
  /** Answers from now on, one after another; the last one for ever. */
  replies: Reply[];
  close(): Promise<void>;
}

/** Speaks `/api/v1/query` as its documentation says: https://prometheus.io/docs/prometheus/latest/querying/api/ */
export async function openFakePrometheus(): Promise<FakePrometheus> {
  const fake: Pick<FakePrometheus, "asked" | "replies"> = { asked: [], replies: [] };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { authorization } = request.headers;
    const query = new URLSearchParams(text).get("query") ?? "";
    fake.asked.push({ query, authorization, method: request.method ?? "", path: request.url ?? "" });
    const reply = fake.replies.length > 1 ? fake.replies.shift()! : (fake.replies[0] ?? { values: [] });
    if (reply === "never") return;
    if ("values" in reply) {
      const result = reply.values.map((value) => ({ metric: { job: "web" }, value: [1_700_000_000.1, value] }));
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
      return;
    }
    response.writeHead(reply.status, reply.location ? { location: reply.location } : {}).end(reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(fake, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

async function freePort(): Promise<number> {
  const socket = createSocket();
  await new Promise<void>((resolve) => socket.listen(0, "127.0.0.1", resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** A Prometheus of this machine's; undefined where there is none. It scrapes itself. */
export async function openRealPrometheus(): Promise<{ url: string; close(): Promise<void> } | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-prometheus-"));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    `global: {scrape_interval: 1s}\nscrape_configs: [{job_name: self, static_configs: [{targets: ["${address}"]}]}]\n`,
  );
  const words = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address}`,
  ];
  const child: ChildProcess = spawn("prometheus", words, { stdio: "ignore" });
  const gone = new Promise<"gone">((resolve) => {
    child.once("error", () => resolve("gone"));
    child.once("exit", () => resolve("gone"));
  });
  const close = async () => {
    child.kill("SIGKILL");
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://${address}`;
  for (;;) {
    const state = await Promise.race([gone, isReady(url)]);
    if (state === "ready") return { url, close };
    if (state === "gone") {
      await close();
      return undefined;
    }
  }
}

async function isReady(url: string): Promise<"ready" | "not yet"> {
  const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
  if (answer?.ok) return "ready";
  await new Promise((resolve) => setTimeout(resolve, 50));
  return "not yet";
}
