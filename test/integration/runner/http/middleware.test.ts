import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signPlain } from "../../../../automation/api/signature.ts";
import { type Harness, startHarness } from "../harness.ts";
import { requireDocumented } from "./documented.ts";

const TOKEN = "a-token-for-readers-0123456789abcdef";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ API_TOKEN: TOKEN });
});
afterAll(() => harness.stop());

const GOOD = JSON.stringify({ env: "staging", tag: "v1.0.1", triggered_by: "test" });

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}, path = "/deploy") {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const answer = await fetch(new URL(path, harness.runner.url), {
    method: "POST",
    body: bytes,
    headers: {
      "content-type": "application/json",
      "x-hub-signature-256": signPlain(harness.secret, bytes),
      ...headers,
    },
  });
  const parsed = (await answer.json()) as { error: Record<string, string> };
  if (path === "/deploy") requireDocumented("POST", path, { status: answer.status, body: parsed });
  return { status: answer.status, headers: answer.headers, body: parsed };
}

const accepted = async () => ((await harness.send("GET", "/runs?limit=200")).body.runs as unknown[]).length;

describe("a request that is not right is answered with what to do, and has no effect", () => {
  const body = (over: object) => JSON.stringify({ env: "staging", tag: "v1.0.1", triggered_by: "test", ...over });

  test.each<[string, string, Record<string, string>, number, string]>([
    ["not signed", GOOD, { "x-hub-signature-256": "" }, 401, "signature_invalid"],
    ["a wrong signature", GOOD, { "x-hub-signature-256": `sha256=${"0".repeat(64)}` }, 401, "signature_invalid"],
    ["another type", GOOD, { "content-type": "text/plain" }, 415, "content_type"],
    ["not JSON", "{", {}, 400, "json_invalid"],
    ["a list", "[]", {}, 400, "json_invalid"],
    ["a text", '"staging"', {}, 400, "json_invalid"],
    ["null", "null", {}, 400, "json_invalid"],
    ["an unknown environment", body({ env: "prod" }), {}, 400, "env_unknown"],
    ["bootstrap", body({ env: "bootstrap" }), {}, 400, "body_invalid"],
    ["an unknown tag", body({ tag: "v9.9.9" }), {}, 404, "tag_not_found"],
    ["a branch", body({ tag: "main" }), {}, 400, "body_invalid"],
    ["a commit", body({ tag: "3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d3f2a1c9d" }), {}, 400, "body_invalid"],
    ["an option of git's", body({ tag: "--upload-pack=touch /tmp/x" }), {}, 400, "body_invalid"],
    ["a shell command", body({ tag: "v1.0.0;rm -rf /" }), {}, 400, "body_invalid"],
    ["an unknown service", body({ services: ["postgres", "mysql"] }), {}, 400, "service_unknown"],
    ["no service at all", body({ services: [] }), {}, 400, "body_invalid"],
    ["a text for a yes", body({ rollback: "false" }), {}, 400, "body_invalid"],
    ["an unknown field", body({ force: true }), {}, 400, "body_invalid"],
    ["a rollback with the plain signature", body({ rollback: true }), {}, 401, "signature_v2_required"],
    ["production before staging", body({ env: "production" }), {}, 409, "not_on_staging"],
  ])("%s", async (_name, text, headers, status, code) => {
    const before = await accepted();
    const answer = await post(text, headers);
    expect({ status: answer.status, ...answer.body.error }).toMatchObject({ status, code });
    for (const field of ["message", "hint", "requestId"]) expect(answer.body.error[field]).toMatch(/\S/);
    expect(await accepted()).toBe(before);
    expect(harness.actions()).toEqual([]);
  });

  test("all problems of a body are named at once", async () => {
    const { body: answer } = await post(JSON.stringify({ env: 1, tag: "latest", rollback: "no" }));
    for (const path of ["env:", "tag:", "rollback:", "triggered_by:"]) expect(answer.error.message).toContain(path);
  });

  test("a request without a signature header", async () => {
    const answer = await fetch(new URL("/deploy", harness.runner.url), {
      method: "POST",
      body: GOOD,
      headers: { "content-type": "application/json" },
    });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: { code: "signature_missing" } });
  });

  test("a body above 1 MiB, announced", async () => {
    const answer = await post("x".repeat(1024 * 1024 + 1));
    expect(answer).toMatchObject({ status: 413, body: { error: { code: "body_too_large" } } });
  });

  test.each(["/deploy", "/webhook", "/runs/x/cancel"])("a body in pieces, without a length, for %s", async (path) => {
    const piece = new Uint8Array(64 * 1024);
    const endless = new ReadableStream({ pull: (stream) => stream.enqueue(piece) });
    const answer = await fetch(new URL(path, harness.runner.url), {
      method: "POST",
      body: endless,
      duplex: "half",
      headers: { "content-type": "application/json" },
    });
    expect(answer.status).toBe(411);
    expect(await answer.json()).toMatchObject({
      error: { code: "length_required", hint: expect.stringContaining("Content-Length") },
    });
  });

  test("a path that there is not", async () => {
    expect(await post(GOOD, {}, "/deploy/now")).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
  });

  test("the request id of the caller comes back, unless it could do harm", async () => {
    const kept = await post("{", { "x-request-id": "ci-42.1" });
    expect([kept.headers.get("x-request-id"), kept.body.error.requestId]).toEqual(["ci-42.1", "ci-42.1"]);
    const replaced = await post("{", { "x-request-id": "a b" });
    expect(replaced.body.error.requestId).toMatch(/^[\w-]{36}$/);
  });

  test("no signature, header or body is in the log", () => {
    expect(harness.logged()).not.toContain(signPlain(harness.secret, new TextEncoder().encode(GOOD)));
    expect(harness.logged()).not.toContain("rm -rf");
    expect(harness.logged()).toContain('"msg":"signature failed"');
  });
});

