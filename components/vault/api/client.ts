import { setTimeout as sleep } from "node:timers/promises";
import { rememberSecrets } from "../../../text/mask/process-secrets.ts";
import { Redirected, request } from "../../../tools/outgoing/request.mjs";
import { toRedirected, toUnreachable, toVaultError, type VaultCall, VaultError } from "./errors.ts";

/** How to reach Vault and who we are there. */
export interface VaultConnection {
  /** Origin, and a path when Vault lives below one; without `/v1`. */
  address: string;
  /** A token, or a role to sign in with at the first call. */
  auth: { token: string } | { roleId: string; secretId: string; mount: string };
  /** Milliseconds until a request without an answer counts as failed. Default 10 000. */
  timeout?: number;
  /** Milliseconds before the first repetition of a request; doubles each time, with jitter. Default 200. */
  backoff?: number;
}

/** The newest version of a KV v2 secret. */
export interface SecretVersion {
  /** From 1. */
  version: number;
  /** Undefined when this version was deleted or destroyed: the values may still be restored. */
  values: Record<string, unknown> | undefined;
}

/** What Vault says of the newest version of a secret without telling its values. */
export interface SecretState {
  version: number;
  /** When this version was made: a path that was erased and written anew counts from 1 again. */
  created: string;
  /** It was deleted or destroyed. */
  deleted: boolean;
}

/** The little of Vault's API that the platform's program needs. Every call rejects with a {@link VaultError}. */
export interface Vault {
  /** The newest version at a KV v2 path (`secret/data/…`), or undefined when nothing was ever written there. */
  readSecret(path: string): Promise<SecretVersion | undefined>;
  /**
   * Adds or changes fields and leaves the others alone, only when the newest version is still `version` (0: nothing there yet).
   * Answers the new version, or undefined when somebody else was quicker. Rejects with `vault_unreachable` also when only the
   * answer was lost: read again to know.
   */
  writeFields(path: string, values: Readonly<Record<string, string>>, version: number): Promise<number | undefined>;
  /** The id of an AppRole, or undefined when there is no such role. */
  readRoleId(mount: string, role: string): Promise<string | undefined>;
  /** Resolves when Vault can be used: it is initialised and unsealed. Needs no token. */
  requireUnsealed(): Promise<void>;
  /** Names of the policies of our own token. */
  lookupSelf(): Promise<{ policies: string[] }>;
}

/** What a look asks for: no value comes back. */
export interface VaultFacts {
  /** The newest version at a KV v2 path, by its metadata alone; undefined when there is none. */
  readState(path: string): Promise<SecretState | undefined>;
  /** What a secret id of a role was made with, by its accessor; undefined when there is none any more. */
  lookUpSecretId(mount: string, role: string, accessor: string): Promise<{ metadata: unknown } | undefined>;
}

interface SecretMetadata {
  current_version?: number;
  versions?: Record<string, { created_time?: string; deletion_time?: string; destroyed?: boolean }>;
}

interface Answer {
  status: number;
  text: string;
}

const ATTEMPTS = 4;

