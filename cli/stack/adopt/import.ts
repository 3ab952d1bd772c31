import type { Command } from "commander";
import { EXIT } from "../../exit.ts";
import { printMark } from "../../print/live.ts";
import { printJson, printLines } from "../../print/print.ts";
import { progressFor } from "../../print/progress.ts";
import { formatTable } from "../../print/table.ts";
import { requireSound } from "../check.ts";
import { findCheckout, requireStack } from "../checkout.ts";
import { askToGoOn, requireAnswers } from "../confirm.ts";
import { diffTexts } from "../diff-texts.ts";
import { createStack } from "../run/engine.ts";
import { composeResources, readStateIfAny } from "../run/state.ts";
import { listComposes, openDokploy, openVault, readAccess, requireOwner, setField } from "../servers.ts";
import { editStackFile } from "../stack-file.ts";
import { type Adopted, type Adoption, planAdoption, type ServiceAdoption } from "./adoption.ts";
import { type Pairing, pairServices } from "./pair-services.ts";

interface ImportOptions {
  yes?: boolean;
  create?: boolean;
  diff?: boolean;
  json?: boolean;
}

/** `dockmaster import` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. production")
    .option("-y, --yes", "write the adoption without asking")
    .option("--diff", "also show how each compose file would change")
    .option("--create", "make the stack in the state backend when it is new")
    .option("--json", "print one JSON document (needs --yes)")
    .addHelpText(
      "after",
      "\nPairs what Dokploy has in the stack's environment with this checkout's services, shows what taking it over would\nchange, and writes `adopt: true` into Pulumi.<stack>.yaml. Secrets keep their values: they go there too, encrypted,\nor to Vault. The next update takes it over; what is equal is not restarted.\n\nExamples:\n  dockmaster import production --diff\n  dockmaster import production --create --yes --json",
    )
    .action(async (stack: string, options: ImportOptions) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      requireAnswers(options);
      const { services } = await requireSound(checkout.folder, stack);
      const access = await readAccess(checkout, stack);
      const owner = await requireOwner(checkout, stack, access);
      const found = await listComposes(await openDokploy(access), checkout, stack);
      const state = composeResources(await readStateIfAny(checkout, stack));
      const known = new Map([...state].map(([service, { id = "" }]) => [service, id]));
      const pairings = pairServices(services, found, owner, known);
      const adopted = pairings.flatMap(({ service, kind, composeIds: [id] }): Adopted[] => {
        const compose = found.find(({ composeId }) => composeId === id);
        return kind === "adopt" && compose ? [{ service, compose }] : [];
      });
      if (!options.json) printLines([...formatPairings(pairings), ""]);
      process.exitCode = EXIT.done;
      if (adopted.length === 0) {
        if (options.json) printJson({ command: "import", stack, services: pairings, adoptions: [] });
        else printLines([`${printMark("ok")} there is nothing to take over`]);
        return;
      }
      if (options.create) await createStack(checkout, stack);
      const adoption = await planAdoption(checkout, stack, adopted, progressFor(options));
      if (!options.json) printLines(await formatAdoptions(adoption.services, options));
      if (!options.yes) await askToGoOn(`Write this into Pulumi.${stack}.yaml?`);
      const held = await fillVault(adoption, access);
      editStackFile(checkout, stack, () => adoption.stackFile);
      if (options.json) {
        const adoptions = adoption.services.map(({ composeFile, ...rest }) =>
          options.diff ? { ...rest, composeFile } : rest,
        );
        printJson({ command: "import", stack, services: pairings, adoptions, held });
        return;
      }
      const names = adopted.map(({ service }) => service).join(", ");
      printLines([
        `${printMark("ok")} Pulumi.${stack}.yaml says \`adopt: true\` for ${names}`,
        ...held.map((name) => `  Vault has a value of its own for ${name}: that one counts`),
        `  → ${["dockmaster up", stack, ...leftBehind(adoption)].join(" ")}; afterwards \`adopt\` can be taken out again`,
      ]);
    });
}

/** Puts kept values into Vault, and names those that it holds already: nothing there is overwritten. */
async function fillVault({ vault: values }: Adoption, access: NodeJS.ProcessEnv): Promise<string[]> {
  if (values.length === 0) return [];
  const vault = await openVault(access);
  const held: string[] = [];
  for (const { path, name, value } of values) {
    if (!(await setField(vault, path, name, value, { unlessThere: true }))) held.push(name);
  }
  return held;
}

/** What the update has to be told so that it leaves the volumes behind. */
function leftBehind({ services }: Adoption): string[] {
  return services.flatMap(({ moved }) => moved.map(({ from }) => `--give-up ${from}`));
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

async function formatAdoptions(services: ServiceAdoption[], { diff }: ImportOptions): Promise<string[]> {
  const blocks = await Promise.all(
    services.map(async ({ service, changes, kept, moved, loses = [], composeFile: { from, to } }) => [
      `${service}: ${changes.length === 0 ? "nothing changes, nothing restarts" : `changes ${changes.join(", ")}`}`,
      ...kept.map((name) => `  keeps the value of ${name}`),
      ...moved.flatMap(explainMove),
      ...explainLoss(service, loses),
      ...(diff && to === null ? ["  the update makes its compose file, when Vault has its secrets"] : []),
      ...(diff && to !== null && from !== to ? await diffTexts(from, to) : []),
    ]),
  );
  return [...blocks.flat(), ""];
}

function explainLoss(service: string, loses: readonly string[]): string[] {
  if (loses.length === 0) return [];
  return [
    `  ${printMark("skipped")} it takes ${loses.join(", ")} of the server today, and will not afterwards`,
    `    → what it needs of that goes into components/${service}/compose.yaml, with \`x-dockmaster: {allow: [${loses.join(", ")}], why: …}\``,
  ];
}

function explainMove({ from, to }: ServiceAdoption["moved"][number]): string[] {
  const line = `  ${printMark("failed")} its volume ${from} will not be used any more`;
  if (to === null) return [line];
  return [
    `${line}: ${to} takes its place`,
    "    → stop the service and copy what is in it, before the update:",
    `      docker run --rm -v ${from}:/from -v ${to}:/to busybox cp -a /from/. /to/`,
  ];
}
