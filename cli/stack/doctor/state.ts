import { reachOf, STATE_RULE } from "../../../stacks/config/state-backend.ts";
import { runProgram } from "../../../tools/run-program.mjs";
import { CliError } from "../../problem.ts";
import { hasRunnerAddress } from "../../runner/address.ts";
import type { Checkout } from "../checkout.ts";
import { isOfRunner, laptopEnvironment } from "../run/engine.ts";
import { readState } from "../run/state.ts";
import { broken, type Finding, ok, skipped, warning } from "./finding.ts";
import { examineLeftServices } from "./left-services.ts";
import { examineLocks, isHeld } from "./locks.ts";

/** The state backend and each stack in it: where it belongs, readable with this passphrase, free, whole. */
export async function examineState(checkout: Checkout, stacks: string[]): Promise<Finding[]> {
  const backend = await findBackend(checkout.folder);
  if (backend === undefined) return [examineBackend(undefined, process.env)];
  const each = await Promise.all(stacks.map((stack) => examineStack(checkout, stack, backend)));
  return [examineBackend(backend, process.env), examinePassphrase(backend, process.env), ...each.flat()];
}

async function findBackend(cwd: string): Promise<string | undefined> {
  const words = ["whoami", "--json", "--non-interactive"];
  const { code, stdout } = await runProgram("pulumi", words, { cwd, env: laptopEnvironment() });
  return code === 0 ? /"url":\s*"([^"]*)"/.exec(stdout)?.[1] : undefined;
}

/** Whether the state lies where it belongs. Undefined: nobody is signed in, which is enough for people who only ask a runner. */
export function examineBackend(url: string | undefined, env: NodeJS.ProcessEnv): Finding {
  const name = "state backend";
  if (url === undefined) {
    if (hasRunnerAddress(env)) return skipped(name, "none here: the runner has the state");
    return broken(name, "none", `pulumi login s3://… (${STATE_RULE})`);
  }
  const reach = reachOf(url);
  if (reach === "folder") return warning(name, `${url}: only this machine sees it`, STATE_RULE);
  const shown = withoutPassword(url);
  if (reach === "shared") return ok(name, `${shown}: shared`);
  return warning(
    name,
    `${shown}: a runner cannot sign in to it`,
    `pulumi login s3://… or postgres://… (${STATE_RULE})`,
  );
}

function withoutPassword(url: string): string {
  return url.replace(/:\/\/[^\s/@]*@/, "://");
}

export function examinePassphrase(backend: string, env: NodeJS.ProcessEnv): Finding {
  const name = "passphrase";
  if (env.PULUMI_CONFIG_PASSPHRASE || env.PULUMI_CONFIG_PASSPHRASE_FILE) return ok(name, "set");
  if (backend.includes("pulumi.com")) return skipped(name, "not used: Pulumi Cloud keeps the key");
  return broken(name, "PULUMI_CONFIG_PASSPHRASE is not set", "export PULUMI_CONFIG_PASSPHRASE=…");
}

async function examineStack(checkout: Checkout, stack: string, backend: string): Promise<Finding[]> {
  const name = `${stack}: state`;
  try {
    const state = await readState(checkout, stack, { reveal: true });
    const { resources, pendingOperations } = state;
    const locks = await examineLocks(checkout, stack, backend);
    // What an update has made comes into the state only at its end.
    const left = locks.some(isHeld) ? [] : await examineLeftServices(checkout, stack, state);
    if (pendingOperations === 0)
      return [ok(name, `${resources.length} resources, the passphrase fits`), ...locks, ...left];
    const steps = pendingOperations === 1 ? "1 step was" : `${pendingOperations} steps were`;
    const fix = `dockmaster refresh ${stack} --clear-pending-creates`;
    return [broken(name, `${steps} cut off in the middle`, fix), ...locks, ...left];
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error.code === "stack_unknown") return [examineUnknown(name, stack, backend, process.env)];
    return [broken(name, error.message, error.hint)];
  }
}

/** A stack that the backend does not have: a folder beside a runner's must not begin a second state of it. */
export function examineUnknown(name: string, stack: string, backend: string, env: NodeJS.ProcessEnv): Finding {
  if (isOfRunner(backend, env)) return skipped(name, "not here: the runner has it");
  return warning(name, "not made yet", `dockmaster up ${stack} --create`);
}
