import type { Row } from "./report.ts";

/** Its row holds MiB, not seconds. */
const AT_REST = "runner at rest, both processes";

/** What design §12 asks of the runner: the start of a row's name → seconds, a ratio, or MiB. */
const TARGETS: [string, number][] = [
  ["request accepted on ", 0.05],
  ["request accepted until the engine is started", 1],
  ["deploy with nothing to change, by an engine", 4],
  ["deploy with nothing to change, by a look", 0.15],
  ["rollback of four services, end to end", 10],
  ["the same, as a multiple of what Dokploy itself needs", 1.15],
  ["SIGKILL ", 10],
  [AT_REST, 120],
];

/** The runner's part of the page as Markdown. */
export function renderRunnerReport(rows: Row[]): string {
  const lines = rows.map((row) => {
    const target = TARGETS.find(([start]) => row.what.startsWith(start))?.[1];
    const unit = unitOf(row.what);
    const value = row.what === AT_REST ? row.peakMemory : row.seconds;
    return `| ${row.what} | ${print(value, unit)} | ${target === undefined ? "–" : print(target, unit)} | ${row.requests || "–"} |`;
  });
  return [
    "## The runner",
    "",
    "Four services on the emulator, containers ready at once; a signed request over loopback, the real engine, end to end.",
    "A request is accepted when it is on disk, so the row of the disk is the least that the one above it can be.",
    "",
    "| what | measured | at most | requests to Dokploy |",
    "| --- | --- | --- | --- |",
    ...lines,
    "",
    WHY,
    "",
  ].join("\n");
}

const WHY = `A deploy with nothing to change by an engine is mostly starting up, one thing after the other: the process around it, the engine and the key of its
state (a million rounds of PBKDF2), a provider that reads Dokploy, the program, a second provider for the update. Measured apart
from this run, in November 2026 on two shared cores without instructions for SHA-256: 0.3, 1.1 to 1.8, 0.8, 0.9 and 0.5 s. There
the same deploy took 3.3 to 4.7 s within two hours, four services 1.11 to 1.17 times what Dokploy needs, and recovery 8.7 to 10.3 s.

In the row that compares with Dokploy's own time each deployment stops and pulls for 5 s, and then its containers get healthy at
the pace of their compose files. Containers that are healthy the moment they start are watched until they have run for 3 s, so
that one that dies right after is no success; those that needed as long to get healthy are not watched again.`;

function unitOf(what: string): string {
  if (what === AT_REST) return "MiB";
  return what.startsWith("the same, as a multiple") ? "×" : "s";
}

function print(value: number, unit: string): string {
  if (unit === "s" && value < 1) return `${Math.round(value * 1000)} ms`;
  return `${unit === "MiB" ? value : value.toFixed(unit === "×" ? 2 : 1)} ${unit}`;
}
