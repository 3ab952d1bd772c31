import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isLocalLock, lockFolder, readLocks, type StackLock } from "../../../engine/locks.ts";
import { formatAge } from "../../print/duration.ts";
import { CliError } from "../../problem.ts";
import type { Checkout } from "../checkout.ts";
import { laptopEnvironment } from "../engine.ts";
import { readProject } from "../project.ts";
import { runProgram } from "../run-program.ts";
import { readState } from "../state.ts";
import { broken, type Finding, ok, skipped, warning } from "./finding.ts";

/** The state backend and each stack in it: shared, readable with this passphrase, free, whole. */
export async function examineState(checkout: Checkout, stacks: string[]): Promise<Finding[]> {
  const backend = await findBackend(checkout.folder);
  if (backend === undefined) return [broken("state backend", "none", "pulumi login s3://… (see README)")];
  const each = await Promise.all(stacks.map((stack) => examineStack(checkout, stack, backend)));
  return [examineBackend(backend), examinePassphrase(backend, process.env), ...each.flat()];
}

async function findBackend(cwd: string): Promise<string | undefined> {
  const words = ["whoami", "--json", "--non-interactive"];
  const { code, stdout } = await runProgram("pulumi", words, { cwd, env: laptopEnvironment() });
  return code === 0 ? /"url":\s*"([^"]*)"/.exec(stdout)?.[1] : undefined;
}

export function examineBackend(url: string): Finding {
  if (!url.startsWith("file://")) return ok("state backend", `${withoutPassword(url)}: shared`);
  const fix = "pulumi login s3://… (a backend that laptops and the runner share)";
  return broken("state backend", `${url}: only this machine sees it`, fix);
}

function withoutPassword(url: string): string {
  return url.replace(/:\/\/[^\s/@]*@/, "://");
}

export function examinePassphrase(backend: string, env: NodeJS.ProcessEnv): Finding {
  const name = "passphrase";
  if (env.PULUMI_CONFIG_PASSPHRASE || env.PULUMI_CONFIG_PASSPHRASE_FILE) return ok(name, "set");
  if (backend.includes("pulumi.com")) return skipped(name, "not used: Pulumi Cloud keeps the key");
  return broken(name, "PULUMI_CONFIG_PASSPHRASE is not set", "export PULUMI_CONFIG_PASSPHRASE=…");
}

async function examineStack(checkout: Checkout, stack: string, backend: string): Promise<Finding[]> {
  const name = `${stack}: state`;
  const locks = await examineLocks(checkout, stack, backend);
  try {
    const { resources, pendingOperations } = await readState(checkout, stack, { reveal: true });
    if (pendingOperations === 0) return [ok(name, `${resources.length} resources, the passphrase fits`), ...locks];
    const steps = pendingOperations === 1 ? "1 step was" : `${pendingOperations} steps were`;
    return [
      broken(name, `${steps} cut off in the middle`, `dockmaster refresh ${stack} --clear-pending-creates`),
      ...locks,
    ];
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error.code === "stack_unknown") return [warning(name, "not made yet", `dockmaster up ${stack} --create`)];
    return [broken(name, error.message, error.hint), ...locks];
  }
}

async function examineLocks(checkout: Checkout, stack: string, backend: string): Promise<Finding[]> {
  const name = `${stack}: lock`;
  const folder = lockFolder(backend, readProject(checkout), stack);
  if (folder === undefined) return [skipped(name, "can be looked at only in file:// backends")];
  const locks = await readLocks(folder);
  if (locks.length === 0) return [ok(name, "free")];
  return await Promise.all(locks.map((lock) => examineLock(name, stack, lock, folder)));
}

async function examineLock(name: string, stack: string, lock: StackLock, folder: string): Promise<Finding> {
  const { mtimeMs } = await stat(join(folder, `${lock.id}.json`)).catch(() => ({ mtimeMs: Date.now() }));
  const age = formatAge(Date.now() - mtimeMs);
  const who = `process ${lock.pid} on ${lock.host}, ${age} old`;
  const fix = `npm run pulumi -- cancel --yes ${stack}`;
  if (!isLocalLock(lock)) return warning(name, `held by ${who}`, `when nobody updates it there: ${fix}`);
  return isAlive(lock.pid)
    ? ok(name, `held by ${who}, which is at work`)
    : broken(name, `left by ${who}, which is dead`, fix);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
