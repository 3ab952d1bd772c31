import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource, shimText } from "../engine/dynamic-resource.ts";
import type { FieldInput } from "./api/fields.ts";

export interface SecretsArgs {
  /** KV v2 path, e.g. `secret/data/platform/staging/redis`. Another path is another secret: the old one keeps its values. */
  path: pulumi.Input<string>;
  /** What the secret has to hold. Fields without a value get one; a raised `rotation` gives a new one; nothing else is written. */
  fields: Record<string, FieldInput>;
}

/** What state keeps of the provider. It has no `delete`: the values stay in Vault. */
export const secretsShim = shimText("#vault", "Secrets", ["check", "diff", "create", "read", "update"]);

/**
 * One secret in Vault: its missing fields generated once, its values known to nobody but Vault. The state holds path, version and
 * keyed fingerprints. Removed from the program (or destroyed with the stack) the values stay in Vault: data may still need them.
 */
export class Secrets extends DynamicResource {
  declare readonly path: pulumi.Output<string>;
  /** Version in Vault as last seen. */
  declare readonly version: pulumi.Output<number>;
  /** Field → 16 hex digits that change with its value and tell nothing of it. */
  declare readonly fingerprints: pulumi.Output<Record<string, string>>;

  /** Fields whose value was changed in Vault since the last update. */
  declare readonly drift: pulumi.Output<string[]>;

  constructor(name: string, args: SecretsArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = ["version", "fingerprints", "rotations", "drift", "schemaVersion"];
    super(secretsShim, "vault:Secrets", name, { ...args }, outputs, opts);
  }
}
