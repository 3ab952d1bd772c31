import { execFileSync } from "node:child_process";
import { pbkdf2Sync } from "node:crypto";
import { cpus, totalmem } from "node:os";
import { engineEnvironment } from "../../tools/engine-path.mjs";
import type { Measured } from "./platform.ts";

/** One measurement. */
export interface Row extends Measured {
  services: number;
  what: string;
  /** Seconds that as many resources take whose provider does nothing. */
  nothing?: number | undefined;
}

/** What design §12 asks for, in seconds. */
const TARGETS: Record<string, Record<number, number>> = {
  "first update": { 100: 10, 400: 35 },
  "update that changes one service, with refresh": { 400: 8 },
  "drift check": { 400: 3 },
};

/** The page up to the runner's part, as Markdown; `yardsticks` were measured in between. */
export function renderReport(rows: Row[], yardsticks: number[]): string {
  const engine = execFileSync("pulumi", ["version"], { env: engineEnvironment(), encoding: "utf8" }).trim();
  const memory = Math.round(totalmem() / 1024 ** 3);
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${memory} GiB, Node ${process.versions.node}, Pulumi ${engine}`;
  return [
    "# Benchmarks",
    "",
    `Made by \`npm run bench\` on ${machine}.`,
    "Everything is real but Dokploy, which is the emulator with containers that are ready at once. Wall time is that of the",
    "whole `pulumi` process; memory is the highest sum of the engine and all that it starts; requests are those that reached",
    "Dokploy. Beside it stands what as many resources take whose provider does nothing: the engine, Node and the state.",
    `How quick the machine was (others may share it): a million rounds of PBKDF2 took ${range(yardsticks)} s.`,
    "",
    table(rows),
    "",
    growth(rows),
  ].join("\n");
}

/** Seconds for work that depends on nothing but the processor: a million rounds of PBKDF2, which the engine does once per update. */
export function measureYardstick(): number {
  const since = performance.now();
  pbkdf2Sync("a", "b", 1e6, 32, "sha256");
  return (performance.now() - since) / 1000;
}

function range(seconds: number[]): string {
  const [low, high] = [Math.min(...seconds), Math.max(...seconds)].map((value) => value.toFixed(1));
  return low === high ? `${low}` : `${low} to ${high}`;
}

function table(rows: Row[]): string {
  const head = ["services", "what", "wall time", "at most", "doing nothing", "requests per service", "peak memory"];
  const lines = rows.map((row) => {
    const target = TARGETS[row.what]?.[row.services];
    return [
      row.services,
      row.what,
      `${row.seconds.toFixed(1)} s`,
      target === undefined ? "–" : `${target} s`,
      row.nothing === undefined ? "–" : `${row.nothing.toFixed(1)} s`,
      (row.requests / row.services).toFixed(2),
      `${row.peakMemory} MiB`,
    ];
  });
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** How wall time grows from the second to the last size, as a power of the number of services. */
function growth(rows: Row[]): string {
  const whats = [...new Set(rows.map((row) => row.what))];
  const lines = whats.flatMap((what) => {
    const [from, to] = [rows.filter((row) => row.what === what).at(1), rows.filter((row) => row.what === what).at(-1)];
    if (!from || !to || from === to) return [];
    const power = Math.log(to.seconds / from.seconds) / Math.log(to.services / from.services);
    return [`| ${what} | ${from.services} → ${to.services} | n^${power.toFixed(2)} |`];
  });
  if (lines.length === 0) return "";
  return ["## Growth", "", "| what | services | grows with |", "| --- | --- | --- |", ...lines, "", WHY].join("\n");
}

const WHY = `Above n^1 is the engine's own snapshot: it writes the whole state after every step, so an update grows with the square of what
it changes. The runner's updates, and those of \`dockmaster\`, [write it once, at their end](decisions/0010-state-is-written-once.md), and what a
killed one did is found again. The row "the whole state after every step" is what plain \`pulumi\` does, and a stack whose secrets are in Vault.

What a provider that does nothing needs for as many resources of one number each is the floor: an engine that starts (a quarter of
a second), the key of its state (the rounds of PBKDF2 above), a Node process for provider and program (a second each), and for
every resource a few calls between them. A row whose floor is above what it may take cannot be kept on such a machine by any
program for Pulumi on Node. Above the floor are two requests for every service, and a state that says what each one is.
`;
