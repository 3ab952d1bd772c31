import { readFileSync } from "node:fs";
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signPlain } from "../../../../automation/api/signature.ts";
import { type Harness, startHarness } from "../harness.ts";

const MIB = 1024 * 1024;

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({}, { apart: true });
}, 60_000);
afterAll(() => harness.stop());

/** A push of another branch, of about so many bytes: what GitHub sends for thousands of commits. */
function largePush(bytes: number): Buffer {
  const commit = { id: "a".repeat(40), message: "word ".repeat(100), added: ["a/file"], modified: [], removed: [] };
  const each = JSON.stringify(commit).length + 1;
  const commits = Array.from({ length: Math.floor(bytes / each) }, () => commit);
  return Buffer.from(
    JSON.stringify({ commits, ref: "refs/heads/other", before: "0".repeat(40), after: "b".repeat(40) }),
  );
}

/** Sends it with its length, as GitHub does, unless that is left out. */
function send(body: Buffer, { path = "/webhook", length = true, secret = harness.secret, event = "push" } = {}) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const headers = {
      "content-type": "application/json",
      "x-hub-signature-256": signPlain(secret, body),
      ...(event ? { "x-github-event": event } : {}),
      connection: "close",
      ...(length ? { "content-length": body.length } : { "transfer-encoding": "chunked" }),
    };
    const sent = request(new URL(path, harness.runner.url), { method: "POST", headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    // Who is refused in the middle of a body may find the connection closed.
    sent.on("error", reject);
    sent.end(body);
  });
}

const resident = (field: "VmRSS" | "VmHWM") =>
  Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${harness.runner.pid}/status`, "utf8"))?.[1]) *
  1024;

test("a push of nearly 25 MiB is taken, several at once and with little memory", async () => {
  const body = largePush(24.9 * MIB);
  expect((await send(largePush(MIB))).status).toBe(200);
  const before = resident("VmRSS");
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(Array.from({ length: 2 }, () => send(body)));
    for (const { status, text } of answers) {
      expect({ status, body: JSON.parse(text) as unknown }).toMatchObject({
        status: 200,
        body: { status: "ignored", reason: "refs/heads/other is not the branch main" },
      });
    }
  }
  const grown = (resident("VmHWM") - before) / MIB;
  console.log(`resident memory: ${(before / MIB).toFixed(0)} MiB before, at most ${grown.toFixed(0)} MiB more`);
  expect(grown).toBeLessThan(64);
}, 120_000);

test("its signature is over all of its bytes", async () => {
  const body = largePush(2 * MIB);
  expect((await send(body, { secret: "another" })).status).toBe(401);
});

test("one above 25 MiB is refused, before it is sent when it says how long it is; others above 1 MiB", async () => {
  const body = Buffer.alloc(25 * MIB + 1, " ");
  const refused = { status: 413, text: expect.stringContaining("larger than 25 MiB") };
  expect(await send(body)).toMatchObject(refused);
  expect(await send(largePush(2 * MIB), { length: false })).toMatchObject({ status: 411 });
  const small = { status: 413, text: expect.stringContaining("larger than 1 MiB") };
  expect(await send(largePush(2 * MIB), { path: "/deploy" })).toMatchObject(small);
  expect((await fetch(new URL("/health/live", harness.runner.url))).status).toBe(200);
});

test("more than 1 MiB is only taken of what could be a push: its headers name an event, and it begins as one does", async () => {
  const refused = { status: 413, text: expect.stringContaining("larger than 1 MiB") };
  expect(await send(largePush(2 * MIB), { event: "" })).toMatchObject(refused);
  expect(await send(Buffer.alloc(2 * MIB, "["))).toMatchObject(refused);
  expect(await send(Buffer.alloc(2 * MIB, 0))).toMatchObject(refused);
});
