import type { Row } from "./report.ts";

/** What design §12 asks of the runner: the start of a row's name → seconds, a ratio, or MiB. */
const TARGETS: [string, number][] = [
  ["request accepted on ", 0.05],
  ["request accepted until the engine is started", 1],
  ["deploy with nothing to change, end to end", 4],
  ["rollback of four services, end to end", 10],
  ["the same, as a multiple of what Dokploy itself needs", 1.15],
  ["SIGKILL ", 10],
  ["runner at rest", 120],
];

/** The runner's part of the page as Markdown. */
export function renderRunnerReport(rows: Row[]): string {
  const lines = rows.map((row) => {
    const target = TARGETS.find(([start]) => row.what.startsWith(start))?.[1];
    const unit = unitOf(row.what);
    const value = row.what === "runner at rest" ? row.peakMemory : row.seconds;
    return `| ${row.what} | ${print(value, unit)} | ${target === undefined ? "–" : print(target, unit)} | ${row.requests || "–"} |`;
  });
  return [
    "## The runner",
    "",
    "Four services on the emulator, containers ready at once; a signed request over loopback, the real engine, end to end.",
    "",
    "| what | measured | at most | requests to Dokploy |",
    "| --- | --- | --- | --- |",
    ...lines,
    "",
  ].join("\n");
}

function unitOf(what: string): string {
  if (what === "runner at rest") return "MiB";
  return what.startsWith("the same, as a multiple") ? "×" : "s";
}

function print(value: number, unit: string): string {
  if (unit === "s" && value < 1) return `${Math.round(value * 1000)} ms`;
  return `${unit === "MiB" ? value : value.toFixed(unit === "×" ? 2 : 1)} ${unit}`;
}