/** Opens a client. Nothing is sent before the first call. */
export function connectVault({ address, auth, timeout = 10_000, backoff = 200 }: VaultConnection): Vault & VaultFacts {
  let token = "token" in auth ? Promise.resolve(auth.token) : undefined;

  async function once(call: VaultCall, key: string | undefined, body: object | undefined): Promise<Answer> {
    const headers: Record<string, string> = { "X-Vault-Request": "true" };
    if (key !== undefined) headers["X-Vault-Token"] = key;
    if (body) headers["content-type"] = call.method === "PATCH" ? "application/merge-patch+json" : "application/json";
    try {
      const init = { method: call.method, headers, timeoutMs: timeout };
      return await request(`${address}/v1/${call.path}`, body ? { ...init, body: JSON.stringify(body) } : init);
    } catch (cause) {
      if (cause instanceof Redirected) throw toRedirected(call, cause);
      throw toUnreachable(call, address, cause);
    }
  }

  async function signIn(roleId: string, secretId: string, mount: string): Promise<string> {
    const call: VaultCall = { method: "POST", path: `auth/${mount}/login` };
    const answer = await repeat(() =>
      expectSuccess(call, once(call, undefined, { role_id: roleId, secret_id: secretId })),
    );
    const signedIn = String((parse(answer) as { auth?: { client_token?: string } }).auth?.client_token);
    rememberSecrets(signedIn);
    return signedIn;
  }

  async function send(call: VaultCall, body?: object): Promise<Answer> {
    if (!("token" in auth)) token ??= signIn(auth.roleId, auth.secretId, auth.mount);
    return once(call, await token, body);
  }

  /** Tries a request again that changes nothing, as long as Vault gives no usable answer. */
  async function repeat(request: () => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await request();
      } catch (error) {
        if (!(error instanceof VaultError) || error.code !== "vault_unreachable" || attempt === ATTEMPTS) throw error;
        await sleep(backoff * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
      }
    }
  }

  async function get(path: string, alsoFine: (answer: Answer) => boolean = () => false): Promise<Answer> {
    const call: VaultCall = { method: "GET", path };
    return repeat(() => expectSuccess(call, send(call), alsoFine));
  }

  return {
    async readSecret(path) {
      const answer = await get(path, isAbsent);
      const { data } = parse(answer) as {
        data?: { data?: Record<string, unknown> | null; metadata?: { version?: number } };
      };
      rememberSecrets(...Object.values(data?.data ?? {}).map(String));
      const version = data?.metadata?.version;
      return version === undefined ? undefined : { version, values: data?.data ?? undefined };
    },
    async readState(path) {
      const answer = await get(path.replace("/data/", "/metadata/"), isAbsent);
      const { data } = parse(answer) as { data?: SecretMetadata };
      const version = data?.current_version;
      const newest = data?.versions?.[String(version)];
      if (!version || newest === undefined) return undefined;
      const { created_time: created = "", deletion_time: deletion = "", destroyed = false } = newest;
      return { version, created, deleted: destroyed || (deletion !== "" && Date.parse(deletion) <= Date.now()) };
    },
    async lookUpSecretId(mount, role, accessor) {
      const call: VaultCall = { method: "POST", path: `auth/${mount}/role/${role}/secret-id-accessor/lookup` };
      const body = { secret_id_accessor: accessor };
      const answer = await repeat(() => expectSuccess(call, send(call, body), hasNoAccessor));
      const { data } = parse(answer) as { data?: { metadata?: unknown } };
      return data && !hasNoAccessor(answer) ? { metadata: data.metadata } : undefined;
    },
    async writeFields(path, values, version) {
      rememberSecrets(...Object.values(values));
      // A patch needs no right to overwrite the whole secret.
      const call: VaultCall = { method: version === 0 ? "POST" : "PATCH", path };
      const sent = send(call, { data: values, options: { cas: version } });
      const answer = await expectSuccess(call, sent, (other) => isConflict(other) || isAbsent(other));
      return answer.status < 300 ? (parse(answer) as { data: { version: number } }).data.version : undefined;
    },
    async readRoleId(mount, role) {
      const answer = await get(`auth/${mount}/role/${role}/role-id`, isAbsent);
      return (parse(answer) as { data?: { role_id?: string } }).data?.role_id;
    },
    async requireUnsealed() {
      const call: VaultCall = { method: "GET", path: "sys/health?standbyok=true" };
      await expectSuccess(call, once(call, undefined, undefined));
    },
    async lookupSelf() {
      const { data } = parse(await get("auth/token/lookup-self")) as { data?: { policies?: string[] } };
      return { policies: data?.policies ?? [] };
    },
  };
}

async function expectSuccess(
  call: VaultCall,
  sent: Promise<Answer>,
  alsoFine: (answer: Answer) => boolean = () => false,
): Promise<Answer> {
  const answer = await sent;
  if ((answer.status >= 200 && answer.status < 300) || alsoFine(answer)) return answer;
  throw toVaultError(call, answer.status, answer.text);
}

/** Vault answers 404 without errors for what is not there, and with one for a mount that is not there. */
function isAbsent({ status, text }: Answer): boolean {
  if (status !== 404) return false;
  const { errors, data } = parse({ status, text }) as { errors?: string[]; data?: unknown };
  return data !== undefined || errors === undefined || errors.length === 0;
}

/** How Vault says that there is no such secret id: it was revoked, used up, or has ended. Older ones call it a failure of theirs. */
function hasNoAccessor(answer: Answer): boolean {
  return answer.status === 404 || (answer.status >= 400 && answer.text.includes("failed to find accessor entry"));
}

function isConflict({ status, text }: Answer): boolean {
  return status === 400 && text.includes("check-and-set");
}

function parse({ text }: Answer): unknown {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
