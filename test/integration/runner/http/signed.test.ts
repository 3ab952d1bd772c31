import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { signPlain, signV2 } from "../../../../automation/api/signature.ts";
import { type Harness, startHarness } from "../harness.ts";
import { createInstantEngine, type InstantEngine } from "../instant.ts";

let harness: Harness;
let engine: InstantEngine;
const start = async (env: Record<string, string> = {}) => {
  engine = createInstantEngine();
  harness = await startHarness(env, { perform: engine.perform });
};
afterEach(() => harness.stop());

const GOOD = { env: "staging", tag: "v1.0.1", triggered_by: "test" };

async function post(path: string, value: unknown, headers: (body: Uint8Array) => Record<string, string>) {
  const body = new TextEncoder().encode(JSON.stringify(value));
  const answer = await fetch(new URL(path, harness.runner.url), {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers(body) },
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** Headers of our own signature with a nonce and a time of the test's choice. */
function v2(nonce: string, at = Date.now(), path = "/deploy", secret = harness.secret) {
  return (body: Uint8Array) => {
    const timestamp = String(Math.floor(at / 1000));
    return {
      "x-dockmaster-timestamp": timestamp,
      "x-dockmaster-nonce": nonce,
      "x-dockmaster-signature": signV2(secret, { method: "POST", path, timestamp, nonce, body }),
    };
  };
}
const refusedAs = (code: string) => ({ status: 401, body: { error: { code } } });

describe("our own signature", () => {
  test("is taken once, also after a restart", async () => {
    await start();
    expect((await post("/deploy", GOOD, v2("nonce-0001"))).status).toBe(200);
    expect(await post("/deploy", GOOD, v2("nonce-0001"))).toMatchObject(refusedAs("signature_replayed"));
    await harness.runner.stop(0);
    await harness.restart();
    expect(await post("/deploy", GOOD, v2("nonce-0001"))).toMatchObject(refusedAs("signature_replayed"));
    expect((await post("/deploy", GOOD, v2("nonce-0002"))).status).toBe(200);
    expect(engine.performed.length).toBe(2);
  });

  test("is refused when its time is not now, and on another path than it was made for", async () => {
    await start();
    for (const [index, away] of [-301_000, 302_000].entries()) {
      const answer = await post("/deploy", GOOD, v2(`away-000${index}`, Date.now() + away));
      expect(answer).toMatchObject(refusedAs("signature_expired"));
    }
    expect(await post("/deploy", GOOD, v2("path-0001", Date.now(), "/sync"))).toMatchObject(
      refusedAs("signature_invalid"),
    );
    expect(engine.performed).toEqual([]);
  });

  test("is the only one where REQUIRE_V2 says so", async () => {
    await start({ REQUIRE_V2: "true" });
    const plain = (body: Uint8Array) => ({ "x-hub-signature-256": signPlain(harness.secret, body) });
    expect(await post("/deploy", GOOD, plain)).toMatchObject(refusedAs("signature_v2_required"));
    expect((await post("/deploy", GOOD, v2("required-1"))).status).toBe(200);
  });
});

test("a webhook that was delivered before is not taken again after a restart", async () => {
  await start();
  await harness.deploy("staging", "v1.0.1");
  const before = harness.origin.git("rev-parse", "HEAD");
  const after = harness.origin.release(null, {
    "components/redis/compose.yaml": "services: {redis: {image: 'r:2'}}\n",
  });
  const deliver = () =>
    post("/webhook", { ref: "refs/heads/main", before, after }, (body) => ({
      "x-hub-signature-256": signPlain(harness.secret, body),
      "x-github-event": "push",
      "x-github-delivery": "one-and-the-same",
    }));
  expect((await deliver()).body).toMatchObject({ status: "success", tag: "v1.0.2" });
  await harness.runner.stop(0);
  await harness.restart();
  expect((await deliver()).body).toMatchObject({ status: "ignored", reason: expect.stringContaining("taken before") });
  expect(engine.performed).toEqual(["staging v1.0.1", "staging v1.0.2"]);
});

test("secrets are rotated without a pause: both are valid for a while, and a changed file counts at once", async () => {
  await start({ WEBHOOK_SECRET: "the-old-secret-of-some-32-characters,the-new-secret-of-some-32-characters" });
  const as = (secret: string) => (body: Uint8Array) => ({ "x-hub-signature-256": signPlain(secret, body) });
  expect((await post("/deploy", GOOD, as("the-old-secret-of-some-32-characters"))).status).toBe(200);
  expect((await post("/deploy", GOOD, as("the-new-secret-of-some-32-characters"))).status).toBe(200);

  // From now on an agent keeps the secret in a file.
  const file = join(harness.folder, "webhook-secret");
  const write = (value: string) => {
    writeFileSync(`${file}.new`, value);
    renameSync(`${file}.new`, file);
  };
  write("the-old-secret-of-some-32-characters,the-new-secret-of-some-32-characters\n");
  delete harness.env.WEBHOOK_SECRET;
  harness.env.WEBHOOK_SECRET_FILE = file;
  expect((await post("/deploy", GOOD, as("the-old-secret-of-some-32-characters"))).status).toBe(200);
  write("the-new-secret-of-some-32-characters\n");
  expect(await post("/deploy", GOOD, as("the-old-secret-of-some-32-characters"))).toMatchObject(
    refusedAs("signature_invalid"),
  );
  expect((await post("/deploy", GOOD, as("the-new-secret-of-some-32-characters"))).status).toBe(200);
  for (const secret of ["the-old-secret-of-some-32-characters", "the-new-secret-of-some-32-characters"])
    expect(harness.logged()).not.toContain(secret);
});

test("the secret of before is still taken where WEBHOOK_SECRET_OLD says so, and the log says who uses it", async () => {
  const [now, old] = ["the-new-secret-of-some-32-characters", "the-old-secret-of-some-32-characters"];
  await start({ WEBHOOK_SECRET: now, WEBHOOK_SECRET_OLD: old });
  const used = () =>
    harness
      .logged()
      .split("\n")
      .filter((line) => line.includes('"secret.old_used"'));
  expect((await post("/deploy", GOOD, v2("now-00001", Date.now(), "/deploy", now))).status).toBe(200);
  expect(used()).toEqual([]);
  expect((await post("/deploy", GOOD, v2("old-00001", Date.now(), "/deploy", old))).status).toBe(200);
  const plain = (body: Uint8Array) => ({ "x-hub-signature-256": signPlain(old, body) });
  expect((await post("/deploy", GOOD, plain)).status).toBe(200);
  expect(used()).toHaveLength(2);
  for (const line of used()) expect(JSON.parse(line)).toMatchObject({ path: "/deploy", source: "127.0.0.1" });
  for (const secret of [now, old]) expect(harness.logged()).not.toContain(secret);
});

test("a secret whose file is gone or became short is accepted no more at once, and comes back with a good one", async () => {
  const [first, short, third] = ["the-first-secret-of-32-characters", "too-short", "the-third-secret-of-32-characters"];
  await start();
  const file = join(harness.folder, "webhook-secret");
  const write = (value: string) => {
    writeFileSync(`${file}.new`, value);
    renameSync(`${file}.new`, file);
  };
  const as = (secret: string) => (body: Uint8Array) => ({ "x-hub-signature-256": signPlain(secret, body) });
  write(first);
  delete harness.env.WEBHOOK_SECRET;
  harness.env.WEBHOOK_SECRET_FILE = file;
  expect((await post("/deploy", GOOD, as(first))).status).toBe(200);
  rmSync(file);
  for (const secret of [first, ""]) {
    expect(await post("/deploy", GOOD, as(secret))).toMatchObject({
      body: { error: { code: "secret_not_configured" } },
    });
  }
  write(short);
  for (const secret of [first, short]) {
    expect(await post("/deploy", GOOD, as(secret))).toMatchObject({
      body: { error: { code: "secret_not_configured" } },
    });
  }
  write(`${third},${short}`);
  for (const secret of [first, short]) {
    expect(await post("/deploy", GOOD, as(secret))).toMatchObject(refusedAs("signature_invalid"));
  }
  expect((await post("/deploy", GOOD, as(third))).status).toBe(200);
  for (const secret of [first, short, third]) expect(harness.logged()).not.toContain(secret);
});

test("a secret that became short shows in /health", async () => {
  await start({ API_TOKEN: "a-token-to-read-0123456789abcdef" });
  await expect
    .poll(async () => (await (await fetch(new URL("/health", harness.runner.url))).json()) as object)
    .toMatchObject({ checks: { secret: "ok" } });
  await harness.runner.stop(0);
  await harness.restart();
  harness.env.WEBHOOK_SECRET = "short";
  await expect
    .poll(async () => (await (await fetch(new URL("/health", harness.runner.url))).json()) as object, {
      timeout: 30_000,
    })
    .toMatchObject({ status: "degraded", checks: { secret: "broken" } });
  expect(harness.logged()).toContain("WEBHOOK_SECRET has 5 characters, at least 32 are needed");
});
