import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import type { VaultConnection } from "./client.ts";

/**
 * Pulumi's Vault provider with the same connection as ours. A token is left to `VAULT_TOKEN` where that is set, so that it is not
 * kept in the state; a role signs in by itself. No child token: that would need a right that the runner does not have.
 */
export function vaultProvider(
  name: string,
  { address, auth }: VaultConnection,
  opts?: pulumi.ResourceOptions,
  env: NodeJS.ProcessEnv = process.env,
): vault.Provider {
  const signIn =
    "token" in auth
      ? env.VAULT_TOKEN
        ? {}
        : { token: pulumi.secret(auth.token) }
      : {
          authLogin: {
            path: `auth/${auth.mount}/login`,
            parameters: { role_id: auth.roleId, secret_id: pulumi.secret(auth.secretId) },
          },
        };
  return new vault.Provider(name, { address, skipChildToken: true, ...signIn }, opts);
}
