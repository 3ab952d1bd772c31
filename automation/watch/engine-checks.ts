import { allowedHosts, explainInsecure, findInsecure } from "../../tools/outgoing/insecure.mjs";
import { Redirected, request } from "../../tools/outgoing/request.mjs";
import { checkEngine } from "../engine/version-check.ts";
import type { Variables } from "../environment.ts";
import type { Mask } from "../mask.ts";
import type { EngineCheckResult } from "../socket/messages.ts";
import { ENGINE_VARIABLES, SECRET_VARIABLES, type VariableName } from "../variables.ts";

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

/** The status of a GET. An answer that is none, is sent in clear, or sends on to somewhere else, throws what to do. */
async function statusOf(
  variables: Variables,
  setting: VariableName,
  url: string,
  headers: Record<string, string> = {},
): Promise<number> {
  const insecure = findInsecure(url, allowedHosts({ ALLOW_INSECURE: variables.get("ALLOW_INSECURE") }));
  if (insecure !== undefined) throw new Error(`${setting} ${explainInsecure(insecure).message}`);
  try {
    return (await request(url, { headers, timeoutMs: TIMEOUT, statusOnly: true })).status;
  } catch (error) {
    if (error instanceof Redirected) throw new Error(`${setting} ${error.message}: ${error.hint(setting)}`);
    throw error;
  }
}

/** An address that may be below a path, as the program's clients take it. */
function below(address: string, end: RegExp, path: string): string {
  return `${address.trim().replace(/\/+$/, "").replace(end, "")}${path}`;
}

/** Asks for Dokploy's version, which needs a valid key (api reference: settings.getDokployVersion). */
async function probeDokploy(variables: Variables): Promise<number | undefined> {
  const url = below(variables.get("DOKPLOY_URL") ?? "", /\/api$/, "/api/settings.getDokployVersion");
  if (!/^https?:/i.test(url)) return undefined;
  const headers = { "x-api-key": variables.get("DOKPLOY_API_KEY") ?? "", accept: "application/json" };
  return await statusOf(variables, "DOKPLOY_URL", url, headers);
}

/** Whether Vault answers and is unsealed; a standby is good enough (https://developer.hashicorp.com/vault/api-docs/system/health). */
async function probeVault(variables: Variables): Promise<void> {
  const path = "/v1/sys/health?standbyok=true&perfstandbyok=true";
  const status = await statusOf(variables, "VAULT_ADDR", below(variables.get("VAULT_ADDR") ?? "", /\/v1$/, path));
  if (status < 200 || status > 299) throw new Error(`Vault answered ${status}`);
}

/** Whether every secret that an agent keeps in a file can be read. */
function probeSecretFiles(variables: Variables): void {
  for (const name of ENGINE_VARIABLES) if (SECRET_VARIABLES.includes(name)) variables.get(name);
  const unreadable = variables.unreadable();
  if (unreadable.length > 0) throw new Error(`cannot be read any more: ${unreadable.join(", ")}`);
}