describe("reading", () => {
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(new URL(path, harness.runner.url), { headers });
    if (!path.startsWith("/runs/") || answer.status !== 404) {
      requireDocumented("GET", path, { status: answer.status, body: await answer.clone().json() });
    }
    return answer;
  };

  test.each(["/runs", "/runs/x", "/runs/x/events", "/stacks", "/metrics"])(
    "%s is closed without token or signature",
    async (path) => {
      expect((await get(path)).status).toBe(401);
      expect((await get(path, { authorization: "Bearer wrong" })).status).toBe(401);
      expect((await get(path, { authorization: "Bearer " })).status).toBe(401);
    },
  );

  test("takes the token, and both signatures", async () => {
    expect((await get("/runs", { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    expect((await harness.send("GET", "/runs?limit=5", undefined, { form: "plain" })).status).toBe(200);
    expect((await harness.send("GET", "/runs?limit=5", undefined, { form: "v2" })).status).toBe(200);
  });

  test("a run that there is not", async () => {
    for (const id of ["none", "..%2f..%2fetc", "a%20b"]) {
      expect((await get(`/runs/${id}`, { authorization: `Bearer ${TOKEN}` })).status).toBe(404);
    }
  });

  test("a query that is not right", async () => {
    const answer = await get("/runs?limit=many&state=lost&colour=red", { authorization: `Bearer ${TOKEN}` });
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: { message: string } };
    for (const name of ["limit", "state", "colour"]) expect(error.message).toContain(name);
  });

  test("health is open, tells names and states only, and is quick", async () => {
    const began = performance.now();
    const answer = await get("/health");
    const took = performance.now() - began;
    const { checks, ...rest } = (await answer.json()) as { checks: Record<string, string> };
    expect(rest).toMatchObject({ version: "0.0.0-test", uptime: expect.any(Number) });
    expect(Object.keys(checks).sort()).toEqual(["dokploy", "engine", "git", "secret", "secret_files", "store"]);
    for (const state of Object.values(checks)) expect(["ok", "broken", "unknown"]).toContain(state);
    expect(took).toBeLessThan(1000);
    expect((await get("/health/live")).status).toBe(200);
  });
});

test("a connection that sends nothing does not hold the server", async () => {
  const { port } = new URL(harness.runner.url);
  const idle = connect(Number(port), "127.0.0.1");
  idle.on("error", () => {});
  idle.write("POST /deploy HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
  expect((await fetch(new URL("/health/live", harness.runner.url))).status).toBe(200);
  idle.destroy();
});

describe("without a secret", () => {
  test("everything is refused and health says so", async () => {
    const closed = await startHarness({ WEBHOOK_SECRET: "" });
    try {
      const answer = await closed.deploy("staging", "v1.0.1");
      expect(answer).toMatchObject({ status: 401, body: { error: { code: "secret_not_configured" } } });
      const health = await fetch(new URL("/health", closed.runner.url));
      expect(health.status).toBe(503);
      expect(await health.json()).toMatchObject({ status: "degraded", checks: { secret: "broken" } });
    } finally {
      await closed.stop();
    }
  });
});
