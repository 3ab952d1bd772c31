import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../../../automation/engine/session.ts";
import { hasJournal } from "../../../automation/journal/paths.ts";
import { backendFolder, placeOf, type StackPlace } from "../../../automation/state/backend.ts";
import { isLocalLock, lockFolder, readLocks } from "../../../automation/state/locks.ts";
import { CliError } from "../../problem.ts";
import type { Checkout } from "../checkout.ts";

// Every command of the engine comes by here, and most have no folder for their state or nothing left in it: what reads a project
// or a journal is loaded only where there is one.

/** Where the state backend of this shell keeps a stack; undefined when that is no folder. */
export async function findPlace(
  checkout: Checkout,
  stack: string,
  env: NodeJS.ProcessEnv,
): Promise<StackPlace | undefined> {
  const backend = env.PULUMI_BACKEND_URL ?? readLogin(env);
  if (backend === undefined || backendFolder(backend) === undefined) return undefined;
  const { readProject } = await import("../project.ts");
  return placeOf(backend, readProject(checkout), stack);
}

/** The backend that `pulumi login` noted. */
function readLogin(env: NodeJS.ProcessEnv): string | undefined {
  const folder = env.PULUMI_CREDENTIALS_PATH ?? env.PULUMI_HOME ?? join(homedir(), ".pulumi");
  try {
    return (JSON.parse(readFileSync(join(folder, "credentials.json"), "utf8")) as { current?: string }).current;
  } catch {
    return undefined;
  }
}

/** Whether a runner's update of the stack was cut off, and its state does not tell yet what that one did. One at work is none. */
export async function hasLeftover(checkout: Checkout, stack: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const place = await findPlace(checkout, stack, env);
  if (!place || !hasJournal(place)) return false;
  const locks = await readLocks(lockFolder(place));
  return !locks.some((lock) => !isLocalLock(lock) || isAlive(lock.pid));
}

/**
 * Brings into the state what a runner's update did that was cut off, unless somebody holds the stack. Throws CliError
 * `journal_conflict` when that state was changed meanwhile.
 */
export async function recordLeftover(checkout: Checkout, stack: string, env: NodeJS.ProcessEnv): Promise<void> {
  const place = await findPlace(checkout, stack, env);
  if (!place || !hasJournal(place)) return;
  const [{ settleLeftover }, { JournalConflict }] = await Promise.all([
    import("../../../automation/journal/leftover.ts"),
    import("../../../automation/journal/settle.ts"),
  ]);
  try {
    await settleLeftover(place);
  } catch (error) {
    if (!(error instanceof JournalConflict)) throw error;
    throw new CliError("journal_conflict", `${stack}: ${error.message}`, error.hint);
  }
}
