import { runProgram } from "../../../tools/run-program.mjs";
import { CliError } from "../../problem.ts";
import type { Checkout } from "../checkout.ts";
import { laptopEnvironment } from "../run/engine.ts";
import { hasLeftover } from "../run/leftover.ts";
import { readState } from "../run/state.ts";
import { broken, type Finding, ok, skipped, warning } from "./finding.ts";
import { examineLocks } from "./locks.ts";

/** The state backend and each stack in it: shared, readable with this passphrase, free, whole. */
export async function examineState(checkout: Checkout, stacks: string[]): Promise<Finding[]> {
  const backend = await findBackend(checkout.folder);
  if (backend === undefined) return [broken("state backend", "none", "pulumi login s3://… (see README)")];
  const each = await Promise.all(stacks.map((stack) => examineStack(checkout, stack, backend)));
  return [examineBackend(backend), examinePassphrase(backend, process.env), ...each.flat()];
}

async function findBackend(cwd: string): Promise<string | undefined> {
  const words = ["whoami", "--json", "--non-interactive"];
  const { code, stdout } = await runProgram("pulumi", words, { cwd, env: laptopEnvironment() });
  return code === 0 ? /"url":\s*"([^"]*)"/.exec(stdout)?.[1] : undefined;
}

export function examineBackend(url: string): Finding {
  if (!url.startsWith("file://")) return ok("state backend", `${withoutPassword(url)}: shared`);
  const fix = "pulumi login s3://… (a backend that laptops and the runner share)";
  return broken("state backend", `${url}: only this machine sees it`, fix);
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
    const { resources, pendingOperations } = await readState(checkout, stack, { reveal: true });
    const locks = await examineLocks(checkout, stack, backend);
    if (await hasLeftover(checkout, stack, process.env)) {
      const fix = `start the runner, or: dockmaster refresh ${stack} --clear-pending-creates`;
      return [broken(name, "what an update did that was cut off is not in it yet", fix), ...locks];
    }
    if (pendingOperations === 0) return [ok(name, `${resources.length} resources, the passphrase fits`), ...locks];
    const steps = pendingOperations === 1 ? "1 step was" : `${pendingOperations} steps were`;
    const fix = `dockmaster refresh ${stack} --clear-pending-creates`;
    return [broken(name, `${steps} cut off in the middle`, fix), ...locks];
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error.code === "stack_unknown") return [warning(name, "not made yet", `dockmaster up ${stack} --create`)];
    return [broken(name, error.message, error.hint)];
  }
}
