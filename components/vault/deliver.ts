import * as pulumi from "@pulumi/pulumi";
import { tellSeen } from "../engine/seen.ts";
import { fingerprint } from "../platform/keys.ts";
import type { Deliver } from "../platform/platform-service.ts";
import { lookUpRoles, type MissingRole, mintSecretId } from "./access/approle.ts";
import { vaultProvider } from "./access/pulumi-provider.ts";
import type { SignInLimits } from "./access/sign-in-limits.ts";
import { combineFingerprints } from "./agent/fingerprints.ts";
import { fillIn } from "./agent/text-template.ts";
import { connectVault, type VaultConnection } from "./api/client.ts";
import { approleMount, type VaultLayout } from "./api/paths.ts";
import { leftSignIn } from "./observe.ts";
import { Secrets } from "./secrets.ts";

/** A stack's way to Vault. */
export interface VaultAccessPoint {
  connection: VaultConnection;
  layout: VaultLayout;
  stack: string;
  /** The stack's master key: makes what changes with a sign-in tell nothing of it. */
  key: string;
  /** Services that have an agent. */
  services: readonly string[];
  /** What bounds their sign-ins, as the bootstrap stack gave it to their roles. Default: nothing. */
  limits?: SignInLimits;
}

/**
 * Asks Vault for the roles of all services, before anything is registered, and answers how a service gets its secrets from there.
 * Rejects with a `VaultError` when Vault is away, sealed or refuses us; a role that is not there is a problem among others.
 * Services have to be delivered in the order of their dependencies.
 */
export async function openVaultDelivery(
  point: VaultAccessPoint,
): Promise<{ deliver?: Deliver; missing: MissingRole[] }> {
  const { connection, layout, stack, key, services, limits } = point;
  const { roleIds, missing } = await lookUpRoles(connectVault(connection), layout, stack, services);
  if (missing.length > 0) return { missing };

  const provider = vaultProvider("vault", connection);
  const made = new Map<string, Secrets>();
  const deliver: Deliver = (parent, { name, composeFile, vault }, retain) => {
    if (!vault) return { composeFile, env: {} };
    for (const [resource, args] of Object.entries(vault.owns)) {
      made.set(args.path, new Secrets(resource, args, { parent }));
    }
    // A service that outlives its place in the program outlives it with a secret id that works.
    const options = { parent, provider, retainOnDelete: retain };
    const secretId = mintSecretId(name, { role: vault.role, mount: approleMount(layout), limits }, options);
    const roleId = roleIds[name] ?? "";
    if (!pulumi.runtime.isDryRun()) {
      pulumi.all([secretId.id, secretId.accessor]).apply(([id, accessor]) => {
        const left = leftSignIn({ key, address: connection.address }, name, id, { roleId, accessor });
        tellSeen(left ?? { type: "secret", service: name, id, forget: true });
      });
    }
    const prints = Object.entries(vault.places).map(([secret, { path, field }]) => {
      const source = made.get(path);
      if (!source) throw new Error(`${name} is delivered before the owner of ${path}`);
      return source.fingerprints.apply((all) => (field in all ? { [secret]: all[field] ?? "" } : {}));
    });
    const text = pulumi.all([pulumi.all(prints), secretId.accessor]).apply(([entries, accessor]) => {
      const known = Object.assign({}, ...entries);
      return fillIn(
        composeFile,
        (names) => combineFingerprints(known, names),
        fingerprint(key, stack, { roleId, accessor }),
      );
    });
    return {
      composeFile: text,
      env: { [vault.env.roleId]: roleId, [vault.env.secretId]: pulumi.secret(secretId.secretId) },
    };
  };
  return { deliver, missing };
}
