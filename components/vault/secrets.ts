import * as pulumi from "@pulumi/pulumi";
import type { FieldInput } from "./fields.ts";

export interface SecretsArgs {
  /** KV v2 path, e.g. `secret/data/platform/staging/redis`. Another path is another secret: the old one keeps its values. */
  path: pulumi.Input<string>;
  /** What the secret has to hold. Fields without a value get one; a raised `rotation` gives a new one; nothing else is written. */
  fields: Record<string, FieldInput>;
}

// The shim is serialised to text, kept in state and evaluated in another process, by this release or a later one. It holds nothing
// but the way to the real functions, has no type annotations inside (erased ones leave blanks) and must not change.
type Shim = pulumi.dynamic.ResourceProvider & { config?: pulumi.dynamic.Config };

/** The shim, for the test that pins its text. */
export const secretsShim: Shim = {
  configure(req) {
    this.config = req.config;
    return Promise.resolve();
  },
  async check(olds, news) {
    return (await import("#vault")).checkSecrets(this.config, olds, news);
  },
  async diff(id, olds, news) {
    return (await import("#vault")).diffSecrets(this.config, id, olds, news);
  },
  async create(inputs) {
    return (await import("#vault")).createSecrets(this.config, inputs);
  },
  async read(id, props) {
    return (await import("#vault")).readSecrets(this.config, id, props);
  },
  async update(id, olds, news) {
    return (await import("#vault")).updateSecrets(this.config, id, olds, news);
  },
};

/**
 * One secret in Vault: its missing fields generated once, its values known to nobody but Vault. The state holds path, version and
 * keyed fingerprints. Removed from the program (or destroyed with the stack) the values stay in Vault: data may still need them.
 */
export class Secrets extends pulumi.dynamic.Resource {
  declare readonly path: pulumi.Output<string>;
  /** Version in Vault as last seen. */
  declare readonly version: pulumi.Output<number>;
  /** Field → 16 hex digits that change with its value and tell nothing of it. */
  declare readonly fingerprints: pulumi.Output<Record<string, string>>;

  /** Fields whose value was changed in Vault since the last update. */
  declare readonly drift: pulumi.Output<string[]>;

  constructor(name: string, args: SecretsArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      version: undefined,
      fingerprints: undefined,
      rotations: undefined,
      drift: undefined,
      schemaVersion: undefined,
    };
    super(secretsShim, name, { ...outputs, ...args }, opts, "vault", "Secrets");
  }
}
