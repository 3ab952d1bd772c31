import { fingerprintKey } from "../dokploy/rules/fingerprint.ts";
import { digested, type Parts } from "../dokploy/rules/observe.ts";
import type { LeftResource } from "../look/left.ts";
import type { SecretState } from "./api/client.ts";

/** The platform's key, and where Vault is. */
interface Keyed {
  key: string;
  address: string;
}

export type LeftSecret = Extract<LeftResource, { type: "secret" }>;

/**
 * What a refresh looks at of a secret: which version it is. Values are not compared, because those of a version never change. What this
 * means is frozen, as that of a service's parts is (components/dokploy/rules/observe.ts).
 */
export function observeSecret(path: string, { version, created, deleted }: SecretState, key: Buffer): Parts {
  return digested(key, path, { version: [version, created, deleted] });
}

/** What an update looks at of a service's way to its secrets: the id of its role, and the secret id that it signs in with. */
export function observeSignIn(
  id: string,
  { roleId, accessor }: { roleId: string; accessor: string },
  key: Buffer,
): Parts {
  return digested(key, id, { roleId, secretId: accessor });
}

/** A secret as it was left. */
export function leftSecret({ key, address }: Keyed, path: string, state: SecretState): LeftSecret | undefined {
  const digestKey = fingerprintKey(key);
  if (digestKey === undefined || state.deleted) return undefined;
  return { type: "secret", service: serviceOf(path), id: path, address, parts: observeSecret(path, state, digestKey) };
}

/** A service's sign-in as it was left. `id` is what the engine calls its secret id. */
export function leftSignIn(
  { key, address }: Keyed,
  service: string,
  id: string,
  ids: { roleId: string; accessor: string },
): LeftSecret | undefined {
  const digestKey = fingerprintKey(key);
  if (digestKey === undefined) return undefined;
  return { type: "secret", service, id, address, parts: observeSignIn(id, ids, digestKey) };
}

/** The service that owns a path: its last part, or what stands before `_` in the name of what it shares. */
export function serviceOf(path: string): string {
  const last = path.split("/").at(-1) ?? path;
  return path.includes("/shared/") ? (last.split("_", 1)[0] ?? last) : last;
}

/**
 * What the Vault plugin calls a secret id: `backend=approle::role=platform.staging.redis::accessor=…`; undefined for any other id
 * (hashicorp/terraform-provider-vault, vault/resource_approle_auth_backend_role_secret_id.go).
 */
export function parseSignInId(id: string): { mount: string; role: string; accessor: string } | undefined {
  const [, mount, role, accessor] = /^backend=(.+)::role=(.+)::accessor=(.+)$/.exec(id) ?? [];
  return mount && role && accessor ? { mount, role, accessor } : undefined;
}
