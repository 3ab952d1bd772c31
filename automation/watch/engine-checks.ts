import { checkEngine } from "../engine/version-check.ts";
import type { Variables } from "../environment.ts";
import type { Mask } from "../mask.ts";
import type { EngineCheckResult } from "../socket/messages.ts";
import { ENGINE_VARIABLES, SECRET_VARIABLES } from "../variables.ts";

/** How long what is asked may take for its answer, and the engine to tell its version, in milliseconds. */
const TIMEOUT = 5_000;
const ENGINE_TIMEOUT = 20_000;

/** What the checks look at. */
export interface EngineChecked {
  variables: Variables;
  /** PATH with the engine's folder. */
  enginePath: string;
  mask: Mask;
}

/** Makes the checks of an engine worker: the engine, its secrets, and the Dokploy and Vault whose keys it has. */
export function createEngineChecks({
  variables,
  enginePath,
  mask,
}: EngineChecked): (name: string) => Promise<EngineCheckResult> {
  const askEngine = checkEngine(enginePath, ENGINE_TIMEOUT);
  /** What there is to ask; Dokploy answers with a status. */
  const find = (name: string): (() => Promise<unknown>) | undefined => {
    if (name === "engine") return askEngine;
    if (name === "secret_files") return async () => probeSecretFiles(variables);
    // Without both, the stack's own file says where Dokploy is, and only the engine reads that.
    const knowsDokploy = variables.get("DOKPLOY_URL") && variables.get("DOKPLOY_API_KEY");
    if (name === "dokploy" && knowsDokploy) return () => probeDokploy(variables);
    if (name === "vault" && variables.get("VAULT_ADDR")) return () => probeVault(variables);
    return undefined;
  };
  return async (name) => {
    const probe = find(name);
    if (!probe) return { has: false, problem: null, status: null };
    let status: number | null = null;
    try {
      const answer = await probe();
      if (typeof answer === "number") status = answer;
      const problem = status !== null && status >= 300 ? `Dokploy answered ${status}` : null;
      return { has: true, problem, status };
    } catch (error) {
      return { has: true, problem: mask(error instanceof Error ? error.message : String(error)), status };
    }
  };
}

/** Asks for Dokploy's version, which needs a valid key (api reference: settings.getDokployVersion). */
async function probeDokploy(variables: Variables): Promise<number | undefined> {
  const url = new URL("/api/settings.getDokployVersion", variables.get("DOKPLOY_URL"));
  if (!/^https?:$/.test(url.protocol)) return undefined;
  const headers = { "x-api-key": variables.get("DOKPLOY_API_KEY") ?? "", accept: "application/json" };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT) });
  await answer.body?.cancel();
  return answer.status;
}

/** Whether Vault answers and is unsealed; a standby is good enough (https://developer.hashicorp.com/vault/api-docs/system/health). */
async function probeVault(variables: Variables): Promise<void> {
  const url = new URL("/v1/sys/health?standbyok=true&perfstandbyok=true", variables.get("VAULT_ADDR"));
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT) });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`Vault answered ${answer.status}`);
}

/** Whether every secret that an agent keeps in a file can be read. */
function probeSecretFiles(variables: Variables): void {
  for (const name of ENGINE_VARIABLES) if (SECRET_VARIABLES.includes(name)) variables.get(name);
  const unreadable = variables.unreadable();
  if (unreadable.length > 0) throw new Error(`cannot be read any more: ${unreadable.join(", ")}`);
}
