import { createServer as createHttp, request } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { signPlain } from "../../../../automation/api/signature.ts";
import { sendHostile } from "../../../stress/hostile.ts";
import { type Harness, startHarness } from "../harness.ts";
import { createInstantEngine, type InstantEngine } from "../instant.ts";
import { until } from "../until.ts";

const MIB = 1024 * 1024;
const TOKEN = "a-token-for-readers-that-is-long-enough";

let harness: Harness | undefined;
let engine: InstantEngine;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await harness?.stop();
  harness = undefined;
});

async function start(env: Record<string, string> = {}): Promise<Harness> {
  engine = createInstantEngine();
  harness = await startHarness({ API_TOKEN: TOKEN, ...env }, { perform: engine.perform });
  return harness;
}

/** A connection, and all that was said on it. */
function open({ runner }: Harness, text: string) {
  const socket = connect(Number(new URL(runner.url).port), "127.0.0.1");
  sockets.push(socket);
  const said = { text: "", closed: false };
  socket.setEncoding("latin1").on("data", (part: string) => {
    said.text += part;
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    said.closed = true;
  });
  socket.write(text);
  return { socket, said };
}

const head = (line: string, ...headers: string[]) =>
  `${[`${line} HTTP/1.1`, "Host: x", ...headers].join("\r\n")}\r\n\r\n`;
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

describe("methods and paths", () => {
  const ask = async (method: string, path: string, { runner }: Harness) => {
    const { said } = open(harness as Harness, head(`${method} ${path}`, "Content-Length: 0", "Connection: close"));
    await until(`${runner.url} answers`, 5_000, () => said.closed);
    const [headers = "", body = ""] = said.text.split("\r\n\r\n");
    return { status: statuses(said.text)[0], allow: /^allow: (.*)$/im.exec(headers)?.[1], body };
  };

  test("a method that a path does not have is 405 with those that it has; a path that there is not stays 404", async () => {
    const own = await start();
    for (const [path, allow] of [
      ["/deploy", "POST"],
      ["/sync", "POST"],
      ["/webhook", "POST"],
      ["/health", "GET, HEAD"],
      ["/health/live", "GET, HEAD"],
      ["/runs", "GET, HEAD"],
      ["/runs/x", "GET, HEAD"],
      ["/runs/x/events", "GET, HEAD"],
      ["/runs/x/cancel", "POST"],
      ["/stacks", "GET, HEAD"],
      ["/metrics", "GET, HEAD"],
      ["/openapi.json", "GET, HEAD"],
    ] as const) {
      for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY", allow === "POST" ? "GET" : "POST"]) {
        const answer = await ask(method, path, own);
        expect({ method, path, ...answer }).toMatchObject({ status: 405, allow });
        expect(answer.body).toContain("method_not_allowed");
      }
    }
    for (const path of ["/", "/deploy/", "/deploys", "/runs/", "/runs/x/y", "/health/x", "/%zz"]) {
      for (const method of ["GET", "POST", "PUT"]) expect(await ask(method, path, own)).toMatchObject({ status: 404 });
    }
  });

  test("so on the port of the metrics", async () => {
    // A port that is free now: 0 would not be told.
    const probe = createHttp().listen(0, "127.0.0.1");
    await until("it listens", 5_000, () => probe.listening);
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    await start({ METRICS_PORT: String(port) });
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
  });

  test("what is no HTTP, or names no host, is told so", async () => {
    const own = await start();
    for (const text of [
      "GET /health HTTP/1.1\r\n\r\n",
      "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
      "\0\x16\x03\x01\r\n\r\n",
    ]) {
      const { said } = open(own, text);
      await until("it is closed", 10_000, () => said.closed);
      expect(statuses(said.text), text).toEqual([400]);
    }
    const { said } = open(own, head("GET /health", "Expect: a-cake", "Connection: close"));
    await until("it is answered", 5_000, () => said.closed);
    expect(statuses(said.text)).toEqual([200]);
  });
});

