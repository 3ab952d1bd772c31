import type { EngineSettings } from "../../components/bootstrap/runner/compose.ts";
import { STACK } from "../../components/bootstrap/runner/compose.ts";
import { engineName, engineUsers } from "../../components/bootstrap/runner/engines.ts";
import { ENGINE_SECRETS, OWN_SIGN_IN } from "../../components/bootstrap/runner/secrets.ts";
import type { Problem } from "../../components/compose/problem.ts";
import { servicePath, type VaultLayout } from "../../components/vault/api/paths.ts";
import { problemAt, type RawConfig } from "../config/raw-config.ts";
import { stacksOf } from "../config/stack-file.ts";
import type { BootstrapSettings } from "./settings.ts";

type Runner = BootstrapSettings["runner"];

/** An engine worker that is to be set up. */
export interface EnginePlan {
  /** All that its container depends on and is known now. */
  settings: Omit<EngineSettings, "signIn">;
  /** What its secret in Vault has to hold besides what is minted. */
  names: string[];
  /** Its stack has its secrets in Vault, so it signs in there. */
  signsIn: boolean;
}

/** What the workers have in common. */
export interface EngineBasis {
  layout: VaultLayout;
  runner: Pick<Runner, "memory" | "env" | "engines">;
  /** Plain variables, e.g. where Dokploy and the state are. */
  env: Readonly<Record<string, string>>;
  /** Names of the secrets besides those which every worker has. */
  secrets: readonly string[];
  /** Where the containers reach Vault. */
  vaultAddress: string;
  /** Stacks whose secrets are in Vault. */
  inVault: readonly string[];
}

/** The stacks that the runner deploys: all that have a file in a folder, by a name that it takes, but the one that sets it up. */
export function deployedStacks(folder: string): string[] {
  return stacksOf(folder).filter((stack) => stack !== STACK && /^[a-z][a-z0-9-]{0,62}$/.test(stack));
}

/** One worker for each stack. */
export function planEngines(stacks: readonly string[], basis: EngineBasis): EnginePlan[] {
  const users = engineUsers(stacks);
  return stacks.map((stack) => {
    const name = engineName(stack);
    const own = basis.runner.engines[stack];
    const signsIn = basis.inVault.includes(stack);
    return {
      settings: {
        name,
        stack,
        users: users[stack] ?? "",
        memory: own?.memory ?? basis.runner.memory,
        env: { ...basis.env, ...(signsIn && { VAULT_ADDR: basis.vaultAddress }), ...basis.runner.env, ...own?.env },
        secrets: signsIn ? [...basis.secrets, ...OWN_SIGN_IN] : [...basis.secrets],
        path: servicePath(basis.layout, STACK, name),
      },
      names: [...ENGINE_SECRETS, ...basis.secrets],
      signsIn,
    };
  });
}

/** What is wrong with the stacks, or with what the config says of their workers. */
export function checkEngines(raw: RawConfig, stacks: readonly string[], runner: Runner | undefined): Problem[] {
  const problems: Problem[] = [];
  if (stacks.length === 0) {
    const hint = "write `Pulumi.staging.yaml`: each stack gets an engine worker of its own";
    problems.push({ file: "Pulumi.<stack>.yaml", message: "there is no stack that the runner could deploy", hint });
  }
  for (const stack of Object.keys(runner?.engines ?? {}).filter((name) => !stacks.includes(name))) {
    const hint = `there is ${stacks.join(", ") || "none"}`;
    problems.push(problemAt(raw, "bootstrap:runner", ["engines", stack], "is no stack of this repository", hint));
  }
  return problems;
}
