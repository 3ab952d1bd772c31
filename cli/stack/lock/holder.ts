import { statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { RUN_KINDS } from "../../../automation/domain/run-kinds.ts";
import { initStack } from "../../../automation/engine/command.ts";
import type { StackPlace } from "../../../automation/state/backend.ts";
import { isLocalLock, lockFolder, parseLocks, readLocks } from "../../../automation/state/locks.ts";
import { formatAge } from "../../print/duration.ts";
import { CliError } from "../../problem.ts";
import { hasRunnerAddress, readRunnerAddress } from "../../runner/address.ts";
import { readRuns } from "../../runner/ask.ts";
import type { Checkout } from "../checkout.ts";
import { laptopEnvironment } from "../run/engine.ts";

/** Whose update is at work on a stack. */
export interface Holder {
  /** `root on runner (process 12)`, `the runner's run r-1, asked for by ann`. */
  who: string;
  /** Milliseconds since the epoch; NaN where nobody says. */
  since: number;
}

/**
 * Who holds a stack, as far as it can be had without asking the engine: by the locks in its folder (`place`), or by the runner that the
 * environment names. What a dead process of this machine left behind holds nothing.
 */
export async function findHolder(stack: string, place: StackPlace | undefined): Promise<Holder | undefined> {
  if (!place) return await findRun(stack);
  const locks = (await readLocks(lockFolder(place))).filter((lock) => !isLocalLock(lock) || isAlive(lock.pid));
  const [lock] = locks;
  if (!lock) return undefined;
  const who =
    lock.host === "" ? "somebody whose lock cannot be read" : name(lock.user ?? "somebody", lock.host, lock.pid);
  return { who, since: lock.since ?? Number.NaN };
}

/** The same by the engine's own words, whatever keeps the state; only for a stack that is there, because it would make another. */
export async function askForHolder(checkout: Checkout, stack: string): Promise<Holder | undefined> {
  const locks = parseLocks((await initStack(stack, checkout.folder, laptopEnvironment())) ?? "");
  const [lock] = locks.filter(({ host, pid }) => host !== hostname() || isAlive(pid));
  return lock && { who: name(lock.user, lock.host, lock.pid), since: lock.since };
}

/** The runner's update of a stack; undefined also when no runner can be asked. */
async function findRun(stack: string): Promise<Holder | undefined> {
  if (!hasRunnerAddress()) return undefined;
  try {
    const { runs } = await readRuns(readRunnerAddress(), { env: stack, state: "running", limit: 10 });
    const run = runs.find(({ kind }) => RUN_KINDS[kind].changesStack);
    if (!run) return undefined;
    const since = Date.parse(run.started_at ?? run.created_at);
    return { who: `the runner's run ${run.id}, asked for by ${run.triggered_by}`, since };
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

/** Whether a process of this machine is there; the runner's own look at /proc is for Linux alone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function name(user: string, host: string, pid: number): string {
  return `${user} on ${host} (process ${pid})`;
}

/** One line for people. `now` is in milliseconds since the epoch. */
export function wordHolder(stack: string, { who, since }: Holder, now = Date.now()): string {
  const at = Number.isNaN(since) ? "" : `, since ${new Date(since).toISOString()} (${formatAge(now - since)})`;
  return `${stack} is being updated: held by ${who}${at}`;
}

/** Nobody can tell what a hand changed while an update is at work. */
export function heldError(stack: string, holder: Holder): CliError {
  return new CliError(
    "stack_locked",
    wordHolder(stack, holder),
    "What differs now may be that update's own doing: wait until it has ended and look again",
  );
}

/** What changes with every write to a stack's state; undefined where the state is in no folder. */
export function stateMark(place: StackPlace | undefined): string | undefined {
  if (!place) return undefined;
  const file = join(place.folder, ".pulumi", "stacks", place.project, `${place.stack}.json`);
  const states = [file, `${file}.gz`].map((path) => statSync(path, { throwIfNoEntry: false }));
  return states.map((stat) => (stat ? `${stat.mtimeMs}/${stat.size}/${stat.ino}` : "")).join(" ");
}
