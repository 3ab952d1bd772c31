import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { wrongUse } from "../problem.ts";

/** The platform's repository on this machine. */
export interface Checkout {
  folder: string;
  /** Every stack with a file, `bootstrap` not counted. */
  stacks: string[];
}

/** The checkout that holds `from`. Throws CliError (exit code 2) when there is none above. */
export function findCheckout(from: string = process.cwd()): Checkout {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "Pulumi.yaml"))) return { folder, stacks: listStacks(folder) };
    if (dirname(folder) === folder) break;
  }
  throw wrongUse("There is no Pulumi.yaml here or above", "Run this in a checkout of the platform's repository");
}

/** Throws CliError (exit code 2) unless the checkout has a file for the stack. */
export function requireStack({ folder, stacks }: Checkout, stack: string): void {
  if (/^[a-z][a-z0-9-]*$/.test(stack) && existsSync(join(folder, `Pulumi.${stack}.yaml`))) return;
  throw wrongUse(`There is no stack "${stack}": no Pulumi.${stack}.yaml`, `Name one of ${stacks.join(", ")}`);
}

/** The runner's rule too; its module would load two parsers for it. */
function listStacks(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((file) => /^Pulumi\.([a-z][a-z0-9-]*)\.yaml$/.exec(file)?.[1] ?? [])
    .filter((stack) => stack !== "bootstrap")
    .sort();
}
