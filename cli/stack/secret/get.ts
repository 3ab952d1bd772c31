import type { Command } from "commander";
import { printJson, printLines } from "../../print/print.ts";
import { CliError } from "../../problem.ts";
import { findCheckout, requireStack } from "../checkout.ts";
import { readState } from "../run/state.ts";
import { openVault, readAccess } from "../servers.ts";
import { findSecret, listSecrets } from "./secrets.ts";

/** `dockmaster secret get` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. staging")
    .argument("<service>", "the service, e.g. redis")
    .argument("<name>", "the secret, as `dockmaster secret list` shows it")
    .option("--reveal", "show the value")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nAs the last update left it.\n\nExamples:\n  dockmaster secret get staging redis redis_password\n  dockmaster secret get staging redis redis_password --reveal",
    )
    .action(async (stack: string, service: string, name: string, options: { reveal?: boolean; json?: boolean }) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      const reveal = options.reveal === true;
      const secret = findSecret(listSecrets(await readState(checkout, stack, { reveal })), service, name);
      const { rests } = secret;
      let value = secret.value;
      if (reveal && "vault" in rests) {
        const vault = await openVault(await readAccess(checkout, stack));
        value = (await vault.readSecret(rests.vault))?.values?.[name]?.toString();
      }
      if (reveal && value === undefined) {
        throw new CliError(
          "no_value",
          `${name} of ${service} has no value`,
          `Update the stack: dockmaster up ${stack}`,
        );
      }
      if (options.json) printJson({ stack, service, name, ...rests, ...(reveal ? { value } : {}) });
      else printLines([reveal ? String(value) : "•••••••• (--reveal shows it)"]);
    });
}
