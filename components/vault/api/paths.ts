import { APPROLE_MOUNT } from "./connection.ts";
import { VaultError } from "./errors.ts";

/** Where a platform's secrets and roles are in Vault. */
export interface VaultLayout {
  /** First part of every path, e.g. `platform`. */
  project: string;
  /** KV v2 mount. Default `secret`. */
  kv?: string;
  /** AppRole mount. Default `approle`. */
  approle?: string;
}

/** The mount of the secrets. */
export function kvMount({ kv = "secret" }: VaultLayout): string {
  return kv;
}

/** The mount of the roles. */
export function approleMount({ approle = APPROLE_MOUNT }: VaultLayout): string {
  return approle;
}

/** The secret of one service: nobody but the service reads it. */
export function servicePath(layout: VaultLayout, stack: string, service: string): string {
  return `${kvMount(layout)}/data/${layout.project}/${stack}/${service}`;
}

/** The stack that a secret's path belongs to; undefined for a path that none of these functions made. */
export function stackOf(path: string): string | undefined {
  return /\/data\/[^/]+\/([^/]+)\/./.exec(path)?.[1];
}

/** A secret that several services of a stack read. */
export function sharedPath(layout: VaultLayout, stack: string, shared: string): string {
  return `${kvMount(layout)}/data/${layout.project}/${stack}/shared/${shared}`;
}

/** The name of a secret that other services read as well: owner and field, e.g. `redis_redis_password`. */
export function sharedName(owner: string, field: string): string {
  return `${owner}_${field}`;
}

/** The role of a service's agent, and the name of its entity, e.g. `platform.staging.redis`. */
export function roleName({ project }: VaultLayout, stack: string, service: string): string {
  return `${project}.${stack}.${service}`;
}

/** The role of an engine worker, e.g. `platform.engine-staging`: one part less than a service's has, so that none is called the same. */
export function engineRoleName({ project }: VaultLayout, engine: string): string {
  return `${project}.${engine}`;
}

/** Throws `config_invalid` for a service that {@link sharedName} would not tell from another one. */
export function requireNoUnderscore(service: string): void {
  if (!service.includes("_")) return;
  throw new VaultError("config_invalid", `service \`${service}\` has a \`_\` in its name`, "use a hyphen");
}

/** Throws `config_invalid` for a name that would mean more than itself in a policy. */
export function requirePlainName(what: string, name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)) return;
  throw new VaultError(
    "config_invalid",
    `${what} \`${name}\` cannot be part of a path in Vault`,
    "use letters, digits, hyphens and underscores",
  );
}
