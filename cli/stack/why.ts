import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import { formatAge } from "../print/duration.ts";
import { printJson, printLines } from "../print/print.ts";
import { progressFor } from "../print/progress.ts";
import { formatTable } from "../print/table.ts";
import { CliError, wrongUse } from "../problem.ts";
import { type Checkout, findCheckout, requireStack } from "./checkout.ts";
import { diffTexts } from "./diff-texts.ts";
import { assessInputs, type InputRow, type Inputs, totalDigest } from "./inputs.ts";
import { previewWords, warnHeld } from "./preview.ts";
import { runOnStack } from "./run/stack-run.ts";
import { composeResources, readState } from "./run/state.ts";

/** `dockmaster why` */
export function define(command: Command): void {
  command
    .argument("<service>", "the service, e.g. redis")
    .option("--stack <stack>", "the stack", "staging")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nPreviews the stack; nothing is changed. Secrets are told apart by the keyed fingerprint in the compose text.\n\nExamples:\n  dockmaster why redis\n  dockmaster why redis --stack production --json",
    )
    .action(async (service: string, options: { stack: string; json?: boolean }) => {
      const checkout = findCheckout();
      const { stack } = options;
      requireStack(checkout, stack);
      if (!options.json) printLines(await warnHeld(checkout, stack));
      const last = composeResources(await readState(checkout, stack)).get(service);
      const { before, live, now, reason } = await previewInputs(checkout, stack, service, options);
      const rows = assessInputs({ before, live, now });
      const digest = totalDigest(now ?? before ?? {});
      const changedAt = last?.modified ?? null;
      if (options.json) {
        printJson({ stack, service, digest, lastChanged: changedAt, reason, inputs: rows });
        return;
      }
      const since = changedAt === null ? "never" : `${formatAge(Date.now() - Date.parse(changedAt))} ago`;
      printLines([
        `${service} on ${stack}: digest ${digest}, last changed ${since}`,
        `  ${reason}`,
        "",
        ...formatInputs(rows),
      ]);
      const [from, to] = [before?.composeFile, now?.composeFile];
      if (typeof from === "string" && typeof to === "string" && from !== to) {
        printLines(["", ...(await diffTexts(from, to))]);
      }
      process.exitCode = EXIT.done;
    });
}

/** The service's inputs: at the last update, on Dokploy now, and what this checkout says; and what an update would do and why. */
async function previewInputs(checkout: Checkout, stack: string, service: string, options: { json?: boolean }) {
  const inputs: { before?: Inputs; live?: Inputs; now?: Inputs; drift: string[] } = { drift: [] };
  const services = new Set<string>();
  const run = await runOnStack(checkout, stack, previewWords({}), progressFor(options), {
    onRaw: (event) => {
      const step = event.resOutputsEvent?.metadata;
      if (!step?.urn.includes("dokploy:Compose::")) return;
      const name = step.urn.split("::").at(-1) ?? "";
      services.add(name);
      if (name !== service) return;
      // The first end of a step on a service that the state has is what the refresh found.
      if (step.old && !inputs.before) {
        inputs.before = step.old.inputs;
        if (step.new) inputs.live = step.new.inputs;
        const { drift } = (step.new?.outputs ?? {}) as { drift?: unknown };
        if (Array.isArray(drift)) inputs.drift = drift.map(String);
      } else if (step.new) inputs.now = step.new.inputs;
    },
  });
  if (!run.ok) {
    const { code = "failed", message = "the preview failed", hint = "dockmaster preview shows more" } = run.cause ?? {};
    throw new CliError(code, message, hint);
  }
  if (!services.has(service)) {
    throw wrongUse(`${stack} has no service "${service}"`, `Name one of ${[...services].sort().join(", ")}`);
  }
  // What is no input, like a setting or a container, is told by the preview alone.
  const reason = run.services.find((outcome) => outcome.service === service)?.reason ?? "equal";
  return { ...inputs, reason };
}

function formatInputs(rows: InputRow[]): string[] {
  const table = rows.map(({ name, digest, state, from, to }) => {
    const values = from === undefined && to === undefined ? "" : `${from ?? "–"} → ${to ?? "–"}`;
    return [name, digest, state, values];
  });
  return formatTable(["input", "digest", "since the last update", ""], table);
}
