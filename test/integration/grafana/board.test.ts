import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createMetrics } from "../../../automation/metrics.ts";
import { type Harness, startHarness } from "../runner/harness.ts";
import { createInstantEngine } from "../runner/instant.ts";
import { type MetricsPage, serveAllMetrics, serveTraefik } from "./pages.ts";
import { type Prometheus, prometheusMissing, startPrometheus } from "./prometheus.ts";

interface Target {
  expr: string;
}
interface Panel {
  title: string;
  type: string;
  targets?: Target[];
}
interface Board {
  panels: Panel[];
  annotations: { list: { name: string; expr: string }[] };
  templating: { list: { name: string; type: string; definition?: string }[] };
}

const board = JSON.parse(readFileSync("docs/grafana/dockmaster.json", "utf8")) as Board;
const panels = board.panels.filter(({ type }) => type !== "row");
const queries = [
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
  ...board.annotations.list.map(({ name, expr }) => [name, expr] as const),
];

/** What Grafana puts in the place of its variables, as short as the test. */
function fill(expr: string): string {
  return expr
    .replaceAll("$__rate_interval", "30s")
    .replaceAll("$__range", "5m")
    .replaceAll(/\$(env|service)\b/g, ".*");
}

/** Names of the runner's metrics, with those that a histogram is stored as. */
const metrics = new Map(
  Object.entries(createMetrics())
    .filter(([key]) => key !== "registry")
    .map(([, metric]) => metric as unknown as { name: string; labelNames: string[] })
    .flatMap(({ name, labelNames }): [string, string[]][] => [
      [name, labelNames],
      [`${name}_bucket`, [...labelNames, "le"]],
    ]),
);

test("every panel asks for something", () => {
  for (const { title, targets } of panels) expect(targets?.length, title).toBeGreaterThan(0);
  expect(queries.length).toBeGreaterThan(25);
});

test.each(queries)("%s names only metrics and labels that there are", (_, expr) => {
  const used = [...expr.matchAll(/\b((?:dockmaster|traefik)_\w+)(?:\{([^}]*)\})?/g)];
  expect(used.length).toBeGreaterThan(0);
  for (const [, name = "", matchers = ""] of used) {
    if (name.startsWith("traefik_")) continue;
    const labels = metrics.get(name);
    expect(labels, name).toBeDefined();
    for (const [, label] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)) expect(labels, name).toContain(label);
  }
});

const why = prometheusMissing ? ` (${prometheusMissing})` : "";

describe.skipIf(prometheusMissing !== undefined)(`upon a real Prometheus${why}`, () => {
  let harness: Harness;
  let pages: MetricsPage[];
  let prometheus: Prometheus;

  beforeAll(async () => {
    const token = "a token that reads, of thirty-two characters";
    harness = await startHarness({ API_TOKEN: token }, { perform: createInstantEngine().perform });
    pages = [await serveAllMetrics(), await serveTraefik()];
    prometheus = await startPrometheus([
      { job: "runner", url: new URL("/metrics", harness.runner.url).href, token },
      { job: "everything", url: pages[0]!.url },
      { job: "traefik", url: pages[1]!.url },
    ]);
    await harness.deploy("staging", "v1.0.1");
    const isScraped = async () => {
      const counted = await prometheus.query("count_over_time(up[1m])");
      expect(counted.map(({ value }) => Number(value[1]) >= 4)).toEqual([true, true, true]);
      expect(await prometheus.query('dockmaster_runs_total{job="runner"}')).not.toEqual([]);
    };
    await vi.waitFor(isScraped, { timeout: 60_000, interval: 500 });
  });
  afterAll(async () => {
    await prometheus?.stop();
    for (const page of pages ?? []) page.close();
    await harness?.stop();
  });

  test.each(queries)("%s has an answer", async (_, expr) => {
    const series = await prometheus.query(fill(expr));
    // A histogram that nothing was added to has no quantile.
    const told = series.filter(({ value }) => !Number.isNaN(Number(value[1])));
    expect(told, expr).not.toEqual([]);
  });

  test.each(board.templating.list.flatMap(({ name, definition }) => (definition ? [[name, definition] as const] : [])))(
    "the variable %s has values",
    async (_, definition) => {
      const [, metric, label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
      const series = await prometheus.query(`count by (${label}) (${metric})`);
      expect(series.map(({ metric: labels }) => labels[label])).toContainEqual(expect.stringMatching(/./));
    },
  );

  test("the runner itself tells its releases, runs and lead times", async () => {
    const at = (expr: string) => prometheus.query(expr);
    const [release] = await at('dockmaster_release_timestamp_seconds{job="runner"}');
    expect(release?.metric).toMatchObject({ env: "staging", tag: "v1.0.1" });
    const ended = await at('dockmaster_runs_total{job="runner",env="staging",kind="deploy",state="succeeded"}');
    expect(ended.map(({ value }) => value[1])).toEqual(["1"]);
    const lead = await at('dockmaster_lead_time_seconds_count{job="runner",env="staging"}');
    expect(lead.map(({ value }) => value[1])).toEqual(["1"]);
  });

  test("one request in four that fails is a share of a quarter, and the slow ones are seen", async () => {
    const find = (title: string) => fill(queries.find(([name]) => name === title)?.[1] ?? "");
    const [share] = await prometheus.query(find("Share answered with 5xx"));
    expect(Number(share?.value[1])).toBeCloseTo(0.25, 5);
    const [p99] = await prometheus.query(find("Answer time, p99"));
    expect(Number(p99?.value[1])).toBeGreaterThan(1.2);
  });
});
