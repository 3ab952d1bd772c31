import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { engineEnvironment } from "../../tools/engine-path.mjs";
import type { HostileResult } from "./hostile.ts";
import type { KillResult } from "./kills.ts";
import type { LoadResult } from "./load.ts";
import type { FuzzResult } from "./schemathesis/run.ts";

const row = (...cells: (string | number)[]) => `| ${cells.join(" | ")} |`;
const ms = (value: number) => `${value.toFixed(0)} ms`;

/** What was found; what was not asked for is not there. */
export interface Findings {
  loads: readonly { store: string; load: LoadResult }[];
  hostile: HostileResult | undefined;
  api: FuzzResult | undefined;
  kills: readonly KillResult[];
}

/** The whole page as Markdown. */
export function renderStress({ loads, hostile, api, kills }: Findings): string {
  const engine = execFileSync("pulumi", ["version"], { env: engineEnvironment(), encoding: "utf8" }).trim();
  const memory = Math.round(totalmem() / 1024 ** 3);
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${memory} GiB, Node ${process.versions.node}, Pulumi ${engine}`;
  return [
    "# Load and kill tests",
    "",
    `Made by \`npm run stress\` on ${machine}.`,
    "",
    ...loads.flatMap(({ store, load }) => loadSection(store, load)),
    ...(hostile ? hostileSection(hostile) : []),
    ...(api ? apiSection(api) : []),
    ...(kills.length > 0 ? killSection(kills) : []),
  ].join("\n");
}

function loadSection(store: string, load: LoadResult): string[] {
  const { seconds, perSecond, kinds, accepted, runs, updates, violations } = load;
  return [
    `## ${perSecond} requests a second for ${seconds} s, runs on ${store}`,
    "",
    "Sent over loopback while the runner updates the stack with the real engine: a new release every three seconds. Every answer is",
    "checked, and afterwards every accepted request has to be in the record, no two updates of the stack may overlap, and the",
    "last release has to be what is deployed.",
    "",
    row("request", "sent", "answers", "p50", "p99"),
    row("---", "---", "---", "---", "---"),
    ...kinds.map(({ name, sent, statuses, p50, p99 }) =>
      row(
        name,
        sent,
        Object.entries(statuses)
          .map(([status, count]) => `${count} × ${status}`)
          .join(", "),
        ms(p50),
        ms(p99),
      ),
    ),
    "",
    `On disk before the answer: p50 ${ms(accepted.p50)}, p99 ${ms(accepted.p99)}. ${runs} runs on record, ${updates} updates carried out.`,
    `Violations: ${list(violations)}.`,
    "",
  ];
}

function hostileSection({ seconds, connections, deploys, memory, longestBlock, violations }: HostileResult): string[] {
  return [
    `## ${connections} hostile connections at once for ${seconds} s`,
    "",
    "Beside a running update with the real engine, from the same address as what is signed: bodies in chunks of one byte, slow headers and",
    "bodies, huge headers, wrong signatures over small and large bodies, deliveries of 25 MiB that nobody signed, more streams than a reader",
    "may have, pipelining, what is no HTTP. Each connection is opened again when it ends. A signed deploy comes every half second.",
    "",
    row("measured", "", "at most"),
    row("---", "---", "---"),
    row("a signed deploy is accepted, p50", ms(deploys.p50), ""),
    row(`the slowest of ${deploys.sent}`, ms(deploys.longest), "2000 ms"),
    row("the event loop stood still", ms(longestBlock), "a lease: 8000 ms"),
    row("the runner's resident memory, highest", `${memory.peak} MiB (${memory.before} before)`, "250 MiB"),
    "",
    `Violations: ${list(violations)}.`,
    "",
  ];
}

function apiSection({ operations, cases, seconds, violations }: FuzzResult): string[] {
  return [
    "## Every operation, tried by Schemathesis",
    "",
    "All its checks upon the runner's own OpenAPI document, with signatures that are right: no answer of the 500s, no status, body or header that",
    "the document does not tell, nothing let in that the schema refuses or refused that it lets in, no way past the signature.",
    "",
    `${cases} cases of ${operations} operations in ${seconds.toFixed(0)} s. Violations: ${list(violations)}.`,
    "",
  ];
}

const list = (violations: readonly string[]) => (violations.length === 0 ? "none" : violations.join("; "));

function killSection(kills: readonly KillResult[]): string[] {
  return [
    "## SIGKILL at every point of a run's way",
    "",
    "Each point is hit exactly: the runner kills itself there, or is killed while a service is being deployed. It is started again, and",
    "every second time a newer release is asked for first. Afterwards the newest release is live in every service, no two engines",
    "wrote at once, no accepted request is lost, no lock and no process is left. The time is from the kill until all that is so, the start of the",
    "runner, the repair of the state and the updates included.",
    "",
    row("killed", "where", "attempts", "well again after", "violations"),
    row("---", "---", "---", "---", "---"),
    ...kills.map(({ point, attempts, seconds, violations }) =>
      row(
        point.victim === "both" ? "runner and engine" : point.victim === "engine" ? "the engine's session" : "runner",
        point.name,
        attempts,
        `${seconds.toFixed(1)} s`,
        list(violations),
      ),
    ),
    "",
  ];
}
