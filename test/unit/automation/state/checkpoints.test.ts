import { expect, test } from "vitest";
import { checkpointSettings } from "../../../../automation/state/checkpoints.ts";

test.each<[string, string, boolean]>([
  ["says nothing", "", true],
  ["has secrets in Dokploy's env", "config:\n  platform:secrets: env\n", true],
  ["has an address of Vault that nothing uses", "config:\n  vault:address: https://vault.example.org\n", true],
  ["has secrets in Vault", "config:\n  platform:secrets: vault\n", false],
  ["has secrets in Vault, in JSON's spelling", '{"config": {"platform:secrets": "vault"}}', false],
])("of a stack whose file %s, the engine skips checkpoints: %s", (_, text, skips) => {
  expect(checkpointSettings(text)).toEqual(skips ? { PULUMI_SKIP_CHECKPOINTS: "true" } : {});
});
