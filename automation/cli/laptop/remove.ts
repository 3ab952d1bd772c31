import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import { printMark } from "../print/live.ts";
import { printJson, printLines } from "../print/print.ts";
import { CliError } from "../problem.ts";
import { type Checkout, findCheckout, requireStack } from "./checkout.ts";
import { askForName, requireAnswers } from "./confirm.ts";
import { connectDokploy, type DokployServer, type LiveCompose } from "./dokploy.ts";
import { type Owner, ownService, requireOwner } from "./marker.ts";
import { dokployProject, readAccess } from "./stack-config.ts";
import { composeResources, readStateIfAny } from "./state.ts";
import { volumesOf } from "./volumes.ts";

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
      "\nFor a service that was taken out of the stack and left running with its data. Its volumes stay unless you say --volumes.\n\nExamples:\n  dockmaster remove staging minio\n  dockmaster remove staging minio --volumes --yes",
    )
    .action(async (stack: string, service: string, options: RemoveOptions) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      requireAnswers(options);
      await requireReleased(checkout, stack, service);
      const access = await readAccess(checkout, stack);
      const owner = requireOwner(checkout, stack, access.platformKey);
      const dokploy = connectDokploy(access.dokploy);
      const compose = await findLeftBehind(dokploy, dokployProject(checkout, stack), owner, service);
      const volumes = [...volumesOf(compose).values()];
      const kept = options.volumes ? [] : volumes;
      if (!options.yes) {
        const told = options.volumes
          ? `and deletes its data (${volumes.join(", ") || "no volumes"})`
          : "and keeps its volumes";
        await askForName(`This removes ${service} from ${dokploy.url} for good ${told}.`, stack);
      }
      await dokploy.remove(compose.composeId, { volumes: options.volumes === true });
      if (options.json)
        printJson({ command: "remove", stack, service, composeId: compose.composeId, volumesKept: kept });
      else {
        printLines([
          `${printMark("ok")} ${service} is removed from ${stack}`,
          ...(kept.length > 0 ? [`  its volumes stay on the server: ${kept.join(", ")}`] : []),
        ]);
      }
      process.exitCode = EXIT.done;
    });
}

interface RemoveOptions {
  volumes?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** A service that the state still has belongs to the stack: taking it away here would be drift. */
async function requireReleased(checkout: Checkout, stack: string, service: string): Promise<void> {
  if (!composeResources(await readStateIfAny(checkout, stack)).has(service)) return;
  throw new CliError(
    "still_in_stack",
    `${service} is part of ${stack}`,
    `Take it out of platform:services in Pulumi.${stack}.yaml and update the stack first: it is left running then`,
  );
}

async function findLeftBehind(
  dokploy: DokployServer,
  project: string,
  owner: Owner,
  service: string,
): Promise<LiveCompose> {
  const { stack } = owner;
  const all = await dokploy.list(project, stack);
  const found = all.filter((compose) => ownService(compose, owner) === service);
  const [only, ...others] = found;
  if (only && others.length === 0) return only;
  if (only) {
    const ids = found.map(({ composeId }) => composeId).join(", ");
    throw new CliError(
      "ambiguous",
      `${service} is there ${found.length} times: ${ids}`,
      "Remove the wrong ones in Dokploy's UI",
    );
  }
  const same = all.some(({ name }) => name === service);
  throw new CliError(
    "not_ours",
    same
      ? `The ${service} of ${stack} on Dokploy was not made by this platform`
      : `Dokploy has no ${service} in ${stack}`,
    same ? "Remove it in Dokploy's UI when you mean it" : "There is nothing to remove",
  );
}
