import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { stackSettings } from "../../automation/engine/stack-settings.ts";
import type { Checkout } from "./checkout.ts";
import { laptopEnvironment } from "./run/engine.ts";

/** How to reach the servers of a stack. What is nowhere said is undefined. */
export interface Access {
  dokploy: { url: string | undefined; apiKey: string | undefined };
  vault: { address: string | undefined; token: string | undefined };
  platformKey: string | undefined;
}

/** The `config` of a stack's file as it is written; secrets are not decrypted. */
export function readStackConfig({ folder }: Checkout, stack: string): Record<string, unknown> {
  const file = parse(readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8")) as {
    config?: Record<string, unknown>;
  };
  return file?.config ?? {};
}

/** Addresses and keys of a stack's servers, exactly those that an update from here uses: the environment wins, then the stack's file. */
export async function readAccess(checkout: Checkout, stack: string): Promise<Access> {
  const { folder } = checkout;
  const on = { stack, workDir: folder, configFile: join(folder, `Pulumi.${stack}.yaml`) };
  const now: NodeJS.ProcessEnv = { ...process.env, ...(await stackSettings(on, laptopEnvironment)) };
  return {
    dokploy: { url: now.DOKPLOY_URL, apiKey: now.DOKPLOY_API_KEY },
    vault: { address: now.VAULT_ADDR, token: now.VAULT_TOKEN },
    platformKey: now.PLATFORM_KEY,
  };
}

/** Name of a stack's project on Dokploy. */
export function dokployProject(checkout: Checkout, stack: string): string {
  return String(readStackConfig(checkout, stack)["dokploy:project"] ?? "platform");
}
