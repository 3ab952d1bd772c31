import { join } from "node:path";
import { stackSettings } from "../../automation/engine/stack-settings.ts";
import type { Dokploy } from "../../components/dokploy/api/client.ts";
import type { ComposeEntry, ComposeRecord } from "../../components/dokploy/api/schema.ts";
import type { Owner } from "../../components/dokploy/rules/inputs.ts";
import type { Vault } from "../../components/vault/api/client.ts";
import { CliError, wrongUse } from "../problem.ts";
import type { Checkout } from "./checkout.ts";
import { laptopEnvironment } from "./run/engine.ts";
import { readStackConfig } from "./stack-file.ts";

// The clients are loaded by the commands that use them.

/** The environment with every setting of a stack, exactly as an update from here uses it: the environment wins, then the stack's file. */
export async function readAccess(checkout: Checkout, stack: string): Promise<NodeJS.ProcessEnv> {
  const { folder } = checkout;
  const on = { stack, workDir: folder, configFile: join(folder, `Pulumi.${stack}.yaml`) };
  return { ...process.env, ...(await stackSettings(on, laptopEnvironment)) };
}

/** How patient a client is, in milliseconds: for a request, and before a first repetition. */
interface Patience {
  timeout?: number;
  backoff?: number;
}

/** Connects to the stack's Dokploy. Throws CliError (exit code 2) when address or key are missing or unusable. */
export async function openDokploy(access: NodeJS.ProcessEnv, patience: Patience = {}): Promise<Dokploy> {
  const [{ connectDokploy }, { dokployConnection }] = await Promise.all([
    import("../../components/dokploy/api/client.ts"),
    import("../../components/dokploy/api/connection.ts"),
  ]);
  return connectDokploy({ ...usable(() => dokployConnection(undefined, access)), ...patience });
}

/** Connects to the stack's Vault. Throws CliError (exit code 2) when address or sign-in are missing or unusable. */
export async function openVault(access: NodeJS.ProcessEnv, patience: Patience = {}): Promise<Vault> {
  const [{ connectVault }, { vaultConnection }] = await Promise.all([
    import("../../components/vault/api/client.ts"),
    import("../../components/vault/api/connection.ts"),
  ]);
  return connectVault({ ...usable(() => vaultConnection(undefined, access)), ...patience });
}

function usable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: unknown };
    // What says what to do was written for people; all else is a mistake of ours.
    if (typeof hint !== "string") throw error;
    throw wrongUse(message, hint);
  }
}

/** This checkout and its key as the owner of what it makes. Throws CliError (exit code 2) without a key. */
export async function requireOwner(
  checkout: Checkout,
  stack: string,
  { PLATFORM_KEY }: NodeJS.ProcessEnv,
): Promise<Owner> {
  if (!PLATFORM_KEY) {
    const hint = "Set it: whose services are ours can only be told by the key that the platform was made with";
    throw wrongUse("PLATFORM_KEY is not set", hint);
  }
  const [{ ownerId }, { readProject }] = await Promise.all([
    import("../../components/platform/keys.ts"),
    import("./project.ts"),
  ]);
  return { project: readProject(checkout), stack, keyId: ownerId(PLATFORM_KEY, stack) };
}

/** The names of what Dokploy has in the stack's environment; nothing when there is no such environment. */
export async function listEntries(dokploy: Dokploy, checkout: Checkout, stack: string): Promise<ComposeEntry[]> {
  const project = String(readStackConfig(checkout, stack)["dokploy:project"] ?? "platform");
  const named = (await dokploy.projects()).filter(({ name }) => name === project);
  const ids = named.flatMap(({ environments }) => environments.filter(({ name }) => name === stack));
  const listed = await Promise.all(ids.map(({ environmentId }) => dokploy.environment(environmentId)));
  return listed.flatMap(({ compose }) => compose);
}

/** The same, each with all that is known of it. */
export async function listComposes(dokploy: Dokploy, checkout: Checkout, stack: string): Promise<ComposeRecord[]> {
  const composes = await listEntries(dokploy, checkout, stack);
  return await Promise.all(composes.map(({ composeId }) => dokploy.compose(composeId)));
}

/**
 * Sets one field of a secret in Vault and leaves the others alone; with `unlessThere` only where it has no value. Answers whether it
 * did. Throws CliError when somebody wrote at the same time.
 */
export async function setField(
  vault: Vault,
  path: string,
  field: string,
  value: string,
  { unlessThere = false } = {},
): Promise<boolean> {
  const found = await vault.readSecret(path);
  if (unlessThere && found?.values?.[field] !== undefined) return false;
  if ((await vault.writeFields(path, { [field]: value }, found?.version ?? 0)) !== undefined) return true;
  throw new CliError(
    "vault_failed",
    `${path} changed meanwhile, or its newest version was deleted`,
    "Look at it again, then repeat this",
  );
}
