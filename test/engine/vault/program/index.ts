// What the engine runs in these tests: whatever the file named by PLAN asks for.
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { VaultAccess, type VaultAccessArgs } from "../../../../components/vault/access/access.ts";
import { mintSecretId } from "../../../../components/vault/access/approle.ts";
import { vaultProvider } from "../../../../components/vault/access/pulumi-provider.ts";
import type { SignInLimits } from "../../../../components/vault/access/sign-in-limits.ts";
import { combineFingerprints } from "../../../../components/vault/agent/fingerprints.ts";
import { vaultConnection } from "../../../../components/vault/api/connection.ts";
import type { FieldInput } from "../../../../components/vault/api/fields.ts";
import { Secrets } from "../../../../components/vault/secrets.ts";

export interface Plan {
  access?: VaultAccessArgs;
  /** Name → secret. */
  secrets?: Record<string, { path: string; fields: Record<string, FieldInput> }>;
  /** Name → role whose secret id is minted. */
  secretIds?: Record<string, { role: string; rotation?: number; limits?: SignInLimits; now?: number }>;
  /** Name → fields whose change recreates it. */
  consumers?: Record<string, { secret: string; fields: string[] }>;
}

/** Stands for a container: its only input is the fingerprint label. */
class Consumer extends pulumi.dynamic.Resource {
  constructor(name: string, label: pulumi.Input<string>) {
    const provider = {
      async create() {
        return { id: "consumer", outs: {} };
      },
      async update() {
        return { outs: {} };
      },
    };
    super(provider, name, { label });
  }
}

const plan: Plan = JSON.parse(readFileSync(process.env.PLAN ?? "", "utf8"));
const config = new pulumi.Config("vault");
const connection = vaultConnection({ get: (key) => config.get(key.replace("vault:", "")) });
const provider = vaultProvider("vault", connection);

if (plan.access) new VaultAccess("access", plan.access, { providers: [provider] });
const secrets = new Map(Object.entries(plan.secrets ?? {}).map(([name, args]) => [name, new Secrets(name, args)]));
for (const [name, { secret, fields }] of Object.entries(plan.consumers ?? {})) {
  const source = secrets.get(secret);
  if (source)
    new Consumer(
      name,
      source.fingerprints.apply((all) => combineFingerprints(all, fields)),
    );
}
export const accessors = Object.fromEntries(
  Object.entries(plan.secretIds ?? {}).map(([name, args]) => {
    return [name, mintSecretId(name, { mount: "approle", ...args }, { provider }).accessor];
  }),
);
