import { randomUUID } from "node:crypto";
import { signPlain, signV2 } from "../signature.ts";

/** A runner and the secret its requests are signed with. */
export interface RunnerAddress {
  /** Base URL, e.g. `https://iac.example.org`. */
  url: string;
  secret: string;
}

/** An answer of the runner: its status, and its JSON body (undefined when there was none). */
export interface RunnerAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** How a request is signed: our own form, or GitHub's, as `curl` with `openssl dgst` would. */
export type SignatureForm = "v2" | "plain";

/** Sends one signed request. Rejects only when no answer came; an error of the runner is an answer. */
export async function requestRunner(
  runner: RunnerAddress,
  method: "GET" | "POST",
  path: string,
  options: { body?: unknown; waitSeconds?: number; form?: SignatureForm; signal?: AbortSignal } = {},
): Promise<RunnerAnswer> {
  const body = options.body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(options.body));
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (options.waitSeconds !== undefined) headers.prefer = `wait=${options.waitSeconds}`;
  if (options.form === "plain") headers["x-hub-signature-256"] = signPlain(runner.secret, body);
  else {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const nonce = randomUUID();
    headers["x-dockmaster-timestamp"] = timestamp;
    headers["x-dockmaster-nonce"] = nonce;
    headers["x-dockmaster-signature"] = signV2(runner.secret, { method, path, timestamp, nonce, body });
  }
  const answer = await fetch(new URL(path, runner.url), {
    method,
    headers,
    ...(method === "POST" ? { body } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
}
