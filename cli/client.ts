import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { signPlain, signV2 } from "../automation/api/signature.ts";
import { NoAnswer, type Outgoing, openStream, Redirected, request } from "../tools/outgoing/request.mjs";
import { CliError } from "./problem.ts";

/** A runner and the secret its requests are signed with. */
export interface RunnerAddress {
  /** Base URL, e.g. `https://iac.example.org`. */
  url: string;
  secret: string;
}

/** An answer of the runner: its status, and its JSON body (empty when there was none). */
export interface RunnerAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** How a request is signed: our own form, or GitHub's, as `curl` with `openssl dgst` would. */
export type SignatureForm = "v2" | "plain";

type Method = "GET" | "POST";

/** Seconds that the runner waits with its answer unless it is told otherwise, and how long the way there and back may take beyond that. */
const RUNNER_WAITS = 60;
const ON_THE_WAY = 60;

/** Headers that sign one request. `path` is the request line's: with query. */
function signedHeaders(
  runner: RunnerAddress,
  form: SignatureForm,
  method: Method,
  path: string,
  body: Uint8Array,
): Record<string, string> {
  if (form === "plain") return { "x-hub-signature-256": signPlain(runner.secret, body) };
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = randomUUID();
  return {
    "x-dockmaster-timestamp": timestamp,
    "x-dockmaster-nonce": nonce,
    "x-dockmaster-signature": signV2(runner.secret, { method, path, timestamp, nonce, body }),
  };
}

/**
 * Sends one signed request. An error that the runner answers is an answer. Throws CliError `runner_unreachable` when
 * no answer came and `runner_unknown` when it was not the runner's.
 */
export async function requestRunner(
  runner: RunnerAddress,
  method: Method,
  path: string,
  options: { body?: unknown; waitSeconds?: number; form?: SignatureForm; signal?: AbortSignal } = {},
): Promise<RunnerAnswer> {
  const body = options.body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(options.body));
  const headers: Record<string, string> = {
    "content-type": "application/json",
    ...signedHeaders(runner, options.form ?? "v2", method, path, body),
  };
  if (options.waitSeconds !== undefined) headers.prefer = `wait=${options.waitSeconds}`;
  const { status, text } = await send(request, runner, path, {
    ...{ method, headers, ...(method === "POST" ? { body } : {}) },
    timeoutMs: ((options.waitSeconds ?? RUNNER_WAITS) + ON_THE_WAY) * 1000,
    ...(options.signal && { signal: options.signal }),
  });
  if (text === "") return { status, body: {} };
  const parsed = parseObject(text);
  if (parsed) return { status, body: parsed };
  throw new CliError(
    "runner_unknown",
    `${runner.url} answered ${status} with something that is not the runner's`,
    "Check DOCKMASTER_URL, and the proxy in front of the runner when there is one",
  );
}

/** A body as it comes; a connection that breaks in the middle is NoAnswer. */
async function* untilBroken(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new NoAnswer(error, true);
  }
}

/**
 * Opens a signed stream of server-sent events, which fails with NoAnswer when it breaks; undefined when the runner does not stream this.
 * Throws CliError.
 */
export async function openEventStream(
  runner: RunnerAddress,
  path: string,
  options: { lastEventId?: string; signal?: AbortSignal } = {},
): Promise<ReadableStream<Uint8Array> | undefined> {
  const headers: Record<string, string> = {
    accept: "text/event-stream",
    ...signedHeaders(runner, "v2", "GET", path, new Uint8Array()),
  };
  if (options.lastEventId !== undefined) headers["last-event-id"] = options.lastEventId;
  const { status, contentType, body } = await send(openStream, runner, path, {
    ...{ headers, timeoutMs: ON_THE_WAY * 1000 },
    ...(options.signal && { signal: options.signal }),
  });
  if (status === 200 && contentType.startsWith("text/event-stream")) {
    return Readable.toWeb(Readable.from(untilBroken(body), { objectMode: false })) as ReadableStream<Uint8Array>;
  }
  body.on("error", () => {}).destroy();
  return undefined;
}

async function send<T>(
  how: (address: URL, outgoing: Outgoing) => Promise<T>,
  runner: RunnerAddress,
  path: string,
  outgoing: Outgoing,
): Promise<T> {
  try {
    return await how(new URL(path, runner.url), outgoing);
  } catch (cause) {
    if (outgoing.signal?.aborted) throw outgoing.signal.reason;
    if (cause instanceof Redirected) {
      const message = `The runner at ${runner.url} ${cause.message}`;
      throw new CliError(
        "runner_unknown",
        message,
        `Signatures are sent to no other host: ${cause.hint("DOCKMASTER_URL")}`,
        { cause },
      );
    }
    if (!(cause instanceof NoAnswer)) throw cause;
    throw new CliError(
      "runner_unreachable",
      `The runner at ${runner.url} does not answer (${cause.message})`,
      "Check DOCKMASTER_URL and whether the runner is up; what runs on Dokploy does not depend on it",
      { cause },
    );
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
