import type { Mirror } from "../git/mirror.ts";
import { readStackConfig } from "../git/stack-config.ts";
import type { Log } from "../log.ts";
import type { Mask } from "../mask.ts";

/** What the modes are read from. */
export interface DriftModesFrom {
  mirror: Pick<Mirror, "branchHead" | "readText">;
  config: {
    /** The branch that releases are cut from. */
    gitBranch: string;
  };
  log: Pick<Log, "warn">;
  mask: Mask;
}

/** Which of these services of a stack are brought back when they were changed. */
export type ReadHealed = (stack: string, services: readonly string[]) => Promise<ReadonlySet<string>>;

/**
 * Reads `platform:drift` of stacks as the main branch has it now, whatever release they run. What cannot be read, or is wrong, heals
 * nothing.
 */
export function createDriftModes({ mirror, config, log, mask }: DriftModesFrom): ReadHealed {
  const told = new Set<string>();
  return async (stack, services) => {
    const head = await mirror.branchHead(config.gitBranch);
    const text = head && (await mirror.readText(head, `Pulumi.${stack}.yaml`));
    if (!text) return new Set();
    // Not loaded before somebody changed something.
    const { readDriftPolicy } = await import("../../components/dokploy/rules/drift-policy.ts");
    try {
      const settings = readStackConfig(text);
      return new Set(services.filter((service) => readDriftPolicy(settings, service).mode === "heal"));
    } catch (error) {
      const reason = mask(error instanceof Error ? error.message : String(error));
      const key = `${head} ${stack} ${reason}`;
      if (!told.has(key)) log.warn({ event: "drift.unreadable", stack, commit: head, reason });
      told.clear();
      told.add(key);
      return new Set();
    }
  };
}
