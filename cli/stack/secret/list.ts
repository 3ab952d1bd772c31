import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { printJson, printLines } from "../../print/print.ts";
import { formatTable } from "../../print/table.ts";
import { findCheckout, requireStack } from "../checkout.ts";
import { readState } from "../run/state.ts";
import { readGiven, readVersion } from "../stack-file.ts";
import { listSecrets } from "./secrets.ts";

/** `dockmaster secret list` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. staging")
    .argument("[service]", "only of this service")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nAs the last update left them.\n\nExamples:\n  dockmaster secret list staging\n  dockmaster secret list staging redis --json",
    )
    .action(async (stack: string, service: string | undefined, options: { json?: boolean }) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      const file = readFileSync(join(checkout.folder, `Pulumi.${stack}.yaml`), "utf8");
      const all = listSecrets(await readState(checkout, stack));
      const rows = all
        .filter((secret) => service === undefined || secret.service === service)
        .map(({ service: owner, name, rests }) => ({
          service: owner,
          name,
          value: readGiven(file, owner).includes(name) ? "given" : "generated",
          version: readVersion(file, owner),
          rests: "vault" in rests ? rests.vault : `Dokploy env ${rests.dokploy}`,
        }));
      if (options.json) printJson({ stack, secrets: rows });
      else {
        const table = rows.map((row) => [row.service, row.name, row.value, String(row.version), row.rests]);
        printLines(formatTable(["service", "secret", "value", "version", "rests in"], table));
      }
    });
}
