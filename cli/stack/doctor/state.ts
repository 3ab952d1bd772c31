import { hostname } from "node:os";
import { initStack } from "../../../automation/engine/command.ts";
import { type NamedLock, parseLocks } from "../../../automation/state/locks.ts";
import { DokployError } from "../../../components/dokploy/api/errors.ts";
import { ownService } from "../../../components/dokploy/api/marker.ts";
import { reachOf, STATE_RULE } from "../../../stacks/config/state-backend.ts";
import { runProgram } from "../../../tools/run-program.mjs";
import { formatAge } from "../../print/duration.ts";
import { hideSignIns } from "../../print/hide.ts";
import { CliError } from "../../problem.ts";
import { hasRunnerAddress } from "../../runner/address.ts";
import type { Checkout } from "../checkout.ts";
import { isAlive } from "../lock/holder.ts";
import { isOfRunner, laptopEnvironment } from "../run/engine.ts";
import { composeResources, readState, type StackState } from "../run/state.ts";
import { listEntries, openDokploy, readAccess, requireOwner } from "../servers.ts";
import { broken, type Finding, ok, skipped, warning } from "./finding.ts";
import { examineSecretIds } from "./secret-ids.ts";
import { PATIENCE } from "./servers.ts";

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
  if (reach === "folder") return warning(name, `${hideSignIns(url)}: only this machine sees it`, STATE_RULE);
  const shown = hideSignIns(url);
  if (reach === "shared") return ok(name, `${shown}: shared`);
  return warning(
    name,
    `${shown}: a runner cannot sign in to it`,
    `pulumi login s3://… or postgres://… (${STATE_RULE})`,
  );
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
    const ids = examineSecretIds(stack, state, Date.now());
    if (pendingOperations === 0)
      return [ok(name, `${resources.length} resources, the passphrase fits`), ...locks, ...left, ...ids];
    const steps = pendingOperations === 1 ? "1 step was" : `${pendingOperations} steps were`;
    const fix = `dockmaster refresh ${stack} --clear-pending-creates`;
    return [broken(name, `${steps} cut off in the middle`, fix), ...locks, ...left, ...ids];
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

/**
 * Services on Dokploy that are the stack's own and that its state does not name: left running when they were taken out, or made by an
 * update that was killed and taken out since. No update tells of them. Nothing where Dokploy or the key cannot be had: that is told.
 */
async function examineLeftServices(checkout: Checkout, stack: string, state: StackState): Promise<Finding[]> {
  const access = await readAccess(checkout, stack);
  try {
    const owner = await requireOwner(checkout, stack, access);
    const dokploy = await openDokploy(access, PATIENCE);
    const entries = await listEntries(dokploy, checkout, stack);
    const known = composeResources(state);
    const ours = entries.map(({ description }) => ownService(description, owner));
    const left = ours.filter((service) => service !== undefined && !known.has(service)).sort();
    if (left.length === 0) return [];
    const fix = `name it in platform:services, and the next update takes it over; for good: dockmaster remove ${stack} ${left[0]}`;
    return [warning(`${stack}: services`, `${left.join(", ")} on Dokploy, and not in the state`, fix)];
  } catch (error) {
    if (error instanceof CliError || error instanceof DokployError) return [];
    throw error;
  }
}

/** Who holds a stack that the backend has, for how long, and whether they are alive. */
async function examineLocks(checkout: Checkout, stack: string, backend: string): Promise<Finding[]> {
  const name = `${stack}: lock`;
  if (backend.startsWith("https://")) return [skipped(name, "Pulumi Cloud frees what was left by itself")];
  const said = (await initStack(stack, checkout.folder, laptopEnvironment())) ?? "";
  const holders = parseLocks(said);
  if (holders.length > 0) return holders.map((holder) => examineHolder(name, stack, holder, Date.now()));
  if (/already exists/.test(said)) return [ok(name, "free")];
  return [warning(name, "could not be looked at", `dockmaster preview ${stack}`)];
}

/** Whether what was found of a lock is that somebody has it. */
export function isHeld({ found }: Finding): boolean {
  return found.startsWith("held by ");
}

/** `now` is in milliseconds since the epoch. */
export function examineHolder(
  name: string,
  stack: string,
  { user, host, pid, since }: NamedLock,
  now: number,
): Finding {
  const who = `${user} on ${host} (process ${pid}) for ${formatAge(now - since)}`;
  const fix = `npm run pulumi -- cancel --yes ${stack}`;
  if (host !== hostname()) return warning(name, `held by ${who}`, `when nobody updates it there: ${fix}`);
  if (isAlive(pid)) return ok(name, `held by ${who}, which is at work`);
  return broken(name, `held by ${who}, which is dead`, fix);
}
