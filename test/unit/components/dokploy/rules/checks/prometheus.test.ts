import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holds, parseCondition } from "../../../../../../components/dokploy/rules/checks/condition.ts";
import {
  fullPrometheusCheck,
  judgeAnswer,
  type MetricInput,
  mistakesInMetric,
  nameOfPrometheusCheck,
} from "../../../../../../components/dokploy/rules/checks/prometheus.ts";
import { readAnswer } from "../../../../../../components/dokploy/rules/checks/prometheus-answer.ts";

const BOTH = { success: ">= 0.95", failure: "< 0.90" };
const GOOD = { success: ">= 0.95" };
const BAD = { failure: "< 0.90" };

describe("a measurement", () => {
  it.each<[string, number[], object, string]>([
    ["above both", [0.97], BOTH, "Successful"],
    ["at the bound of success", [0.95], BOTH, "Successful"],
    ["between them", [0.92], BOTH, "Inconclusive"],
    ["at the bound of failure", [0.9], BOTH, "Inconclusive"],
    ["below both", [0.89], BOTH, "Failed"],
    ["no series", [], BOTH, "Inconclusive"],
    ["no number", [Number.NaN], BOTH, "Inconclusive"],
    ["infinite", [Number.POSITIVE_INFINITY], BOTH, "Successful"],
    ["minus infinite", [Number.NEGATIVE_INFINITY], BOTH, "Failed"],
    ["only success, which holds", [0.95], GOOD, "Successful"],
    ["only success, which does not", [0.92], GOOD, "Failed"],
    ["only success, no number", [Number.NaN], GOOD, "Inconclusive"],
    ["only success, no series", [], GOOD, "Inconclusive"],
    ["only failure, which holds", [0.5], BAD, "Failed"],
    ["only failure, which does not", [0.92], BAD, "Successful"],
    ["only failure, no number", [Number.NaN], BAD, "Inconclusive"],
    ["only failure, no series", [], BAD, "Inconclusive"],
    ["no number is unequal to nothing", [Number.NaN], { success: "!= 1" }, "Inconclusive"],
    ["both hold: failure goes first", [1], { success: "> 0", failure: "> 0" }, "Failed"],
    ["several, all good", [0.95, 0.99], BOTH, "Successful"],
    ["several, one between", [0.99, 0.92], BOTH, "Inconclusive"],
    ["several, one bad", [0.99, 0.92, 0.1], BOTH, "Failed"],
    ["several, one without data", [0.99, Number.NaN], BOTH, "Inconclusive"],
    ["several, one bad and one without data", [Number.NaN, 0.1], BOTH, "Failed"],
    ["zero", [0], { success: "== 0" }, "Successful"],
    ["minus zero", [-0], { success: "== 0" }, "Successful"],
  ])("%s", (_name, values, conditions, phase) => {
    expect(judgeAnswer({ values }, conditions).phase).toBe(phase);
  });

  it("that could not be taken is an error", () => {
    const error = judgeAnswer({ error: "answered 503" }, BOTH);
    expect(error).toEqual({ phase: "Error", message: "Prometheus answered 503" });
  });

  it.each([
    [[0.97], BOTH, "0.97 is >= 0.95"],
    [[0.92], BOTH, "0.92 is neither >= 0.95 nor < 0.90"],
    [[0.89], BOTH, "0.89 is < 0.90"],
    [[0.89], GOOD, "0.89 is not >= 0.95"],
    [[0.97], BAD, "0.97 is not < 0.90"],
    [[0.97, 0.1], BOTH, "0.1 is < 0.90 in one of 2 series"],
    [[Number.NaN], BOTH, "no data (NaN)"],
    [[], BOTH, "no data"],
  ])("of %j under %j says: %s", (values, conditions, message) => {
    expect(judgeAnswer({ values }, conditions).message).toBe(message);
  });

  it("is as bad as the worst of its series, in any order", () => {
    const order = ["Failed", "Inconclusive", "Successful"];
    const value = fc.oneof(fc.double(), fc.constantFrom(0.9, 0.92, 0.95, Number.NaN));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), fc.constantFrom(BOTH, GOOD, BAD), (values, conditions) => {
        const each = values.map((one) => judgeAnswer({ values: [one] }, conditions).phase);
        const { phase } = judgeAnswer({ values }, conditions);
        expect(phase).toBe(order.find((one) => each.includes(one as typeof phase)));
        expect(judgeAnswer({ values: values.toReversed() }, conditions).phase).toBe(phase);
      }),
    );
  });
});

describe("a condition", () => {
  it.each([
    [">= 0.95", 0.95, true],
    [">=0.95", 0.94, false],
    [" < 1e-3 ", 0.0001, true],
    ["> -1", -1, false],
    ["<= .5", 0.5, true],
    ["== 3", 3, true],
    ["!= 3", 3, false],
    ["!= 3", Number.NaN, false],
    ["< 3", Number.NaN, false],
  ])("%j of %d: %s", (text, value, held) => {
    expect(holds(parseCondition(text)!, value)).toBe(held);
  });

  it.each([
    "",
    "0.95",
    "=> 1",
    "= 1",
    ">=",
    ">= x",
    ">= 1 2",
    "result[0] >= 1",
    ">= NaN",
    ">= 1e999",
    ">= 0x10",
    ">= 1,5",
    "~ 1",
  ])("%j is none", (text) => {
    expect(parseCondition(text)).toBeUndefined();
  });
});

