import type { Context } from "../context.ts";
import type { Path } from "../problem.ts";
import { findRights, type Right, toPath } from "./find-rights.ts";

/** A right that a file allows a part of itself: `x-dockmaster: {allow: [privileged], why: …}`. */
export interface AllowedRight {
  /** The part, with all below it; the whole file has none. */
  path: Path;
  name: string;
  why: string;
  /** Where the name stands. */
  at: Path;
}

/**
 * Refuses every right that the file does not allow by its name and with a reason, notes those that it does, and refuses names of what
 * nothing takes: they would allow what somebody adds later.
 */
export function checkRights(allowed: readonly AllowedRight[], context: Context): void {
  const used = new Set<AllowedRight>();
  for (const right of findRights(context.seen, context)) {
    const by = allowed.filter((entry) => covers(entry, right));
    for (const entry of by) used.add(entry);
    const [name] = right.names;
    const [entry] = by;
    if (entry) {
      const hint = "whoever writes this file reaches beyond the container: the review says whether that is right";
      context.note("allowed", right.path, `allows ${quote(name)}: ${plain(entry.why)}`, hint);
    } else {
      const words = `x-dockmaster: {allow: [${/^[\w./:=~@-]+$/.test(name) ? name : JSON.stringify(name)}], why: …}`;
      const where = right.path[0] === "volumes" ? "volume" : right.path[0] === "services" ? "container" : "file";
      const hint = `${right.instead}; where it has to be, write \`${words}\` in the ${where}, so that a review sees it`;
      context.report(right.path, right.message, hint);
    }
  }
  for (const entry of allowed) {
    if (used.has(entry)) continue;
    context.report(entry.at, `nothing here takes ${quote(entry.name)}`, "take it out: it would allow what comes later");
  }
}

function covers({ path, name }: AllowedRight, right: Right): boolean {
  const isBelow = path.every((step, index) => String(step) === String(right.path[index]));
  return isBelow && right.names.some((each) => toName(each) === toName(name));
}

/** Paths as Docker goes them; capabilities with their prefix or without, options with either sign. */
function toName(text: string): string {
  return /^[/~.]/.test(text) ? toPath(text) : text.toLowerCase().replace(/^cap_/, "").replace("=", ":");
}

function quote(name: string): string {
  return `\`${plain(name)}\``;
}

/** Text of a file in one line, without what terminals act on. */
function plain(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean;
}
