import { hostname } from "node:os";
import { formatAge } from "../../print/duration.ts";
import type { Checkout } from "../checkout.ts";
import { initStack } from "../engine.ts";
import { broken, type Finding, ok, skipped, warning } from "./finding.ts";

/** Who holds a stack. */
interface Holder {
  user: string;
  host: string;
  pid: number;
  /** Milliseconds since the epoch. */
  since: number;
}

/** Who holds a stack that the backend has, for how long, and whether they are alive. */
export async function examineLocks(checkout: Checkout, stack: string, backend: string): Promise<Finding[]> {
  const name = `${stack}: lock`;
  if (backend.startsWith("https://")) return [skipped(name, "Pulumi Cloud frees what was left by itself")];
  const said = (await initStack(checkout, stack)) ?? "";
  const holders = parseHolders(said);
  if (holders.length > 0) return holders.map((holder) => examineHolder(name, stack, holder, Date.now()));
  if (/already exists/.test(said)) return [ok(name, "free")];
  return [warning(name, "could not be looked at", `dockmaster preview ${stack}`)];
}

/** The holders that the engine names when a stack is locked (pulumi/pulumi, pkg/backend/diy/lock.go). */
export function parseHolders(said: string): Holder[] {
  const named = said.matchAll(/: created by (\S*)@(\S+) \(pid (\d+)\) at (\S+)/g);
  return [...named].map(([, user = "", host = "", pid, at = ""]) => ({
    user,
    host,
    pid: Number(pid),
    since: Date.parse(at),
  }));
}

/** `now` is in milliseconds since the epoch. */
function examineHolder(name: string, stack: string, { user, host, pid, since }: Holder, now: number): Finding {
  const who = `${user} on ${host} (process ${pid}) for ${formatAge(now - since)}`;
  const fix = `npm run pulumi -- cancel --yes ${stack}`;
  if (host !== hostname()) return warning(name, `held by ${who}`, `when nobody updates it there: ${fix}`);
  if (isAlive(pid)) return ok(name, `held by ${who}, which is at work`);
  return broken(name, `held by ${who}, which is dead`, fix);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
