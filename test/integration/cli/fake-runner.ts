import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { verifySignature } from "../../../automation/api/signature.ts";
import type { RunView } from "../../../automation/api/views.ts";

export const SECRET = "planted-webhook-secret";

/** A request that was signed well. */
export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: unknown;
}

/** An answer: JSON, or text as it is. */
export interface Scripted {
  status: number;
  body: unknown;
}

/** An event of a run's stream; `break` cuts the connection there, once. */
export type StreamPart = { type: string; data: Record<string, unknown> } | "break";

/** A server with the runner's interface whose answers a test writes. Requests without a fresh v2 signature get 401. */
export interface FakeRunner {
  url: string;
  env: Record<string, string>;
  received: Received[];
  /** What is answered; `METHOD /path` without query. Several are given out one by one, the last one for ever. */
  script: Map<string, Scripted[]>;
  /** What `GET /runs` answers from, by `env`, `state` and `kind`, newest first; while empty it answers as scripted. */
  history: RunView[];
  /** Events by run; the stream of a run that is not here is answered with 404. */
  streams: Map<string, StreamPart[]>;
  /** Refuses connections until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

export async function startFakeRunner(): Promise<FakeRunner> {
  const received: Received[] = [];
  const script: FakeRunner["script"] = new Map();
  const streams: FakeRunner["streams"] = new Map();
  const history: RunView[] = [];
  const nonces = new Set<string>();

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const raw = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    const { method = "", url: path = "", headers } = request;
    const get = (name: string) => (headers[name] === undefined ? null : String(headers[name]));
    const signature = verifySignature(
      { method, path, headers: { get }, body: raw },
      [{ secret: SECRET, rights: new Set(), plain: true }],
      Date.now(),
    );
    if (typeof signature === "string" || signature.form !== "v2" || nonces.has(signature.nonce)) {
      return send(response, 401, error("signature_invalid", "not signed as it should be", "sign it"));
    }
    nonces.add(signature.nonce);
    received.push({ method, path, headers, body: raw.length > 0 ? JSON.parse(raw.toString()) : undefined });
    const [route = "", query] = path.split("?");
    if (route === "/runs" && history.length > 0) {
      return send(response, 200, { runs: choose(history, new URLSearchParams(query)), next: null });
    }
    const run = /^\/runs\/([^/]+)\/events$/.exec(route)?.[1];
    if (run !== undefined && streams.has(run)) return stream(response, streams.get(run) ?? [], get("last-event-id"));
    const answers = script.get(`${method} ${route}`);
    const next = answers && answers.length > 1 ? answers.shift() : answers?.[0];
    return send(
      response,
      next?.status ?? 404,
      next?.body ?? error("not_found", "There is nothing here", "look elsewhere"),
    );
  };
  const server = createServer((request, response) => void answer(request, response));
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const pause = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    env: { DOCKMASTER_URL: url, WEBHOOK_SECRET: SECRET },
    received,
    script,
    history,
    streams,
    pause,
    resume: () => listen(port),
    close: pause,
  };
}

function choose(history: RunView[], query: URLSearchParams): RunView[] {
  const asked = (["env", "state", "kind"] as const).filter((name) => query.has(name));
  const found = history.filter((run) => asked.every((name) => run[name] === query.get(name)));
  return found.slice(0, Number(query.get("limit") ?? 20));
}

export function error(code: string, message: string, hint: string) {
  return { error: { code, message, hint, requestId: "request-1" } };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const isText = typeof body === "string";
  response.writeHead(status, { "content-type": isText ? "text/html" : "application/json" });
  response.end(isText ? body : JSON.stringify(body));
}

function stream(response: ServerResponse, parts: StreamPart[], lastEventId: string | null): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(": hello\n\n");
  let id = 0;
  for (const [index, part] of parts.entries()) {
    if (part === "break") {
      parts.splice(index, 1);
      response.write("id: 99\nevent: phase\ndata: {", () => response.destroy());
      return;
    }
    id += 1;
    if (id <= Number(lastEventId ?? 0)) continue;
    const data = { at: "2026-01-02T03:04:05.000Z", data: part.data };
    response.write(`id: ${id}\nevent: ${part.type}\ndata: ${JSON.stringify(data)}\n\n`);
  }
  response.end();
}

/** A run as `/runs/:id` shows it. */
export function view(changes: Partial<RunView> = {}): RunView {
  return {
    id: "run-1",
    kind: "deploy",
    env: "staging",
    tag: "v1.2.4",
    commit: "0123456789abcdef0123456789abcdef01234567",
    state: "succeeded",
    services: null,
    rollback: false,
    triggered_by: "somebody",
    reason: null,
    request_id: "request-1",
    created_at: "2026-01-02T03:04:00.000Z",
    started_at: "2026-01-02T03:04:01.000Z",
    finished_at: "2026-01-02T03:04:05.000Z",
    duration: 4,
    attempts: 1,
    outcomes: [
      { service: "postgres", result: "unchanged", reason: "equal", seconds: 0 },
      { service: "redis", result: "changed", reason: "changed: composeFile", seconds: 3 },
    ],
    cause: null,
    superseded_by: null,
    ...changes,
  };
}

/** A step on a service's Compose project. */
export function step(phase: "started" | "done" | "failed", op: string, service: string): StreamPart {
  const urn = `urn:pulumi:staging::dockmaster::dockmaster:platform:Service$pulumi-nodejs:dynamic/dokploy:Compose::${service}`;
  return { type: "resource", data: { phase, op, urn, keys: ["composeFile"] } };
}
