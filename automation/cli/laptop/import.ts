import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import { printMark } from "../print/live.ts";
import { printJson, printLines } from "../print/print.ts";
import { progressFor } from "../print/progress.ts";
import { formatTable } from "../print/table.ts";
import { CliError } from "../problem.ts";
import { checkStack } from "./check.ts";
import { type Checkout, findCheckout, requireStack } from "./checkout.ts";
import { askToGoOn, requireAnswers } from "./confirm.ts";
import { connectDokploy } from "./dokploy.ts";
import { createStack } from "./engine.ts";
import { type Pairing, pairServices } from "./pair-services.ts";
import { previewWords } from "./preview.ts";
import { dokployProject, readAccess } from "./stack-config.ts";
import { editStackFile, withSetting } from "./stack-file.ts";
import { runOnStack } from "./stack-run.ts";

/** `dockmaster import` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. production")
    .option("-y, --yes", "write the adoption without asking")
    .option("--create", "make the stack in the state backend when it is new")
    .option("--json", "print one JSON document (needs --yes)")
    .addHelpText(
      "after",
      "\nPairs what Dokploy has in the stack's environment with this checkout's services, shows what taking it over would\nchange, and writes `adopt: true` into Pulumi.<stack>.yaml. The next update takes it over; what is equal is not restarted.\n\nExamples:\n  dockmaster import production\n  dockmaster import production --create --yes --json",
    )
    .action(async (stack: string, options: { yes?: boolean; create?: boolean; json?: boolean }) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      requireAnswers(options);
      const pairings = await pair(checkout, stack);
      const adopted = pairings.filter(({ kind }) => kind === "adopt").map(({ service }) => service);
      const notes = adopted.length > 0 ? await describeAdoption(checkout, stack, adopted, options) : [];
      if (options.json) printJson({ command: "import", stack, services: pairings, notes, adopted });
      else printLines([...formatPairings(pairings), ...(notes.length > 0 ? ["", ...notes] : []), ""]);
      process.exitCode = EXIT.done;
      if (adopted.length === 0) {
        if (!options.json) printLines([`${printMark("ok")} there is nothing to take over`]);
        return;
      }
      if (!options.yes) await askToGoOn(`Write this into Pulumi.${stack}.yaml?`);
      editStackFile(checkout, stack, (text) => withAdoption(text, adopted));
      if (options.json) return;
      printLines([
        `${printMark("ok")} Pulumi.${stack}.yaml says \`adopt: true\` for ${adopted.join(", ")}`,
        `  → dockmaster up ${stack}; afterwards \`adopt\` can be taken out again`,
      ]);
    });
}

async function pair(checkout: Checkout, stack: string): Promise<Pairing[]> {
  const report = await checkStack(checkout.folder, stack);
  if (!report.ok) {
    throw new CliError("config_invalid", `Pulumi.${stack}.yaml has mistakes`, `See them: dockmaster check ${stack}`);
  }
  const dokploy = connectDokploy((await readAccess(checkout, stack)).dokploy);
  const live = await dokploy.list(dokployProject(checkout, stack), stack);
  return pairServices(report.services, live, { project: checkout.project, stack });
}

function withAdoption(text: string, services: string[]): string {
  return services.reduce((edited, service) => withSetting(edited, service, "adopt", true), text);
}

/** What the provider says that taking over would change, from a preview with a stack file that adopts. */
async function describeAdoption(
  checkout: Checkout,
  stack: string,
  services: string[],
  options: { create?: boolean; json?: boolean },
): Promise<string[]> {
  if (options.create) await createStack(checkout, stack);
  const run = await runOnStack(checkout, stack, previewWords({}), progressFor(options), {
    editConfig: (text) => withAdoption(text, services),
  });
  if (!run.ok) {
    const { code = "failed", message = "the preview failed", hint = "dockmaster preview shows more" } = run.cause ?? {};
    throw new CliError(code, message, hint);
  }
  return run.records.flatMap(({ event }) =>
    event.type === "diagnostic" && event.severity !== "error" && event.urn?.includes("dokploy:Compose::")
      ? event.message.split("\n")
      : [],
  );
}

const KINDS: Record<Pairing["kind"], string> = {
  ours: "ours already",
  adopt: "to be taken over",
  new: "not on Dokploy: will be made",
  ambiguous: "several of this name: remove or rename the wrong ones in Dokploy",
  stranger: "not in this stack: stays as it is",
};

function formatPairings(pairings: Pairing[]): string[] {
  const rows = pairings.map(({ service, kind, composeIds, hint }) => [
    `${printMark(kind === "ambiguous" ? "failed" : kind === "adopt" ? "ok" : "same")} ${service}`,
    composeIds.join(", "),
    hint === undefined ? KINDS[kind] : `${KINDS[kind]} (${hint})`,
  ]);
  return formatTable(["  service", "on Dokploy", ""], rows);
}
