import { expect, test } from "vitest";
import { toVaultError, type VaultErrorCode } from "../../../../../components/vault/api/errors.ts";

test.each<[number, string, string, VaultErrorCode]>([
  [403, "secret/data/a/b", '{"errors":["permission denied"]}', "vault_denied"],
  [403, "auth/approle/login", '{"errors":["permission denied"]}', "vault_denied"],
  [400, "auth/approle/login", '{"errors":["invalid role or secret ID"]}', "vault_denied"],
  [400, "secret/data/a/b", '{"errors":["canary"]}', "config_invalid"],
  [404, "nowhere/data/a", '{"errors":["no handler for route"]}', "vault_missing"],
  [405, "secret/data", '{"errors":["unsupported operation"]}', "config_invalid"],
  [429, "secret/data/a/b", "", "vault_unreachable"],
  [412, "secret/data/a/b", "", "vault_unreachable"],
  [307, "secret/data/a/b", "", "vault_unreachable"],
  [500, "secret/data/a/b", "canary", "vault_unreachable"],
  [501, "secret/data/a/b", "", "vault_sealed"],
  [502, "secret/data/a/b", "<html>canary</html>", "vault_unreachable"],
  [503, "secret/data/a/b", '{"errors":["Vault is sealed"]}', "vault_sealed"],
  [503, "secret/data/a/b", "<html>maintenance</html>", "vault_unreachable"],
])("%i on %s with %s is %s", (status, path, said, code) => {
  const error = toVaultError({ method: "POST", path }, status, said);
  expect(error.code).toBe(code);
  expect(error.hint).not.toBe("");
  expect(`${error.message} ${error.hint}`).not.toContain("canary");
});
