import type * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import type { Vault } from "../api/client.ts";
import { VaultError } from "../api/errors.ts";
import { approleMount, roleName, type VaultLayout } from "../api/paths.ts";
import { lifeMetadata } from "../api/secret-id-life.ts";
import type { SignInLimits } from "./sign-in-limits.ts";

/** A service whose role is not there. */
export interface MissingRole {
  service: string;
  message: string;
  hint: string;
}

/**
 * The role ids of a stack's services, before anything is registered. Rejects with a `VaultError` when Vault is away, sealed or refuses
 * us; a role that is not there is a problem among others.
 */
export async function lookUpRoles(
  vaultClient: Vault,
  layout: VaultLayout,
  stack: string,
  services: readonly string[],
): Promise<{ roleIds: Record<string, string>; missing: MissingRole[] }> {
  // Tells a bad token, which is the same for all roles, from a role that our policy does not know.
  await vaultClient.lookupSelf();
  const found = await Promise.all(
    services.map(async (service) => {
      const role = roleName(layout, stack, service);
      return { service, role, roleId: await roleIdOf(vaultClient, layout, role) };
    }),
  );
  const roleIds: Record<string, string> = {};
  const missing: MissingRole[] = [];
  for (const { service, role, roleId } of found) {
    if (roleId !== undefined) roleIds[service] = roleId;
    else {
      const message = `Vault has no role \`${role}\` for us, so ${service} could not get its secrets`;
      missing.push({ service, message, hint: "run `dockmaster up bootstrap` with an administrator's token" });
    }
  }
  return { roleIds, missing };
}

/** The runner's policy names each role, so one that bootstrap has not made yet is forbidden rather than absent. */
async function roleIdOf(vaultClient: Vault, layout: VaultLayout, role: string): Promise<string | undefined> {
  try {
    return await vaultClient.readRoleId(approleMount(layout), role);
  } catch (error) {
    if (error instanceof VaultError && error.code === "vault_denied") return undefined;
    throw error;
  }
}

export interface SecretIdArgs {
  /** Name of an existing role. */
  role: string;
  /** AppRole mount. */
  mount: string;
  /** Another number makes a new secret id; the old one is destroyed after its users have the new one. Default 1. */
  rotation?: number;
  /** Of its role. With a `secretIdTtl` it is another one in each half of that time. */
  limits?: SignInLimits | undefined;
  /** Milliseconds since the epoch. Default: now. */
  now?: number;
}

/**
 * A secret id of an existing role, the same for all updates until `rotation` changes, half its time is over, or somebody revokes it. Its `accessor` tells it
 * from others and is no secret.
 */
export function mintSecretId(
  name: string,
  { role, mount, rotation = 1, limits = {}, now = Date.now() }: SecretIdArgs,
  opts: pulumi.CustomResourceOptions = {},
): vault.approle.AuthBackendRoleSecretId {
  const life = lifeMetadata(limits.secretIdTtl, now);
  return new vault.approle.AuthBackendRoleSecretId(
    name,
    // Metadata cannot be changed afterwards, so another rotation is another secret id. It also shows in Vault's audit log.
    { backend: mount, roleName: role, metadata: JSON.stringify({ rotation: String(rotation), ...life }) },
    { ...opts, additionalSecretOutputs: ["secretId", "wrappingToken"] },
  );
}
