import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { ownService } from "../../../components/dokploy/api/marker.ts";
import type { ComposeRecord } from "../../../components/dokploy/api/schema.ts";
import { volumesOf } from "../../../components/dokploy/api/volumes.ts";
import type { Owner } from "../../../components/dokploy/rules/inputs.ts";
import type { VolumeOwners } from "../../../components/platform/names/volumes-of-service.ts";
import { EXIT } from "../../exit.ts";
import { printMark } from "../../print/live.ts";
import { printJson, printLines } from "../../print/print.ts";
import { CliError } from "../../problem.ts";
import { checkStack } from "../check.ts";
import { type Checkout, findCheckout, requireStack } from "../checkout.ts";
import { askForName, requireAnswers } from "../confirm.ts";
import { composeResources, readStateIfAny } from "../run/state.ts";
import { listComposes, openDokploy, readAccess, requireOwner } from "../servers.ts";
import { readStackConfig } from "../stack-file.ts";
import { clearVolumes, findVolumes } from "./clear-volumes.ts";

/** `dockmaster remove` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. staging")
    .argument("<service>", "the service that was left running")
    .option("--volumes", "delete its volumes too: its data is gone for good")
    .option("-y, --yes", "do not ask")
    .option("--json", "print one JSON document (needs --yes)")
    .addHelpText(
      "after",
      "\nFor a service that was taken out of the stack and left running with its data. Its volumes stay unless you say --volumes:\nthen they are removed by name, also those that an earlier `remove` left, and what is left is told (exit code 1).\n\nExamples:\n  dockmaster remove staging minio\n  dockmaster remove staging minio --volumes --yes",
    )
    .action(async (stack: string, service: string, options: RemoveOptions) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      requireAnswers(options);
      await requireReleased(checkout, stack, service);
      const access = await readAccess(checkout, stack);
      const owner = await requireOwner(checkout, stack, access);
      const dokploy = await openDokploy(access);
      const compose = findLeftBehind(await listComposes(dokploy, checkout, stack), owner, service);
      const owners = await readOwners(checkout, stack, service, compose);
      const { there, unseen, shared } = await findVolumes(dokploy, owners);
      const volumes = [...there, ...unseen];
      if (!compose && (volumes.length === 0 || !options.volumes)) throw nothingThere(stack, service, there);
      if (!options.yes)
        await askForName(question(dokploy.url, service, compose !== undefined, options, volumes), stack);

      if (compose) await dokploy.deleteCompose(compose.composeId, { volumes: options.volumes === true });
      const rows = compose ? await dokploy.containers(compose.appName) : [];
      const containers = rows.map(({ name }) => name);
      const { removed, left } = options.volumes ? await clearVolumes(dokploy, volumes) : { removed: [], left: [] };
      const kept = options.volumes ? shared : volumes;
      const commands = [
        ...(compose && containers.length > 0 ? [`docker compose -p ${compose.appName} down`] : []),
        ...(left.length > 0 ? [`docker volume rm ${left.map(({ name }) => name).join(" ")}`] : []),
      ];
      const ok = commands.length === 0;
      if (options.json) {
        const composeId = compose?.composeId ?? null;
        const found = { volumesRemoved: removed, volumesKept: kept, volumesLeft: left, containersLeft: containers };
        printJson({ command: "remove", stack, service, composeId, ok, ...found, commands });
      } else {
        printLines([
          ok
            ? `${printMark("ok")} ${service} is removed from ${stack}`
            : `${printMark("failed")} ${service} is not wholly removed from ${stack}`,
          ...(removed.length > 0 ? [`  its volumes are gone: ${removed.join(", ")}`] : []),
          ...(!options.volumes && kept.length > 0 ? [`  its volumes stay on the server: ${kept.join(", ")}`] : []),
          ...(options.volumes ? kept : []).map((name) => `  ${name} stays: another service has it too`),
          ...containers.map((name) => `  container ${name} is still there`),
          ...left.map(({ name, why }) => `  volume ${name} ${why}`),
          ...(ok ? [] : [`  → on the server: ${commands.join(" && ")}`]),
        ]);
      }
      process.exitCode = ok ? EXIT.done : EXIT.failed;
    });
}

function question(
  url: string,
  service: string,
  runs: boolean,
  options: RemoveOptions,
  volumes: readonly string[],
): string {
  if (!runs) return `This deletes the data that ${service} left on ${url} for good (${volumes.join(", ")}).`;
  const told = options.volumes
    ? `and deletes its data (${volumes.join(", ") || "no volumes"})`
    : "and keeps its volumes";
  return `This removes ${service} from ${url} for good ${told}.`;
}

/** Dokploy has no such service, and there is nothing of it that the options say to remove. */
function nothingThere(stack: string, service: string, volumes: readonly string[]): CliError {
  const hint =
    volumes.length === 0
      ? "There is nothing to remove"
      : `Its data is still there (${volumes.join(", ")}); for good: dockmaster remove ${stack} ${service} --volumes`;
  return new CliError("not_ours", `Dokploy has no ${service} in ${stack}`, hint);
}

/** What tells which volumes are the service's: this checkout's files, and its text on Dokploy. */
async function readOwners(
  checkout: Checkout,
  stack: string,
  service: string,
  compose: ComposeRecord | undefined,
): Promise<VolumeOwners> {
  // Mistakes elsewhere in the stack are no reason to keep what is to go.
  const { volumes: planned } = await checkStack(checkout.folder, stack);
  const suffix = String(readStackConfig(checkout, stack)["platform:suffix"] ?? "");
  return {
    service,
    suffix,
    planned,
    inText: compose ? Object.keys(volumesOf(compose.composeFile ?? "", compose.appName)) : [],
  };
}

interface RemoveOptions {
  volumes?: boolean;
  yes?: boolean;
  json?: boolean;
}

/**
 * A service that the state still has, or that the next update would make, belongs to the stack: taking it away here would be drift. A
 * killed update leaves services that no state knows yet. A stack that was destroyed has none, whatever its file names.
 */
async function requireReleased(checkout: Checkout, stack: string, service: string): Promise<void> {
  const known = composeResources(await readStateIfAny(checkout, stack));
  const listed = readStackConfig(checkout, stack)["platform:services"];
  const wanted = Array.isArray(listed)
    ? listed.includes(service)
    : existsSync(join(checkout.folder, "components", service, "compose.yaml"));
  if (!known.has(service) && !(wanted && known.size > 0)) return;
  throw new CliError(
    "still_in_stack",
    `${service} is part of ${stack}`,
    `Take it out of platform:services in Pulumi.${stack}.yaml and update the stack first: it is left running then`,
  );
}

/** The service's own Compose project; undefined when Dokploy has none of this name. */
function findLeftBehind(all: ComposeRecord[], owner: Owner, service: string): ComposeRecord | undefined {
  const { stack } = owner;
  const found = all.filter(({ description }) => ownService(description, owner) === service);
  if (found.length > 1) {
    const ids = found.map(({ composeId }) => composeId).join(", ");
    throw new CliError(
      "ambiguous",
      `${service} is there ${found.length} times: ${ids}`,
      "Remove the wrong ones in Dokploy's UI",
    );
  }
  if (found[0] || !all.some(({ name }) => name === service)) return found[0];
  throw new CliError(
    "not_ours",
    `The ${service} of ${stack} on Dokploy was not made by this platform`,
    "Remove it in Dokploy's UI when you mean it",
  );
}
