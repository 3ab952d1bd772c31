import { hostname } from "node:os";
import { initStack } from "../../../automation/engine/command.ts";
import { type NamedLock, parseLocks } from "../../../automation/state/locks.ts";
import { formatAge } from "../../print/duration.ts";
import type { Checkout } from "../checkout.ts";
import { isAlive } from "../lock/holder.ts";
import { laptopEnvironment } from "../run/engine.ts";
import { broken, type Finding, ok, skipped, warning } from "./finding.ts";

/** Who holds a stack that the backend has, for how long, and whether they are alive. */
export async function examineLocks(checkout: Checkout, stack: string, backend: string): Promise<Finding[]> {
  const name = `${stack}: lock`;
  if (backend.startsWith("https://")) return [skipped(name, "Pulumi Cloud frees what was left by itself")];
  const said = (await initStack(stack, checkout.folder, laptopEnvironment())) ?? "";
  const holders = parseLocks(said);
  if (holders.length > 0) return holders.map((holder) => examineHolder(name, stack, holder, Date.now()));
  if (/already exists/.test(said)) return [ok(name, "free")];
  return [warning(name, "could not be looked at", `dockmaster preview ${stack}`)];
}

/** Whether what was found of a lock is that somebody has it. */
export function isHeld({ found }: Finding): boolean {
  return found.startsWith("held by ");
}

/** `now` is in milliseconds since the epoch. */
export function examineHolder(
  name: string,
  stack: string,
  { user, host, pid, since }: NamedLock,
  now: number,
): Finding {
  const who = `${user} on ${host} (process ${pid}) for ${formatAge(now - since)}`;
  const fix = `npm run pulumi -- cancel --yes ${stack}`;
  if (host !== hostname()) return warning(name, `held by ${who}`, `when nobody updates it there: ${fix}`);
  if (isAlive(pid)) return ok(name, `held by ${who}, which is at work`);
  return broken(name, `held by ${who}, which is dead`, fix);
}
