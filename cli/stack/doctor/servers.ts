import { DokployError } from "../../../components/dokploy/api/errors.ts";
import { parseVersion, requireSupported } from "../../../components/dokploy/api/version.ts";
import { VaultError } from "../../../components/vault/api/errors.ts";
import { NoAnswer } from "../../../tools/outgoing/request.mjs";
import { requestRunner } from "../../client.ts";
import { CliError } from "../../problem.ts";
import { hasRunnerAddress, readRunnerAddress } from "../../runner/address.ts";
import { openDokploy, openVault } from "../servers.ts";
import { broken, type Finding, ok, skipped, warning } from "./finding.ts";

/** People wait for the answer. */
export const PATIENCE = { timeout: 5_000, backoff: 50 };

/** Whether Dokploy answers, takes the key and is new enough. */
export async function examineDokploy(access: NodeJS.ProcessEnv): Promise<Finding> {
  const name = "Dokploy";
  const { DOKPLOY_URL: url, DOKPLOY_API_KEY: apiKey } = access;
  if (!url) return broken(name, "no address", "export DOKPLOY_URL=https://dokploy.example.org");
  if (!apiKey)
    return broken(name, `${url}: no key`, "export DOKPLOY_API_KEY=… (Dokploy: Settings → Profile → API keys)");
  try {
    const version = await (await openDokploy(access, PATIENCE)).versionName();
    requireSupported(parseVersion(version));
    return ok(name, `${url}: ${version}, the key is valid`);
  } catch (error) {
    if (error instanceof CliError) return broken(name, `${url}: ${error.message}`, error.hint);
    if (!(error instanceof DokployError)) throw error;
    const { kind, message, hint, cause } = error;
    if (cause instanceof Error)
      return broken(name, `${url}: ${cause.message}`, "check DOKPLOY_URL and that Dokploy runs");
    if (kind === "unsupported") return broken(name, message.replace("Dokploy ", ""), hint);
    if (!["auth", "limited-key", "permission"].includes(kind)) return broken(name, `${url}: ${message}`, hint);
    const found = `${url}: the key is wrong, expired or rate-limited, or has no organization`;
    return broken(name, found, "make one in Dokploy's UI (Settings → Profile → API keys) and set DOKPLOY_API_KEY");
  }
}

/** Whether Vault answers, is unsealed and takes the token; skipped when nothing here uses it. */
export async function examineVault(access: NodeJS.ProcessEnv): Promise<Finding> {
  const name = "Vault";
  const { VAULT_ADDR: address, VAULT_TOKEN: token } = access;
  if (!address) return skipped(name, "not used: no VAULT_ADDR");
  const signsIn = Boolean(token || (access.VAULT_ROLE_ID && access.VAULT_SECRET_ID));
  try {
    const vault = await openVault(signsIn ? access : { ...access, VAULT_TOKEN: "none" }, PATIENCE);
    await vault.requireUnsealed();
    if (!signsIn)
      return warning(name, `${address}: unsealed; no token to try`, "vault login, then export VAULT_TOKEN=…");
    await vault.lookupSelf();
    return ok(name, `${address}: unsealed, the token is valid`);
  } catch (error) {
    if (!(error instanceof VaultError || error instanceof CliError)) throw error;
    const { code, message, hint, cause } = error;
    if (code === "vault_denied") return broken(name, `${address}: the token is not valid`, "vault login");
    if (code === "vault_sealed") {
      // https://developer.hashicorp.com/vault/api-docs/system/health
      const fix = /sealed$/.test(message) ? "vault operator unseal" : "vault operator init";
      return broken(name, message.replace("Vault", address), fix);
    }
    if (!(cause instanceof NoAnswer)) return broken(name, `${address}: ${message}`, hint);
    return broken(name, `${address}: ${cause.message}`, "check VAULT_ADDR and that Vault runs");
  }
}

/** Whether the runner answers and is well; skipped when none is named. */
export async function examineRunner(): Promise<Finding> {
  const name = "runner";
  if (!hasRunnerAddress()) return skipped(name, "not used: no DOCKMASTER_URL");
  try {
    const runner = readRunnerAddress();
    const { status, body } = await requestRunner(runner, "GET", "/health", { signal: AbortSignal.timeout(10_000) });
    if (status === 200) return ok(name, `${runner.url}: ${body.status}, ${body.version}`);
    const unhealthy = Object.entries((body.checks ?? {}) as Record<string, unknown>).filter(
      ([, check]) => !isWell(check),
    );
    const names = unhealthy.map(([check]) => check).join(", ");
    return broken(name, `${runner.url}: degraded (${names})`, "see the runner's log for what is broken");
  } catch (error) {
    if (error instanceof CliError) return broken(name, error.message, error.hint);
    return broken(name, "does not answer", "check DOCKMASTER_URL and that the runner is up");
  }
}

function isWell(check: unknown): boolean {
  const status = typeof check === "object" && check !== null && "status" in check ? check.status : check;
  return status !== "broken";
}
