import { join } from "node:path";
import { STACK } from "../../components/bootstrap/runner/compose.ts";
import type { Problem } from "../../components/compose/problem.ts";
import type { ServiceAccess } from "../../components/vault/access/access.ts";
import type { SignInLimits } from "../../components/vault/access/sign-in-limits.ts";
import { approleMount, kvMount, type VaultLayout } from "../../components/vault/api/paths.ts";
import { fromStackFile, readStackFile, stacksOf } from "../config/stack-file.ts";
import { planStack } from "../plan.ts";

/** Stack → service → what it may read in Vault. */
export type StackAccess = Record<string, Record<string, ServiceAccess>>;

/** Long enough for a master key; nothing that is planned here shows it. */
const STAND_IN = "stand-in".repeat(8);

/**
 * Reads from the files of all stacks which services get their secrets from Vault, and what is shared with them. Problems when one of
 * them has mistakes, or has its secrets elsewhere than where this stack makes mounts and roles.
 */
export function readVaultStacks(layout: VaultLayout): {
  access: StackAccess;
  limits: Record<string, SignInLimits>;
  problems: Problem[];
} {
  const access: StackAccess = {};
  const limits: Record<string, SignInLimits> = {};
  const problems: Problem[] = [];
  for (const stack of stacksOf(join(import.meta.dirname, "../.."))) {
    if (stack === STACK) continue;
    const { raw } = fromStackFile(stack, readStackFile(stack) ?? "");
    if (raw?.values["platform:secrets"] !== "vault") continue;
    const file = `Pulumi.${stack}.yaml`;
    const { plan, problems: found } = planStack(stack, raw, STAND_IN);
    problems.push(...found);
    if (!plan) continue;
    const theirs = plan.config.vault?.layout ?? layout;
    if (printLayout(theirs) !== printLayout(layout)) {
      const message = `has its secrets at ${printLayout(theirs)}, this stack makes ${printLayout(layout)}`;
      problems.push({ file, message, hint: "make `dokploy:project` and the mounts the same in both files" });
    }
    const users = plan.services.flatMap(({ name, vault }) =>
      vault ? [[name, { shared: vault.shared }] as const] : [],
    );
    access[stack] = Object.fromEntries(users);
    limits[stack] = plan.config.vault?.limits ?? {};
  }
  return { access, limits, problems };
}

function printLayout(layout: VaultLayout): string {
  return `${kvMount(layout)}/${layout.project} with roles in ${approleMount(layout)}`;
}
