import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Checkout } from "./checkout.ts";
import { laptopEnvironment } from "./engine.ts";
import { runProgram } from "./run-program.ts";

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

/** Addresses and keys of a stack's servers: the environment wins, then the stack's file. */
export async function readAccess(checkout: Checkout, stack: string): Promise<Access> {
  const config = readStackConfig(checkout, stack);
  const { env } = process;
  const plain = (key: string) => (typeof config[key] === "string" ? config[key] : undefined);
  const secret = async (key: string) => {
    if (config[key] === undefined) return undefined;
    return plain(key) ?? (await decrypt(checkout, stack, key));
  };
  return {
    dokploy: {
      url: env.DOKPLOY_URL || plain("dokploy:url"),
      apiKey: env.DOKPLOY_API_KEY || (await secret("dokploy:apiKey")),
    },
    vault: {
      address: env.VAULT_ADDR || plain("vault:address"),
      token: env.VAULT_TOKEN || (await secret("vault:token")),
    },
    platformKey: env.PLATFORM_KEY || (await secret("platform:key")),
  };
}

async function decrypt({ folder }: Checkout, stack: string, key: string): Promise<string | undefined> {
  const words = ["config", "get", key, "--stack", stack, "--non-interactive"];
  const { code, stdout } = await runProgram("pulumi", words, { cwd: folder, env: laptopEnvironment() });
  return code === 0 ? stdout.trimEnd() : undefined;
}

/** Name of a stack's project on Dokploy. */
export function dokployProject(checkout: Checkout, stack: string): string {
  return String(readStackConfig(checkout, stack)["dokploy:project"] ?? "platform");
}
