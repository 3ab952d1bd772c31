import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { createMetrics } from "../../../../automation/metrics.ts";

interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

const FILE = "docs/guides/alerts/dockmaster.rules.yaml";
const { groups } = parse(readFileSync(FILE, "utf8")) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

/** Names of the runner's own metrics with their labels. */
const metrics = new Map(
  Object.entries(createMetrics())
    .filter(([name]) => name !== "registry")
    .map(([, metric]) => metric as unknown as { name: string; labelNames: string[] })
    .map(({ name, labelNames }) => [name, labelNames]),
);
/** Added by Prometheus to whatever it scrapes. */
const SCRAPED = ["instance", "job"];

const namesIn = (expr: string) => [...expr.matchAll(/\bdockmaster_\w+/g)].map(([name]) => name);
const matchersIn = (expr: string) =>
  [...expr.matchAll(/\b(dockmaster_\w+)\{([^}]*)\}/g)].flatMap(([, metric = "", text = ""]) =>
    [...text.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, label = "", value = ""]) => ({
      metric,
      label,
      value,
    })),
  );

test("there is a rule for everything that people must hear of", () => {
  expect(rules.map(({ alert }) => alert)).toEqual(
    expect.arrayContaining([
      "DockmasterHealthFailing",
      "DockmasterSignatureFailures",
      "DockmasterRunFailed",
      "DockmasterQueueOld",
      "DockmasterSecretProblem",
      "DockmasterAgentProblem",
      "DockmasterDriftOnProduction",
    ]),
  );
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

test.each(rules.map((rule) => [rule.alert, rule] as const))("%s names only what the runner has", (_alert, rule) => {
  const names = namesIn(rule.expr);
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) expect(metrics.has(name), name).toBe(true);
  for (const { metric, label } of matchersIn(rule.expr)) expect(metrics.get(metric), metric).toContain(label);
  const known = [...names.flatMap((name) => metrics.get(name) ?? []), ...SCRAPED];
  for (const [, list = ""] of rule.expr.matchAll(/\bby \(([^)]*)\)/g)) {
    for (const label of list.split(",").map((each) => each.trim())) expect(known).toContain(label);
  }
  const shown = Object.values(rule.annotations).join(" ");
  for (const [, label] of shown.matchAll(/\$labels\.(\w+)/g)) expect(known).toContain(label);
  expect(rule.annotations.summary).toMatch(/\S/);
  expect(rule.annotations.description).toMatch(/\S/);
  expect(["warning", "critical"]).toContain(rule.labels.severity);
});

test("every alert is on the page", () => {
  const page = readFileSync("docs/guides/alerts/index.md", "utf8");
  for (const { alert } of rules) expect(page).toContain(`\`${alert}\``);
});

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

const why = hasPromtool ? "" : " (promtool is not installed; Debian has it in the package prometheus)";

test.skipIf(!hasPromtool && process.env.REQUIRE_PROMTOOL !== "1")(
  `promtool takes the rules, and they fire when they should${why}`,
  () => {
    const promtool = (...words: string[]) => execFileSync("promtool", words, { encoding: "utf8" });
    expect(promtool("check", "rules", FILE)).toContain("SUCCESS");
    expect(promtool("test", "rules", FILE.replace(".yaml", ".test.yaml"))).toContain("SUCCESS");
  },
);
