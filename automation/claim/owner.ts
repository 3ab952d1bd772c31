import { readlinkSync } from "node:fs";
import { describeSession } from "../engine/process-group.ts";

/** Host, boot, namespace of process numbers, number and start of a process: no two processes ever share all of them. */
export function nameOwner(pid = process.pid): string {
  const { host, bootId, startTime } = describeSession(pid) ?? { host: "", bootId: "", startTime: 0 };
  return [host, bootId, readlinkSync("/proc/self/ns/pid"), pid, startTime].join(" ");
}

/**
 * Whether an owner of a lease was a process of this machine that runs no more. Of any other (in a container that was made
 * anew, too) that cannot be told: its lease has to run out.
 */
export function isOwnerGone(owner: string): boolean {
  const [, , , pid = ""] = owner.split(" ");
  const here = nameOwner().split(" ").slice(0, 3).join(" ");
  if (!owner.startsWith(`${here} `) || !/^\d+$/.test(pid)) return false;
  return !describeSession(Number(pid)) || nameOwner(Number(pid)) !== owner;
}