describe("an answer of Prometheus", () => {
  const ok = (resultType: string, result: unknown) =>
    JSON.stringify({ status: "success", data: { resultType, result } });
  const series = (...values: unknown[]) => values.map((value) => ({ metric: {}, value: [1.5, value] }));

  it.each<[string, number, string, unknown]>([
    ["a vector", 200, ok("vector", series("0.97")), { values: [0.97] }],
    ["a vector of several", 200, ok("vector", series("1", "2e3", "-4")), { values: [1, 2000, -4] }],
    ["an empty vector", 200, ok("vector", []), { values: [] }],
    ["a scalar", 200, ok("scalar", [1.5, "3"]), { values: [3] }],
    ["no number", 200, ok("scalar", [1.5, "NaN"]), { values: [Number.NaN] }],
    ["infinite numbers", 200, ok("vector", series("+Inf", "-Inf")), { values: [Infinity, -Infinity] }],
    [
      "a string",
      200,
      ok("string", [1.5, "up"]),
      { error: "answered a string, which is no number: let the query end in one" },
    ],
    ["a matrix", 200, ok("matrix", []), { error: "answered a matrix, which is no number: let the query end in one" }],
    [
      "a native histogram",
      200,
      ok("vector", [{ metric: {}, histogram: [1, {}] }]),
      { error: "answered samples that are no numbers" },
    ],
    [
      "a sample that is a number of JSON",
      200,
      ok("vector", series(1)),
      { error: "answered samples that are no numbers" },
    ],
    ["a sample that is a word", 200, ok("vector", series("many")), { error: "answered samples that are no numbers" }],
    ["an empty sample", 200, ok("vector", series("")), { error: "answered samples that are no numbers" }],
    ["series that are none", 200, ok("vector", [null]), { error: "answered samples that are no numbers" }],
    ["a scalar that is none", 200, ok("scalar", "3"), { error: "answered samples that are no numbers" }],
    [
      "a vector that is none",
      200,
      ok("vector", {}),
      { error: "answered a vector, which is no number: let the query end in one" },
    ],
    ["success without data", 200, '{"status":"success"}', { error: "answered no result" }],
    ["another type that nobody knows", 200, ok("a\u001b[31m type", []), { error: "answered no result" }],
    ["no JSON", 200, "<html>", { error: "answered something that is no JSON of Prometheus" }],
    ["JSON that is no object", 200, "[]", { error: "answered something that is no JSON of Prometheus" }],
    ["nothing", 200, "", { error: "answered something that is no JSON of Prometheus" }],
    [
      "a wrong query",
      400,
      '{"status":"error","errorType":"bad_data","error":"parse error"}',
      { error: "answered 400 (bad_data: parse error)" },
    ],
    [
      "a query that cannot be run",
      422,
      '{"status":"error","errorType":"execution","error":"too many"}',
      { error: "answered 422 (execution: too many)" },
    ],
    [
      "an error with status 200",
      200,
      '{"status":"error","errorType":"internal"}',
      { error: "answered 200 (internal)" },
    ],
    ["a success with status 500", 500, ok("scalar", [1, "1"]), { error: "answered 500" }],
    ["a proxy", 502, "<html>bad gateway</html>", { error: "answered 502" }],
    ["a sign-in", 401, "", { error: "answered 401" }],
  ])("that is %s", (_name, status, text, answer) => {
    expect(readAnswer(status, text)).toEqual(answer);
  });

  it("of whatever kind is read without a failure of ours", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.integer({ min: 100, max: 599 }), (text, status) => {
        const answer = readAnswer(status, text);
        expect("values" in answer || "error" in answer).toBe(true);
        judgeAnswer(answer, BOTH);
      }),
    );
  });

  it("shows of a long error only its beginning", () => {
    const text = JSON.stringify({ status: "error", error: "x".repeat(10_000) });
    expect((readAnswer(400, text) as { error: string }).error.length).toBeLessThan(400);
  });
});

describe("the metric", () => {
  const check = (metric: Partial<MetricInput>) => ({ prometheus: { query: "up", ...metric } });

  it("has the defaults of Argo Rollouts", () => {
    expect(fullPrometheusCheck(check({ success: "> 0" }))).toEqual({
      prometheus: {
        query: "up",
        success: "> 0",
        failureLimit: 0,
        inconclusiveLimit: 0,
        consecutiveErrorLimit: 4,
        initialDelay: 0,
      },
    });
  });

  it.each<[Partial<MetricInput>, string[]]>([
    [{ success: "> 0" }, []],
    [{ failure: "> 0" }, []],
    [{}, ["query"]],
    [{ query: "  ", success: "> 0" }, ["query"]],
    [{ success: "good" }, ["success"]],
    [{ success: "> 0", failure: "bad" }, ["failure"]],
    [{ success: "> 0", count: 3 }, ["interval"]],
    [{ success: "> 0", count: 3, interval: 10 }, []],
    [{ success: "> 0", interval: 10 }, ["count"]],
    [{ success: "> 0", count: 2, interval: 10, failureLimit: 3 }, ["failureLimit"]],
    [{ success: "> 0", count: 2, interval: 10, failureLimit: 2 }, []],
    [{ success: "> 0", count: 2, interval: 10, inconclusiveLimit: 3 }, ["inconclusiveLimit"]],
  ])("%j has mistakes at %j", (metric, keys) => {
    expect(mistakesInMetric(check(metric)).map(({ key }) => key)).toEqual(keys);
  });

  it("may go on without end in the time after a release, and only there", () => {
    const endless = check({ success: "> 0", interval: 10 });
    expect(mistakesInMetric({ ...endless, during: "watch" })).toEqual([]);
    expect(mistakesInMetric({ ...endless, during: ["release", "watch"] })).toHaveLength(1);
  });

  it("is called by its query, in one line", () => {
    expect(nameOfPrometheusCheck(check({ query: " sum(\n  rate(x[5m])\n) " }))).toBe("query sum( rate(x[5m]) )");
    expect(nameOfPrometheusCheck(check({ query: "x".repeat(500) })).length).toBeLessThan(140);
  });
});
