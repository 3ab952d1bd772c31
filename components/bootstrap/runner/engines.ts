import { createHash } from "node:crypto";
import type { AgentName } from "../../vault/agent/agent-request.ts";

/** What belongs to a stack's engine worker is called after it, e.g. `staging` → `engine-staging`. Part of host names and of paths. */
export function engineName(stack: string): string {
  // A host name has 63 characters at most, and the agent's has 38 besides.
  return `engine-${stack.length > 25 ? `${stack.slice(0, 18)}-${digest(stack).slice(0, 6)}` : stack}`;
}

/** The agent that brings a worker its secrets; it signs in at Vault as another than the door's. */
export function engineAgent(engine: string): AgentName {
  const prefix = engine.toUpperCase().replaceAll("-", "_");
  return {
    name: `vault-agent${engine.slice("engine".length)}`,
    env: { roleId: `${prefix}_ROLE_ID`, secretId: `${prefix}_SECRET_ID` },
  };
}

/** Users for each worker: one that owns what it keeps, and seven for runs. */
const USERS = 8;
/** The first of all, above those of people, and how many workers may have some, below those that the system gives out. */
const FIRST_USER = 20_000;
const RANGES = 4_000;

/**
 * Stack → its worker's users, e.g. `20000-20007`. By the stack's name, so that another stack moves nobody's: files belong to them. Two
 * that meet share nothing: the later one takes the next free range.
 */
export function engineUsers(stacks: readonly string[]): Record<string, string> {
  const taken = new Set<number>();
  const ranges = [...stacks].sort().map((stack) => {
    let range = Number.parseInt(digest(stack).slice(0, 8), 16) % RANGES;
    while (taken.has(range)) range = (range + 1) % RANGES;
    taken.add(range);
    const first = FIRST_USER + range * USERS;
    return [stack, `${first}-${first + USERS - 1}`];
  });
  return Object.fromEntries(ranges);
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