describe("connections", () => {
  test("whoever holds as many as it may, and says nothing, keeps nobody out", async () => {
    const own = await start();
    const idle = Array.from({ length: 300 }, () => open(own, "POST /deploy HTTP/1.1\r\n"));
    await until("the oldest make room", 10_000, () => {
      open(own, "");
      return idle.filter(({ said }) => said.closed).length >= 40;
    });
    expect((await own.deploy("staging", "v1.0.1")).status).toBe(200);
    // The newest are still there.
    expect(idle.at(-1)?.said.closed).toBe(false);
  });

  test("one that follows a run is not what makes room", async () => {
    const own = await start();
    engine.hold = new Promise(() => {});
    const { body } = await own.deploy("staging", "v1.0.1", {}, { waitSeconds: 0 });
    const reader = open(own, head(`GET /runs/${body.run}/events`, `Authorization: Bearer ${TOKEN}`));
    await until("it streams", 5_000, () => statuses(reader.said.text)[0] === 200);
    const idle = Array.from({ length: 400 }, () => open(own, "x"));
    await until("the oldest make room", 10_000, () => {
      open(own, "");
      return idle.filter(({ said }) => said.closed).length >= 140;
    });
    expect(reader.said.closed).toBe(false);
  });

  test("that come many at once, signed, are all answered", async () => {
    const own = await start({ RATE_LIMIT: "1000" });
    await own.deploy("staging", "v1.0.1");
    const answers = Array.from({ length: 300 }, () => own.deploy("staging", "v1.0.1", {}, { waitSeconds: 0 }));
    const counts: Record<number, number> = {};
    for (const { status } of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1;
    expect((counts[200] ?? 0) + (counts[202] ?? 0)).toBe(300);
  }, 120_000);

  test("that send headers too slowly are closed", async () => {
    const own = await start();
    const { said } = open(own, "GET /health HTTP/1.1\r\nHost: x\r\n");
    await until("it is closed", 20_000, () => said.closed);
    expect(statuses(said.text)).toEqual([408]);
  }, 30_000);

  test("that send requests without waiting for answers are closed, and no more of them is looked at", async () => {
    const own = await start();
    const { said } = open(own, head("GET /health/live").repeat(5_000));
    await until("it is closed", 10_000, () => said.closed);
    expect(statuses(said.text).length).toBeLessThan(10);
  });

  test("of who is refused in the middle of a body are closed after the answer, and can go on being used otherwise", async () => {
    const own = await start();
    const { socket, said } = open(own, head("POST /deploy", "Content-Type: text/plain", `Content-Length: ${MIB}`));
    socket.write("x".repeat(100_000));
    await until("it is closed", 10_000, () => said.closed);
    expect([statuses(said.text), /^connection: close$/im.test(said.text)]).toEqual([[415], true]);
    const small = open(own, head("POST /deploy", "Content-Type: text/plain", "Content-Length: 2"));
    small.socket.write("{}");
    await until("it is answered", 5_000, () => statuses(small.said.text).length === 1);
    small.socket.write(head("GET /health"));
    await until("it is answered too", 5_000, () => statuses(small.said.text).length === 2);
  });
});

describe("bodies", () => {
  test("that hang leave room for others, and hold 503 to large ones only as long as they keep up", async () => {
    const own = await start({ RATE_LIMIT: "100000" });
    const signature = `X-Hub-Signature-256: sha256=${"0".repeat(64)}`;
    const large = ["Content-Type: application/json", signature, `Content-Length: ${MIB}`];
    const hung = Array.from({ length: 16 }, () => open(own, head("POST /deploy", ...large)));
    const next = open(own, head("POST /deploy", ...large));
    await until("there is no room", 5_000, () => next.said.text.includes("overloaded"));
    expect(statuses(next.said.text)).toEqual([503]);
    expect(next.said.text).toMatch(/^retry-after: 1\r$/im);
    // Small ones, and deliveries, are not kept out.
    expect((await own.deploy("staging", "v1.0.1")).status).toBe(200);
    // Who is too slow makes room.
    await until("one of them gave way", 10_000, async () => {
      const another = open(own, head("POST /deploy", ...large));
      await until("it is seen to", 5_000, () => another.said.text !== "" || hung.some(({ said }) => said.text !== ""));
      return hung.some(({ said }) => said.text.includes("overloaded"));
    });
  }, 40_000);
});

describe("sources", () => {
  // One request a second: what a slow machine needs for the test lets in no more than a few.
  const env = { RATE_LIMIT: "1" };
  const MANY = 60;

  /** Sends `count` requests at once, and counts their statuses. */
  const flood = async ({ runner }: Harness, count: number, headers: Record<string, string> = {}, path = "/health") => {
    const answers = await Promise.all(
      Array.from({ length: count }, () => fetch(new URL(path, runner.url), { headers })),
    );
    const counts: Record<number, number> = {};
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };
  const limited = async (...asked: Parameters<typeof flood>) => (await flood(...asked))[429] ?? 0;

  test("a stranger at the same address leaves room for what is signed rightly, and for nothing else", async () => {
    const own = await start(env);
    expect(await limited(own, MANY)).toBeGreaterThan(MANY / 2);
    expect((await own.deploy("staging", "v1.0.1")).status).toBe(200);
    const wrong = { "x-hub-signature-256": `sha256=${"0".repeat(64)}` };
    const statuses = await flood(own, MANY, wrong, "/runs");
    expect(statuses[429]).toBeGreaterThan(MANY / 2);
    expect((statuses[429] ?? 0) + (statuses[401] ?? 0)).toBe(MANY);
    expect(await limited(own, MANY, { authorization: `Bearer ${TOKEN}` })).toBeGreaterThan(MANY / 2);
    expect(await limited(own, MANY, wrong)).toBeGreaterThan(MANY / 2);
  });

  test("are those that a trusted proxy names, the right-most counts, and nobody else's word does", async () => {
    const proxied = await start({ ...env, TRUSTED_PROXIES: "127.0.0.1" });
    const from = (address: string) => ({ "x-forwarded-for": address });
    expect(await limited(proxied, MANY, from("203.0.113.7"))).toBeGreaterThan(MANY / 2);
    expect(await limited(proxied, 2, from("203.0.113.8"))).toBe(0);
    expect(await limited(proxied, MANY, from("203.0.113.9, 203.0.113.7"))).toBeGreaterThan(MANY / 2);
    await proxied.stop();
    const bare = await start(env);
    const each = Array.from({ length: MANY }, (_, n) => limited(bare, 1, from(`203.0.113.${n}`)));
    expect((await Promise.all(each)).filter(Boolean).length).toBeGreaterThan(MANY / 2);
  });

  test("of one /64 share a limit", async () => {
    const own = await start({ ...env, TRUSTED_PROXIES: "127.0.0.1" });
    const each = Array.from({ length: MANY }, (_, n) => limited(own, 1, { "x-forwarded-for": `2001:db8:0:1::${n}` }));
    expect((await Promise.all(each)).filter(Boolean).length).toBeGreaterThan(MANY / 2);
    expect(await limited(own, 2, { "x-forwarded-for": "2001:db8:0:2::1" })).toBe(0);
  });
});

test("a reader has so many streams, and one that ends makes room", async () => {
  const own = await start({ RATE_LIMIT: "1000" });
  engine.hold = new Promise(() => {});
  const { body } = await own.deploy("staging", "v1.0.1", {}, { waitSeconds: 0 });
  const path = `/runs/${body.run}/events`;
  const stream = () => open(own, head(`GET ${path}`, `Authorization: Bearer ${TOKEN}`));
  const all = Array.from({ length: 20 }, stream);
  await until("all are answered", 10_000, () => all.every(({ said }) => statuses(said.text).length === 1));
  const refused = all.filter(({ said }) => statuses(said.text)[0] === 429);
  expect(refused).toHaveLength(4);
  expect(refused[0]?.said.text).toContain("too_many_streams");
  // Who reads with the secret is another reader.
  const other = request(new URL(path, own.runner.url), {
    headers: { "x-hub-signature-256": signPlain(own.secret, new Uint8Array()) },
  });
  const status = await new Promise((resolve) => other.on("response", (answer) => resolve(answer.statusCode)).end());
  expect(status).toBe(200);
  other.destroy();
  all.find(({ said }) => statuses(said.text)[0] === 200)?.socket.destroy();
  await until("there is room again", 10_000, async () => {
    const next = stream();
    await until("it is answered", 5_000, () => statuses(next.said.text).length === 1);
    return statuses(next.said.text)[0] === 200;
  });
});

test("hostile requests of every kind beside a running update: it ends well, what is signed is accepted, memory stays small", async () => {
  const { violations, deploys, memory, longestBlock } = await sendHostile({ seconds: 8 });
  console.log(
    `accepted within ${deploys.longest.toFixed(0)} ms, ${memory.peak} MiB, blocked for ${longestBlock.toFixed(0)} ms`,
  );
  // How long an acceptance takes is measured by `npm run stress`: here other tests run beside it.
  expect(violations.filter((each) => !each.includes("accepted after"))).toEqual([]);
}, 240_000);
