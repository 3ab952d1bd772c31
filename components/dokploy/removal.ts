import { setTimeout as sleep } from "node:timers/promises";
import { say } from "../engine/say.ts";
import { DokployError } from "./api/errors.ts";
import { found } from "./api/found.ts";
import type { ContainerRow } from "./api/schema.ts";
import type { Context } from "./context.ts";
import type { ComposeOutputs } from "./rules/outputs.ts";
import { ServiceError } from "./rules/service-error.ts";

/** Deletes the record and its containers; volumes stay. One that is gone already is no error. */
export async function removeRecord({ dokploy }: Context, composeId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await found(dokploy.deleteCompose(composeId));
      return;
    } catch (error) {
      if (!(error instanceof DokployError && error.ambiguous)) throw error;
      // Not repeated blindly: only when it is seen to be there still.
      if ((await found(dokploy.compose(composeId))) === undefined) return;
      if (attempt === 2) throw error;
    }
  }
}

/**
 * Waits until the containers of a deleted compose are gone. Dokploy removes its record first and keeps to itself what Docker says
 * after that, so they may still run. Throws then: the state keeps the service, and the next deletion looks again.
 */
export async function confirmRemoved(context: Context, olds: Pick<ComposeOutputs, "appName" | "service">) {
  const { timing } = context;
  const until = Date.now() + timing.removal;
  for (;;) {
    const rows = await remaining(context, olds);
    if (rows.length === 0) return;
    if (Date.now() >= until) throw stillThere(olds, rows);
    await sleep(timing.pollMax);
  }
}

/** A server that cannot be asked now is asked by the next deletion; one that will never say must not keep the service for ever. */
async function remaining({ dokploy }: Context, { appName, service }: Pick<ComposeOutputs, "appName" | "service">) {
  try {
    return await dokploy.containers(appName);
  } catch (error) {
    if (!(error instanceof DokployError) || ["transient", "auth", "limited-key"].includes(error.kind)) throw error;
    say(
      `${service} was deleted; Dokploy does not say whether its containers are gone: look at docker compose -p ${appName} ps -a`,
    );
    return [];
  }
}

/** Says which containers a compose left that is gone: after a refresh the state does not know it any more, so nothing else would. */
export async function sayRemaining(
  { dokploy }: Context,
  { appName, service }: Pick<ComposeOutputs, "appName" | "service">,
) {
  const rows = await dokploy.containers(appName).catch(() => []);
  if (rows.length === 0) return;
  say(
    `${service} is gone from Dokploy, but its containers are not (${namesOf(rows)}): run docker compose -p ${appName} down on the server (volumes stay)`,
  );
}

function namesOf(rows: ContainerRow[]): string {
  return rows.map(({ name, state }) => `${name} (${state})`).join(", ");
}

function stillThere({ appName, service }: Pick<ComposeOutputs, "appName" | "service">, rows: ContainerRow[]) {
  return new ServiceError(
    "deployment_failed",
    `Dokploy deleted ${service} but not its containers: ${namesOf(rows)}`,
    `run docker compose -p ${appName} down on the server (volumes stay), then delete the service once more`,
  );
}
