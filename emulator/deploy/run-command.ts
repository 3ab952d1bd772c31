import { setTimeout as sleep } from "node:timers/promises";
import type { Dokploy } from "../dokploy.ts";
import type { ComposeRow } from "../state/records.ts";
import { commandSteps } from "./command.ts";
import type { DeploymentLog } from "./deployment-log.ts";
import type { JobSignals } from "./queue.ts";

/** Runs `docker <command>`, step by step. Undefined when all went well, else an empty reason: it is in the log already. */
export async function runCommand(
  dokploy: Dokploy,
  compose: ComposeRow,
  command: string,
  log: DeploymentLog,
  signals: JobSignals,
): Promise<string | undefined> {
  for (const step of commandSteps(command)) {
    const { ok } = await runStep(dokploy, compose, step, log, signals);
    if (signals.lost.aborted) return "";
    if (signals.killed.aborted) {
      log.line("canceled");
      return "";
    }
    if (!ok) {
      log.line("Error: ❌ Docker command failed");
      return "";
    }
  }
  log.line("Docker Compose Deployed: ✅");
  return undefined;
}

async function runStep(
  { containers, faults, folders }: Dokploy,
  compose: ComposeRow,
  command: string,
  log: DeploymentLog,
  { lost, killed, killedAgain }: JobSignals,
): Promise<{ ok: boolean }> {
  const { appName } = compose;
  const slow = faults.takeForDeployment("slow-deploy", namesOf(compose));
  const signal = AbortSignal.any([lost, killed]);
  if (slow !== undefined)
    await sleep(slow.ms, undefined, { signal: AbortSignal.any([signal, faults.cleared()]) }).catch(() => undefined);
  if (signal.aborted) return { ok: false };
  const failure = faults.takeForDeployment("fail-deploy", namesOf(compose));
  if (failure !== undefined) {
    for (const line of failure.log) log.line(line);
    return { ok: false };
  }
  const hang = faults.takeForDeployment("stuck", namesOf(compose));
  if (hang !== undefined) {
    for (const line of hang.log) log.line(line);
    await aborted(AbortSignal.any([lost, killedAgain]));
    return { ok: false };
  }
  return await containers.up({ appName, folder: folders.code(appName), command, log: log.line, signal });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The names under which a fault may ask for a service. */
export function namesOf({ composeId, name, appName }: ComposeRow): string[] {
  return [composeId, name, appName];
}
