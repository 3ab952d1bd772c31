import { checkEngine } from "../engine/version-check.ts";
import type { Variables } from "../environment.ts";
import type { Mask } from "../mask.ts";
import { ENGINE_VARIABLES, SECRET_VARIABLES } from "../variables.ts";

/** How long what is asked may take for its answer, and the engine to tell its version, in milliseconds. */
const TIMEOUT = 5_000;
const ENGINE_TIMEOUT = 20_000;

/** How what an engine worker leans on is: null, or what is wrong; and what Dokploy answered since it was asked last, by status. */
export interface EngineState {
  states: Record<string, string | null>;
  dokploy: Record<string, number>;
}

/** What the checks look at. */
export interface EngineChecked {
  variables: Variables;
  /** PATH with the engine's folder. */
  enginePath: string;
  mask: Mask;
}

/** Makes the checks of an engine worker: the engine, and the Dokploy and Vault whose keys it has. */
export function createEngineChecks({ variables, enginePath, mask }: EngineChecked): () => Promise<EngineState> {
  const askEngine = checkEngine(enginePath, ENGINE_TIMEOUT);
  return async () => {
    const dokploy: Record<string, number> = {};
    const probes: [string, () => Promise<void>][] = [
      ["engine", askEngine],
      ["secret_files", async () => probeSecretFiles(variables)],
    ];
    // Without both, the stack's own file says where Dokploy is, and only the engine reads that.
    if (variables.get("DOKPLOY_URL") && variables.get("DOKPLOY_API_KEY")) {
      probes.push(["dokploy", () => probeDokploy(variables, dokploy)]);
    }
    if (variables.get("VAULT_ADDR")) probes.push(["vault", () => probeVault(variables)]);
    const states = await Promise.all(
      probes.map(async ([name, probe]): Promise<[string, string | null]> => {
        const problem = await probe().then(
          () => null,
          (error: unknown) => mask(error instanceof Error ? error.message : String(error)),
        );
        return [name, problem];
      }),
    );
    return { states: Object.fromEntries(states), dokploy };
  };
}

/** Asks for Dokploy's version, which needs a valid key (api reference: settings.getDokployVersion). */
async function probeDokploy(variables: Variables, seen: Record<string, number>): Promise<void> {
  const url = new URL("/api/settings.getDokployVersion", variables.get("DOKPLOY_URL"));
  if (!/^https?:$/.test(url.protocol)) return;
  const headers = { "x-api-key": variables.get("DOKPLOY_API_KEY") ?? "", accept: "application/json" };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT) });
  await answer.body?.cancel();
  seen[answer.status] = (seen[answer.status] ?? 0) + 1;
  if (!answer.ok) throw new Error(`Dokploy answered ${answer.status}`);
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
