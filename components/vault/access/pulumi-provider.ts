import * as pulumi from "@pulumi/pulumi";
import * as vault from "@pulumi/vault";
import type { VaultConnection } from "../api/client.ts";

/**
 * Pulumi's Vault provider with the same connection as ours. Address and token are left to `VAULT_ADDR` and `VAULT_TOKEN` where these
 * are set: what the state keeps of them would be used by every refresh, also when it is an old one. A role signs in by itself. No child token: that would need a right that the runner does not have.
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
  const place = env.VAULT_ADDR ? {} : { address };
  return new vault.Provider(name, { ...place, skipChildToken: true, ...signIn }, opts);
}
