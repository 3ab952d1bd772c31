import { connectDokploy, type Dokploy } from "../dokploy/api/client.ts";
import { dokployConnection, serverUrl } from "../dokploy/api/connection.ts";
import { fingerprintKey } from "../dokploy/rules/fingerprint.ts";
import { ServiceError } from "../dokploy/rules/service-error.ts";
import { connectVault, type Vault, type VaultFacts } from "../vault/api/client.ts";
import { vaultConnection } from "../vault/api/connection.ts";

/** Where a look asks. */
export interface Place {
  dokploy: Dokploy;
  /** Of the digests. */
  key: Buffer;
  /** What must not show up in a reason. */
  secrets: string[];
  alsoAt: string[];
}

/** Longest that one request of a look may take, in milliseconds: an engine asks with more patience. */
const TIMEOUT = 5_000;

/** Servers whose connections are kept at once; more than a runner has. */
const MOST = 16;

const dokploys = new Map<string, Dokploy>();
const vaults = new Map<string, Vault & VaultFacts>();

/** The Dokploy that the environment names. Throws a `ServiceError` when settings are missing or unusable. */
export function placeFrom(env: NodeJS.ProcessEnv): Place {
  const connection = dokployConnection(undefined, env);
  const platformKey = env.PLATFORM_KEY;
  const key = fingerprintKey(platformKey);
  if (key === undefined || !platformKey) {
    throw new ServiceError(
      "config_invalid",
      "PLATFORM_KEY is not set",
      "without it nothing can be compared with what was left",
    );
  }
  const options = { ...connection, timeout: Math.min(connection.timeout ?? TIMEOUT, TIMEOUT), attempts: 3 };
  const alsoAt = (env.DOKPLOY_ALSO_AT ?? "").split(",").filter((entry) => entry.trim());
  return {
    dokploy: kept(
      dokploys,
      JSON.stringify(options),
      () => connectDokploy(options),
      (old) => old.close(),
    ),
    key,
    secrets: [connection.apiKey, platformKey],
    alsoAt: alsoAt.map(serverUrl),
  };
}

export interface AtVault {
  vault: Vault & VaultFacts;
  address: string;
}

/** The Vault that the environment names. `anew` signs in again. Throws a `VaultError` when settings are missing or unusable. */
export function vaultFrom(env: NodeJS.ProcessEnv, anew = false): AtVault {
  const connection = { ...vaultConnection(undefined, env), timeout: TIMEOUT };
  const id = JSON.stringify(connection);
  if (anew) vaults.delete(id);
  return { vault: kept(vaults, id, () => connectVault(connection)), address: connection.address };
}

/** One connection per place, however many stacks are there; the one that was used least lately makes room. */
function kept<T>(known: Map<string, T>, id: string, open: () => T, leave: (old: T) => void = () => {}): T {
  const found = known.get(id) ?? open();
  known.delete(id);
  known.set(id, found);
  for (const [first, old] of known) {
    if (known.size <= MOST) break;
    known.delete(first);
    leave(old);
  }
  return found;
}
