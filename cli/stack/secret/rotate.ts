import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { printMark } from "../../print/live.ts";
import { printJson, printLines } from "../../print/print.ts";
import { wrongUse } from "../../problem.ts";
import { requireSound } from "../check.ts";
import { findCheckout, requireStack } from "../checkout.ts";
import { editStackFile, readGiven, readVersion, withSetting } from "../stack-file.ts";

/** `dockmaster secret rotate` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. staging")
    .argument("<service>", "the service, e.g. redis")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nRaises the service's `secretVersion` in Pulumi.<stack>.yaml. The next update makes the new values and restarts exactly\nthose that use them. Values that were given stay: set them anew.\n\nExamples:\n  dockmaster secret rotate staging redis\n  dockmaster secret rotate production postgres --json",
    )
    .action(async (stack: string, service: string, options: { json?: boolean }) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      const { services } = await requireSound(checkout.folder, stack);
      if (!services.includes(service)) {
        throw wrongUse(`${stack} has no service "${service}"`, `Name one of ${services.join(", ")}`);
      }
      const text = readFileSync(join(checkout.folder, `Pulumi.${stack}.yaml`), "utf8");
      const version = readVersion(text, service) + 1;
      const given = readGiven(text, service);
      editStackFile(checkout, stack, (before) => withSetting(before, service, "secretVersion", version));
      if (options.json) printJson({ command: "secret rotate", stack, service, version, given });
      else {
        printLines([
          `${printMark("ok")} Pulumi.${stack}.yaml asks for version ${version} of ${service}'s generated secrets`,
          ...(given.length > 0 ? [`  given ones stay as they are: ${given.join(", ")}`] : []),
          "  → commit it; the next update rotates them",
        ]);
      }
    });
}
