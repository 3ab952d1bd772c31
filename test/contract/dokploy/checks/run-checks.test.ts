import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type PrometheusConnection,
  prometheusConnection,
  queryPrometheus,
} from "../../../../components/dokploy/api/checks/prometheus.ts";
import { type CheckRun, runChecks } from "../../../../components/dokploy/api/checks/run-checks.ts";
import { requireChecks } from "../../../../components/dokploy/checks.ts";
import { fullCheck } from "../../../../components/dokploy/rules/checks/check.ts";
import type { MetricInput } from "../../../../components/dokploy/rules/checks/prometheus.ts";
import { type FakePrometheus, openFakePrometheus, openRealPrometheus, type Reply } from "./prometheus.ts";

let prometheus: FakePrometheus;
let web: { url: string; close(): void };
let statuses: number[] = [];
beforeAll(async () => {
  prometheus = await openFakePrometheus();
  const server = createServer((_request, response) => {
    const status = statuses.length > 1 ? statuses.shift() : statuses[0];
    response.writeHead(status ?? 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  web = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
});
afterAll(async () => {
  await prometheus.close();
  web.close();
});
beforeEach(() => {
  prometheus.asked = [];
  statuses = [200];
});

/** How long it waited, in seconds, instead of waiting. */
function unhurried(): { slept: number[]; run: CheckRun } {
  const slept: number[] = [];
  const sleep = async (ms: number) => {
    slept.push(ms / 1000);
  };
  return { slept, run: { sleep, prometheus: { url: prometheus.url } } };
}

const values = (...all: string[]): Reply[] => all.map((value) => ({ values: value === "" ? [] : [value] }));
const metric = (more: Partial<MetricInput> = {}) => ({
  prometheus: { query: "sum(good)/sum(all)", success: ">= 0.95", failure: "< 0.90", ...more },
});

describe("a check that asks Prometheus", () => {
  test.each<[string, Reply[], Partial<MetricInput>, string, string, number[]]>([
    ["that is good", values("0.97"), {}, "Successful", "0.97 is >= 0.95", []],
    ["that is bad", values("0.5"), {}, "Failed", "0.5 is < 0.90", []],
    ["that is neither", values("0.92"), {}, "Inconclusive", "0.92 is neither >= 0.95 nor < 0.90", []],
    ["without data", values(""), {}, "Inconclusive", "no data", []],
    ["without requests", values("NaN"), {}, "Inconclusive", "no data (NaN)", []],
    ["that waits first", values("0.97"), { initialDelay: 60 }, "Successful", "0.97 is >= 0.95", [60]],
    [
      "measured three times",
      values("0.97", "0.96", "0.98"),
      { count: 3, interval: 30 },
      "Successful",
      "0.98 is >= 0.95",
      [30, 30],
    ],
    ["that turns bad", values("0.97", "0.1"), { count: 3, interval: 30 }, "Failed", "0.1 is < 0.90", [30]],
    [
      "with data that comes late",
      values("", "", "0.97"),
      { count: 3, interval: 5, inconclusiveLimit: 2 },
      "Successful",
      "0.97 is >= 0.95",
      [5, 5],
    ],
    [
      "whose server comes back",
      [{ status: 503, body: "" }, { status: 503, body: "" }, ...values("0.97")],
      {},
      "Successful",
      "0.97 is >= 0.95",
      [10, 10],
    ],
    [
      "whose server is away for good",
      [{ status: 503, body: "" }],
      {},
      "Error",
      "Prometheus answered 503 (not measured 5 times, 4 allowed)",
      [10, 10, 10, 10],
    ],
    [
      "that nobody understands",
      [{ status: 400, body: '{"status":"error","errorType":"bad_data","error":"parse error"}' }],
      { consecutiveErrorLimit: 0 },
      "Error",
      "Prometheus answered 400 (bad_data: parse error)",
      [],
    ],
    [
      "at a server that is none",
      [{ status: 200, body: "<html>" }],
      { consecutiveErrorLimit: 0 },
      "Error",
      "Prometheus answered something that is no JSON of Prometheus",
      [],
    ],
  ])("%s", async (_name, replies, more, phase, message, pauses) => {
    prometheus.replies = [...replies];
    const { slept, run } = unhurried();
    const [result] = await runChecks([metric(more)], run);
    expect(result).toEqual({ check: "query sum(good)/sum(all)", phase, message, last: phase });
    expect(slept).toEqual(pauses);
  });

  test("posts its query to the one address that there is for it, and signs in with the token", async () => {
    prometheus.replies = values("1");
    const { run } = unhurried();
    await runChecks([metric({ query: 'a{b="c & d"} > 0' })], {
      ...run,
      prometheus: { url: `${prometheus.url}/prefix`, token: "canary-token" },
    });
    expect(prometheus.asked).toEqual([
      { query: 'a{b="c & d"} > 0', authorization: "Bearer canary-token", method: "POST", path: "/prefix/api/v1/query" },
    ]);
  });

  test("never goes where the server redirects, and says nothing of the token", async () => {
    prometheus.replies = [{ status: 307, body: "", location: "https://elsewhere.example.org/?token=canary-query" }];
    const connection: PrometheusConnection = { url: prometheus.url, token: "canary-token" };
    const answer = JSON.stringify(await queryPrometheus(connection, "up"));
    expect(answer).toContain("redirects to https://elsewhere.example.org");
    expect(answer).not.toContain("canary");
  });

  test("is an error where nobody says where Prometheus is", async () => {
    const { run } = unhurried();
    const check = metric({ consecutiveErrorLimit: 0 });
    expect(await runChecks([check], { ...run, prometheus: undefined as never })).toMatchObject([
      { phase: "Error", message: "PROMETHEUS_URL is not set" },
    ]);
    const missing = () => prometheusConnection(undefined, {});
    expect(await runChecks([check], { ...run, prometheus: missing })).toMatchObject([{ phase: "Error" }]);
  });

  test("is an error when nothing listens", async () => {
    const { run } = unhurried();
    const [result] = await runChecks([metric()], { ...run, prometheus: { url: "http://127.0.0.1:1" } });
    expect(result).toMatchObject({ phase: "Error", message: expect.stringContaining("did not answer (ECONNREFUSED)") });
  });
});

describe("a request", () => {
  const check = { url: "", attempts: 3, interval: 1 };

  test("is tried until it is answered as it should be", async () => {
    statuses = [503, 503, 200];
    const { slept, run } = unhurried();
    const [result] = await runChecks([{ ...check, url: `${web.url}/ready?token=canary` }], run);
    const phase = "Successful";
    expect(result).toEqual({ check: `GET ${web.url}/ready`, phase, message: "answered 200", last: phase });
    expect(slept).toEqual([1, 1]);
  });

  test("fails after its attempts", async () => {
    statuses = [503];
    const { slept, run } = unhurried();
    const [result] = await runChecks([{ ...check, url: web.url }], run);
    expect(result).toMatchObject({ phase: "Failed", message: "answered 503 instead of 200, 3 times" });
    expect(slept).toEqual([1, 1]);
  });
});

describe("a signal", () => {
  test("ends what has no end, which nothing had spoken against", async () => {
    prometheus.replies = values("0.97");
    const stop = new AbortController();
    let pauses = 0;
    const sleep = async () => {
      if (++pauses === 3) stop.abort();
    };
    const endless = { ...metric({ interval: 30 }), during: "watch" as const };
    const run = { sleep, prometheus: { url: prometheus.url }, signal: stop.signal };
    const results = await runChecks([endless, { url: web.url }], run);
    expect(results).toMatchObject([{ phase: "Running", message: "0.97 is >= 0.95" }, { phase: "Successful" }]);
    expect(prometheus.asked).toHaveLength(3);
  });

  test("that came before leaves all undecided, and asks nobody", async () => {
    const { run } = unhurried();
    const results = await runChecks([metric(), { url: web.url }], { ...run, signal: AbortSignal.abort() });
    expect(results.map(({ phase }) => phase)).toEqual(["Running", "Running"]);
    expect(prometheus.asked).toEqual([]);
  });

  test("ends a question that is not answered, and that is no error of it", async () => {
    prometheus.replies = ["never"];
    const stop = new AbortController();
    const { run } = unhurried();
    const running = runChecks([metric({ consecutiveErrorLimit: 0 })], { ...run, signal: stop.signal });
    while (prometheus.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    expect(await running).toMatchObject([{ phase: "Running", message: "not measured yet" }]);
  });

  test("wakes one that waits", async () => {
    const stop = new AbortController();
    const running = runChecks([metric({ initialDelay: 3600 })], {
      prometheus: { url: prometheus.url },
      signal: stop.signal,
    });
    stop.abort();
    expect(await running).toMatchObject([{ phase: "Running" }]);
  });
});

describe("an update", () => {
  const requires = (...checks: Parameters<typeof fullCheck>[0][]) =>
    requireChecks("web", checks.map(fullCheck), { prometheus: () => ({ url: prometheus.url }) });

  test("ends well when all hold", async () => {
    prometheus.replies = values("1");
    await requires(metric(), { url: web.url });
  });

  test("asks nothing for what has to hold afterwards", async () => {
    prometheus.replies = values("0.1");
    await requires({ ...metric(), during: "watch" });
    expect(prometheus.asked).toEqual([]);
  });

  test("fails for what failed", async () => {
    prometheus.replies = values("0.1");
    await expect(requires(metric())).rejects.toMatchObject({
      code: "check_failed",
      message: "web runs but does not answer as it should: query sum(good)/sum(all) 0.1 is < 0.90",
    });
  });

  test("stops for what is inconclusive, with other words", async () => {
    prometheus.replies = values("0.92");
    await expect(requires(metric())).rejects.toMatchObject({
      code: "check_failed",
      message: expect.stringMatching(/^web runs, and nobody can tell .*: query .* is inconclusive: 0.92 is neither/),
      hint: expect.stringMatching(/^inconclusive is no success/),
    });
  });

  test("names where to look when nothing was measured", async () => {
    prometheus.replies = [{ status: 400, body: '{"status":"error","error":"no \\u001b[31m query"}' }];
    const error = await requires(metric({ consecutiveErrorLimit: 0 })).catch((each: Error & { hint: string }) => each);
    expect(error).toMatchObject({ code: "check_failed", hint: expect.stringMatching(/^look at PROMETHEUS_URL/) });
    expect((error as Error).message).not.toContain("\u001b");
  });
});

describe("where Prometheus is", () => {
  const at = (env: Record<string, string>, config: Record<string, string> = {}) =>
    prometheusConnection({ get: (key) => config[key] }, { ALLOW_INSECURE: "", ...env });

  test.each<[string, Record<string, string>, Record<string, string>, PrometheusConnection]>([
    ["the environment", { PROMETHEUS_URL: "https://p.example.org/" }, {}, { url: "https://p.example.org" }],
    ["the stack's file", {}, { "prometheus:url": "https://p.example.org/x/" }, { url: "https://p.example.org/x" }],
    [
      "the environment first",
      { PROMETHEUS_URL: "https://a.example.org" },
      { "prometheus:url": "https://b.example.org" },
      { url: "https://a.example.org" },
    ],
    ["with its API's path", { PROMETHEUS_URL: "https://p.example.org/api/v1/" }, {}, { url: "https://p.example.org" }],
    [
      "a token",
      { PROMETHEUS_URL: "https://p.example.org", PROMETHEUS_TOKEN: " t \n" },
      {},
      { url: "https://p.example.org", token: "t" },
    ],
    [
      "a token of the file",
      { PROMETHEUS_URL: "https://p.example.org" },
      { "prometheus:token": "t" },
      { url: "https://p.example.org", token: "t" },
    ],
    ["this machine", { PROMETHEUS_URL: "http://127.0.0.1:9090" }, {}, { url: "http://127.0.0.1:9090" }],
    [
      "a host that may be reached in clear",
      { PROMETHEUS_URL: "http://prometheus:9090", ALLOW_INSECURE: "prometheus" },
      {},
      { url: "http://prometheus:9090" },
    ],
    [
      "one that the file allows",
      { PROMETHEUS_URL: "http://prometheus:9090" },
      { "platform:allowInsecure": "prometheus" },
      { url: "http://prometheus:9090" },
    ],
  ])("is said by %s", (_name, env, config, connection) => {
    expect(at(env, config)).toEqual(connection);
  });

  test("is not said by the file of the last update, where the environment holds all there is", () => {
    const env = { DOCKMASTER_SETTINGS: "environment" };
    expect(() => at(env, { "prometheus:url": "https://p.example.org" })).toThrow("PROMETHEUS_URL is not set");
  });

  test.each<[string, Record<string, string>, string]>([
    ["nothing", {}, "PROMETHEUS_URL is not set, and a check asks Prometheus"],
    ["no address", { PROMETHEUS_URL: "prometheus:9090" }, "is not an http(s) address"],
    ["another kind of address", { PROMETHEUS_URL: "ftp://prometheus" }, "is not an http(s) address"],
    ["one in clear", { PROMETHEUS_URL: "http://prometheus:9090" }, "reaches prometheus without encryption"],
    [
      "one with a password",
      { PROMETHEUS_URL: "https://ann:canary@p.example.org" },
      "has a user, a password or a query",
    ],
    [
      "one with a query",
      { PROMETHEUS_URL: "https://p.example.org/?token=canary" },
      "has a user, a password or a query",
    ],
    [
      "a token of two lines",
      { PROMETHEUS_URL: "https://p.example.org", PROMETHEUS_TOKEN: "canary\ncanary" },
      "PROMETHEUS_TOKEN holds characters",
    ],
  ])("%s is refused", (_name, env, message) => {
    let said = "";
    try {
      at(env);
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toContain(message);
    expect(said).not.toContain("canary");
  });
});

const real = await openRealPrometheus();
const missing = real || process.env.REQUIRE_PROMETHEUS === "1" ? undefined : "there is no prometheus on PATH";

describe.skipIf(missing)(`a real Prometheus${missing ? ` (${missing})` : ""}`, { timeout: 60_000 }, () => {
  afterAll(() => real?.close());
  const judge = async (more: Partial<MetricInput>) =>
    (await runChecks([metric(more)], { prometheus: { url: real!.url }, sleep: async () => {} }))[0];

  test.each<[string, Partial<MetricInput>, object]>([
    ["a vector", { query: "vector(0.97)" }, { phase: "Successful", message: "0.97 is >= 0.95" }],
    ["a scalar", { query: "0.1" }, { phase: "Failed", message: "0.1 is < 0.90" }],
    ["no series", { query: "nobody_has_this" }, { phase: "Inconclusive", message: "no data" }],
    ["a ratio of nothing", { query: "vector(0)/vector(0)" }, { phase: "Inconclusive", message: "no data (NaN)" }],
    ["an infinite one", { query: "vector(1)/vector(0)" }, { phase: "Successful" }],
    ["several series", { query: 'label_replace(vector(0.1),"a","b","","") or vector(1)' }, { phase: "Failed" }],
    [
      "a string",
      { query: '"up"', consecutiveErrorLimit: 0 },
      { phase: "Error", message: expect.stringContaining("answered a string") },
    ],
    [
      "a range",
      { query: "up[1m]", consecutiveErrorLimit: 0 },
      { phase: "Error", message: expect.stringContaining("answered a matrix") },
    ],
    [
      "a wrong query",
      { query: "sum(", consecutiveErrorLimit: 0 },
      { phase: "Error", message: expect.stringContaining("answered 400 (bad_data") },
    ],
  ])("answers %s", async (_name, more, result) => {
    expect(await judge(more)).toMatchObject(result);
  });

  test("has metrics of what it scrapes", async () => {
    const seen = async () => {
      const answer = await queryPrometheus({ url: real!.url }, "up");
      return "values" in answer && answer.values.length > 0;
    };
    while (!(await seen())) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await judge({ query: "up", success: "== 1" })).toMatchObject({ phase: "Successful", message: "1 is == 1" });
  });
});
