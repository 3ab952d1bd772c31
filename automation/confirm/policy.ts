import { type PromotionPolicy, readPromotionPolicy } from "../../components/look/promotion-policy.ts";
import type { Mirror } from "../git/mirror.ts";
import { readStackConfig } from "../git/stack-config.ts";
import type { Log } from "../log.ts";
import type { Mask } from "../mask.ts";

/** What policies are read from. */
export interface PolicyFrom {
  mirror: Pick<Mirror, "branchHead" | "readText">;
  config: {
    /** The branch that releases are cut from. */
    gitBranch: string;
  };
  log: Pick<Log, "warn">;
  mask: Mask;
}

/** What a stack's file says, on the main branch, of what follows an update. */
export interface AfterRelease extends PromotionPolicy {
  /** What is wrong with it: then nobody watches, and people are told. */
  wrong?: string;
  /** Services that say that going back does no harm to their data. */
  safe: ReadonlySet<string>;
}

/** Reads it; undefined while it cannot be told. */
export type ReadPolicy = (stack: string) => Promise<AfterRelease | undefined>;

/** Reads policies as the main branch has them, whatever release a stack runs. A file is read once for each head. */
export function createPolicies({ mirror, config, log, mask }: PolicyFrom): ReadPolicy {
  const known = new Map<string, { head: string; policy: AfterRelease | undefined }>();
  return async (stack) => {
    const head = await mirror.branchHead(config.gitBranch);
    if (head === undefined) return undefined;
    const before = known.get(stack);
    if (before?.head === head) return before.policy;
    const text = await mirror.readText(head, `Pulumi.${stack}.yaml`);
    let policy: AfterRelease | undefined;
    try {
      policy = text === undefined ? undefined : toPolicy(readStackConfig(text), stack);
    } catch (error) {
      log.warn({ event: "promotion.unreadable", stack, commit: head, reason: mask(String(error)) });
    }
    known.set(stack, { head, policy });
    return policy;
  };
}

/** Pure. */
export function toPolicy(settings: Readonly<Record<string, unknown>>, stack: string): AfterRelease {
  const { policy, issues } = readPromotionPolicy(settings, stack);
  const safe = safeServices(settings);
  if (policy) return { ...policy, safe };
  const wrong = issues.map(({ key, message }) => `\`${key}\`: ${message}`).join("; ");
  return { watchMs: 0, onTrouble: "notify", wrong, safe };
}

function safeServices(settings: Readonly<Record<string, unknown>>): Set<string> {
  const says = (value: unknown) => (value as { rollback?: unknown } | null)?.rollback === "safe";
  const own = Object.entries(settings).filter(([key, value]) => key.startsWith("platform:") && says(value));
  return new Set(own.map(([key]) => key.slice("platform:".length)));
}
