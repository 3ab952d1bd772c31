import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findOpenbao } from "../../tools/openbao/path.mjs";

const START_DEADLINE_MS = 30_000;

/** Why tests that need OpenBao cannot run here. REQUIRE_OPENBAO=1 turns the skip into a failure. */
export const openbaoMissing =
  findOpenbao() || process.env.REQUIRE_OPENBAO === "1"
    ? undefined
    : "no OpenBao here: run node test/tools/openbao/setup.mjs";

/** What a test's title adds when it is skipped. */
export const openbaoNote = openbaoMissing ? ` (${openbaoMissing})` : "";

/** A throw-away OpenBao server on loopback, in memory, with a KV v2 mount `secret`. */
export interface OpenbaoServer {
  /** Path of the `bao` program. */
  program: string;
  address: string;
  rootToken: string;
  /** A request with the root token (or `token`). Answers status and parsed body; never throws for a status. */
  request(method: string, path: string, body?: object, token?: string): Promise<{ status: number; body: Body }>;
  /** Like `request`, but anything but a success is an error. */
  demand(method: string, path: string, body?: object): Promise<Body>;
  seal(): Promise<void>;
  unseal(): Promise<void>;
  stop(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: the tests know what Vault answers.
type Body = any;

/** Starts a server and waits until it answers. `listen`: `0.0.0.0` where containers have to reach it. Default: loopback. */
export async function startOpenbao(listen = "127.0.0.1"): Promise<OpenbaoServer> {
  const program = findOpenbao();
  if (!program) throw new Error("OpenBao is not installed: run node test/tools/openbao/setup.mjs");
  const home = await mkdtemp(join(tmpdir(), "dockmaster-openbao-"));
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const rootToken = "root";
  const flags = ["-dev", `-dev-root-token-id=${rootToken}`, `-dev-listen-address=${listen}:${port}`];
  const server = spawn(program, ["server", ...flags, "-dev-no-store-token"], {
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  const keep = (chunk: Buffer) => {
    log += chunk.toString();
  };
  server.stdout.on("data", keep);
  server.stderr.on("data", keep);

  const request: OpenbaoServer["request"] = async (method, path, body, token = rootToken) => {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = { "X-Vault-Token": token, "content-type": type };
    const init = body ? { method, headers, body: JSON.stringify(body) } : { method, headers };
    const answer = await fetch(`${address}/v1/${path}`, init);
    const text = await answer.text();
    return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : {} };
  };
  const demand: OpenbaoServer["demand"] = async (method, path, body) => {
    const answer = await request(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };

  const deadline = Date.now() + START_DEADLINE_MS;
  const ready = () =>
    request("GET", "secret/config").then(
      ({ status }) => status === 200,
      () => false,
    );
  while (!(await ready())) {
    if (server.exitCode !== null || Date.now() > deadline) {
      server.kill("SIGKILL");
      throw new Error(`OpenBao did not start:\n${log}`);
    }
    await delay(50);
  }
  return {
    program,
    address,
    rootToken,
    request,
    demand,
    seal: async () => void (await demand("PUT", "sys/seal")),
    unseal: async () => void (await demand("PUT", "sys/unseal", { key: /Unseal Key: (\S+)/.exec(log)?.[1] })),
    stop: async () => {
      if (server.exitCode === null && server.signalCode === null) {
        const ended = new Promise((resolve) => server.once("exit", resolve));
        server.kill("SIGKILL");
        await ended;
      }
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A port that was free a moment ago: the server cannot tell which one it chose itself. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
