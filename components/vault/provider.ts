// What the shim in secrets.ts calls, in the process that the engine starts for dynamic resources. State keeps the shim's text, so
// these names and parameters must stay as they are: older state calls newer code.

import { type Seen, tellSeen } from "../engine/seen.ts";
import { configOfNow, isHandedOver, type StackConfig } from "../engine/stack-config.ts";
import { exitWithParent } from "../engine/watchdog.ts";
import { connectVault } from "./api/client.ts";
import { vaultConnection } from "./api/connection.ts";
import { printVaultError, VaultError } from "./api/errors.ts";
import type { FieldInput } from "./api/fields.ts";
import { stackOf } from "./api/paths.ts";
import * as secret from "./secret.ts";

exitWithParent();

type Config = StackConfig | undefined;

/** Fills in defaults, and refuses what can be seen to be wrong before anything is sent. */
export async function checkSecrets(
  _config: Config,
  _olds: unknown,
  news: { path: string; fields: Record<string, FieldInput> },
) {
  // The engine prints the value of a named property: it gets none.
  return plainly(async () => ({ inputs: secret.checkInputs(news), failures: [] }));
}

export async function diffSecrets(
  _config: Config,
  _id: string,
  olds: secret.SecretsOutputs,
  news: secret.SecretsInputs,
) {
  return plainly(async () => secret.diffSecrets(olds, news));
}

export async function createSecrets(config: Config, inputs: secret.SecretsInputs) {
  return plainly(async () => {
    const outs = await secret.writeSecrets(contextFrom(config), inputs, undefined);
    return { id: inputs.path, outs };
  });
}

export async function readSecrets(config: Config, id: string, olds: secret.SecretsOutputs) {
  return plainly(async () => {
    const now = await configOfNow(config, stackOf(olds.path));
    const props = await secret.readSecrets(contextFrom(now), olds);
    return { id, props, inputs: secret.inputsOf(olds) };
  });
}

export async function updateSecrets(
  config: Config,
  _id: string,
  olds: secret.SecretsOutputs,
  news: secret.SecretsInputs,
) {
  return plainly(async () => ({ outs: await secret.writeSecrets(contextFrom(config), news, olds) }));
}

let last: { id: string; context: secret.Context } | undefined;

/** One context per process and setting, so that a role signs in once. */
function contextFrom(config: Config): secret.Context {
  const key = process.env.PLATFORM_KEY || (isHandedOver(process.env) ? undefined : config?.get("platform:key"));
  if (!key) {
    throw new VaultError(
      "config_invalid",
      "PLATFORM_KEY is not set",
      "set PLATFORM_KEY in the environment, or run: pulumi config set --secret platform:key <value>",
    );
  }
  const connection = vaultConnection(config);
  const id = JSON.stringify([key, connection]);
  if (last?.id !== id) {
    const vault = connectVault(connection);
    const told = { address: connection.address, tell: (seen: Seen) => tellSeen(seen), facts: vault };
    last = { id, context: { vault, key, ...(process.env.DOCKMASTER_SEEN && { told }) } };
  }
  return last.context;
}

/** The launcher prints the stack of what it catches; ours would only repeat the message. */
async function plainly<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const plain = new Error(error instanceof VaultError ? printVaultError(error) : `program_error: ${error}`);
    plain.stack = "";
    throw plain;
  }
}
