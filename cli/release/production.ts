import { UPDATES } from "../../automation/domain/run-kinds.ts";
import { wrongUse } from "../problem.ts";
import { hasRunnerAddress, readRunnerAddress } from "../runner/address.ts";
import { readRuns, readUpdates } from "../runner/ask.ts";

/** How many pages of the history are looked through, 200 runs each. */
const PAGES = 10;

/** Throws CliError (exit code 2) unless a runner is named: only it knows what ran where. */
export function requireRunner(): void {
  if (hasRunnerAddress()) return;
  throw wrongUse(
    "DOCKMASTER_URL is not set: only the runner knows what production has and what succeeded on staging",
    "Set DOCKMASTER_URL and WEBHOOK_SECRET",
  );
}

/** The release that production has; null when it has none. Throws CliError. */
export async function readProduction(): Promise<{ tag: string | null; commit: string } | null> {
  const [run] = await readUpdates(readRunnerAddress(), { env: "production", state: "succeeded", limit: 1 });
  return run ? { tag: run.tag, commit: run.commit } : null;
}

/** Whether the commit succeeded on staging. Throws CliError. */
export async function succeededOnStaging(commit: string): Promise<boolean> {
  const found = await Promise.all(UPDATES.map((kind) => hasSucceeded("staging", commit, kind)));
  return found.includes(true);
}

async function hasSucceeded(env: string, commit: string, kind: string): Promise<boolean> {
  const runner = readRunnerAddress();
  let before: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    const query = { env, state: "succeeded", kind, limit: 200 };
    const { runs, next } = await readRuns(runner, { ...query, ...(before === undefined ? {} : { before }) });
    if (runs.some((run) => run.commit === commit)) return true;
    if (next === null) return false;
    before = next;
  }
  return false;
}
