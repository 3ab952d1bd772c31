import { requestRunner } from "../../client.ts";
import { CliError } from "../../problem.ts";
import { hasRunnerAddress, readRunnerAddress } from "../../runner/address.ts";
import type { Access } from "../stack-config.ts";
import { broken, type Finding, isAtLeast, ok, skipped, warning } from "./finding.ts";

const TIMEOUT = 10_000;

/** The oldest Dokploy with all that the provider asks of it. */
const OLDEST_DOKPLOY = "0.29.6";

/** Whether Dokploy answers, takes the key and is new enough. */
export async function examineDokploy({ url, apiKey }: Access["dokploy"]): Promise<Finding> {
  const name = "Dokploy";
  if (!url) return broken(name, "no address", "export DOKPLOY_URL=https://dokploy.example.org");
  if (!apiKey)
    return broken(name, `${url}: no key`, "export DOKPLOY_API_KEY=… (Dokploy: Settings → Profile → API keys)");
  const answer = await ask(`${url.replace(/\/+$/, "")}/api/settings.getDokployVersion`, { "x-api-key": apiKey });
  if (typeof answer === "string") return broken(name, `${url}: ${answer}`, "check DOKPLOY_URL and that Dokploy runs");
  if (answer.status === 401) {
    const found = `${url}: the key is wrong, expired or rate-limited, or has no organization`;
    return broken(name, found, "make one in Dokploy's UI (Settings → Profile → API keys) and set DOKPLOY_API_KEY");
  }
  const version = answer.body;
  if (answer.status !== 200 || typeof version !== "string") {
    return broken(name, `${url} answered ${answer.status}, not as Dokploy does`, "check DOKPLOY_URL");
  }
  if (!isAtLeast(version, OLDEST_DOKPLOY)) {
    return broken(name, `${version} is too old`, `update Dokploy to v${OLDEST_DOKPLOY} or newer`);
  }
  return ok(name, `${url}: ${version}, the key is valid`);
}

/** Whether Vault answers, is unsealed and takes the token; skipped when nothing here uses it. */
export async function examineVault({ address, token }: Access["vault"]): Promise<Finding> {
  const name = "Vault";
  if (!address) return skipped(name, "not used: no VAULT_ADDR");
  const base = address.replace(/\/+$/, "");
  const health = await ask(`${base}/v1/sys/health?standbyok=true`, {});
  if (typeof health === "string") return broken(name, `${address}: ${health}`, "check VAULT_ADDR and that Vault runs");
  // https://developer.hashicorp.com/vault/api-docs/system/health
  if (health.status === 503) return broken(name, `${address} is sealed`, "vault operator unseal");
  if (health.status === 501) return broken(name, `${address} is not initialised`, "vault operator init");
  if (health.status !== 200) return broken(name, `${address} answered ${health.status}`, "check VAULT_ADDR");
  if (!token) return warning(name, `${address}: unsealed; no token to try`, "vault login, then export VAULT_TOKEN=…");
  const self = await ask(`${base}/v1/auth/token/lookup-self`, { "x-vault-token": token });
  if (typeof self === "string" || self.status !== 200)
    return broken(name, `${address}: the token is not valid`, "vault login");
  return ok(name, `${address}: unsealed, the token is valid`);
}

/** Whether the runner answers and is well; skipped when none is named. */
export async function examineRunner(): Promise<Finding> {
  const name = "runner";
  if (!hasRunnerAddress()) return skipped(name, "not used: no DOCKMASTER_URL");
  try {
    const runner = readRunnerAddress();
    const { status, body } = await requestRunner(runner, "GET", "/health", { signal: AbortSignal.timeout(TIMEOUT) });
    if (status === 200) return ok(name, `${runner.url}: ${body.status}, ${body.version}`);
    const ill = Object.entries((body.checks ?? {}) as Record<string, unknown>).filter(([, check]) => !isWell(check));
    const names = ill.map(([check]) => check).join(", ");
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

/** One request; a text says why there was no answer. */
export async function ask(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: unknown } | string> {
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT) });
    const text = await answer.text();
    try {
      return { status: answer.status, body: JSON.parse(text) };
    } catch {
      return { status: answer.status, body: undefined };
    }
  } catch (error) {
    const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return (inner as NodeJS.ErrnoException).code ?? "does not answer";
  }
}
