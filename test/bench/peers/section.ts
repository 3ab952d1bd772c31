import { readFileSync, writeFileSync } from "node:fs";

const PAGE = new URL("../../../docs/background/benchmarks.md", import.meta.url);
const TITLE = "## Beside others";

/** One row of what others take. */
export interface PeerRow {
  what: string;
  seconds: number;
  /** Requests that reached Dokploy. */
  requests: number;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The part about others of a page; "" where it has none. */
export function peersOf(page: string): string {
  const at = page.indexOf(TITLE);
  return at < 0 ? "" : page.slice(at);
}

/** The part about others of the page as it is: made by its own script, and kept by whoever writes the rest. */
export function keptPeers(): string {
  return peersOf(readFileSync(PAGE, "utf8"));
}

/** Writes the part about others at the end of the page. */
export function writePeers(rows: readonly PeerRow[]): void {
  const page = readFileSync(PAGE, "utf8");
  const rest = page.slice(0, page.length - peersOf(page).length).trimEnd();
  writeFileSync(PAGE, `${rest}\n\n${renderPeers(rows)}`);
}

/** The part as Markdown. */
export function renderPeers(rows: readonly PeerRow[]): string {
  return [
    TITLE,
    "",
    "Four services where nothing is to be done, on the emulator: medians of nine, each in turn, on one machine, small services and whole",
    "processes but for the runner's rows: those are of the platform's own services, from a signed request to its answer, `git fetch` included",
    "(`node test/bench/peers/opentofu.ts`). OpenTofu compares texts: it asks for no container, and knows nothing of a deployment that failed",
    "or a service that does not run.",
    "",
    "| what | wall time | requests to Dokploy |",
    "| --- | --- | --- |",
    ...rows.map(({ what, seconds, requests }) => `| ${what} | ${seconds.toFixed(2)} s | ${requests} |`),
    "",
  ].join("\n");
}
