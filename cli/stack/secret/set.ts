import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { type Live, printMark } from "../../print/live.ts";
import { printJson, printLines } from "../../print/print.ts";
import { progressFor } from "../../print/progress.ts";
import { CliError, wrongUse } from "../../problem.ts";
import { readWanted } from "../adopt/adopted-service.ts";
import { planInputs } from "../adopt/planned-inputs.ts";
import { checkStack, requireSound } from "../check.ts";
import { type Checkout, findCheckout, requireStack } from "../checkout.ts";
import { createStack } from "../run/engine.ts";
import { readStateIfAny } from "../run/state.ts";
import { openVault, readAccess, setField } from "../servers.ts";
import { editStackFile, readStackConfig } from "../stack-file.ts";
import { encryptSecret, type Place } from "./encrypt.ts";
import { findSecret, listSecrets } from "./secrets.ts";

/** `dockmaster secret set` */
export function define(command: Command): void {
  command
    .argument("<stack>", "the stack, e.g. production")
    .argument("<service>", "the service, e.g. authentik")
    .argument("<name>", "the secret, as `dockmaster secret list` shows it")
    .option("--create", "make the stack in the state backend when it is new")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nThe value comes from stdin, never from the command line, where others would see it. It goes to Vault, or encrypted\ninto Pulumi.<stack>.yaml; the next update hands it to the service.\n\nExamples:\n  dockmaster secret set staging redis redis_password < password.txt\n  dockmaster secret set staging redis redis_password      # asks",
    )
    .action(async (stack: string, service: string, name: string, options: { create?: boolean; json?: boolean }) => {
      const checkout = findCheckout();
      requireStack(checkout, stack);
      if (!/^[a-z][a-z0-9-]*$/.test(service) || !/^[A-Za-z_]\w*$/.test(name)) {
        throw wrongUse(`${service} ${name} is no service and secret`, `See dockmaster secret list ${stack}`);
      }
      const inVault = readStackConfig(checkout, stack)["platform:secrets"] === "vault";
      const value = await readValue(`${name} of ${service} on ${stack}`);
      await requireTaken(checkout.folder, { stack, service, name }, value);
      if (options.create) await createStack(checkout, stack);
      const next = inVault
        ? await setInVault(checkout, { stack, service, name }, value, progressFor(options))
        : await setInStackFile(checkout, { stack, service, name }, value);
      if (options.json) printJson({ command: "secret set", stack, service, name, next });
      else printLines([`${printMark("ok")} ${name} of ${service} has its value`, `  → ${next}`]);
    });
}

async function setInVault(checkout: Checkout, place: Place, value: string, live: Live): Promise<string> {
  const { stack, name } = place;
  const vault = await openVault(await readAccess(checkout, stack));
  const path = (await pathInState(checkout, place)) ?? (await pathInPlan(checkout, place, live));
  await setField(vault, path, name, value);
  return `dockmaster up ${stack}, or the next deploy, hands it to the service`;
}

/** Undefined when no update has put it into Vault yet. */
async function pathInState(checkout: Checkout, { stack, service, name }: Place): Promise<string | undefined> {
  const known = listSecrets(await readStateIfAny(checkout, stack));
  const found = known.find((secret) => secret.service === service && secret.name === name);
  return found && "vault" in found.rests ? found.rests.vault : undefined;
}

/** Where the first update with secrets in Vault would put it, so that a value can be there before. Throws CliError. */
async function pathInPlan(checkout: Checkout, { stack, service, name }: Place, live: Live): Promise<string> {
  const { services } = await requireSound(checkout.folder, stack);
  const stackFile = readFileSync(join(checkout.folder, `Pulumi.${stack}.yaml`), "utf8");
  const wanted = readWanted(await planInputs(checkout, stack, stackFile, live), service, services);
  const secrets = (wanted?.inVault ?? []).map(({ path, field }) => ({ service, name: field, rests: { vault: path } }));
  return findSecret(secrets, service, name).rests.vault;
}

async function setInStackFile(checkout: Checkout, place: Place, value: string): Promise<string> {
  const { stack, service, name } = place;
  const file = `Pulumi.${stack}.yaml`;
  const path = join(checkout.folder, file);
  const before = readFileSync(path, "utf8");
  await encryptSecret(checkout, path, place, value);
  // The program knows which services and secrets there are, also before the first update.
  const { problems } = await checkStack(checkout.folder, stack);
  const problem = problems.find(({ message }) => message.includes(`platform:${service}`));
  if (problem) {
    editStackFile(checkout, stack, () => before);
    throw wrongUse(`${name} of ${service} cannot be set: ${problem.message}`, problem.hint);
  }
  return `commit ${file} (the value in it is encrypted); the next update hands it to the service`;
}

/** Throws CliError when the service, or one that borrows the secret, cannot take the value. */
async function requireTaken(folder: string, { stack, service, name }: Place, value: string): Promise<void> {
  const { problems } = await checkStack(folder, stack, { service, name, value });
  const [problem] = problems;
  if (problem) throw wrongUse(`${name} of ${service} cannot be set: ${problem.message}`, problem.hint);
}

async function readValue(what: string): Promise<string> {
  if (process.stdin.isTTY) {
    const { isCancel, password } = await import("@clack/prompts");
    const typed = await password({ message: `Value for ${what}:` });
    if (isCancel(typed) || typed === "") throw new CliError("not_confirmed", "Nothing was set", "Run it again");
    return typed;
  }
  const chunks = await Array.fromAsync(process.stdin as AsyncIterable<Buffer>);
  const value = decode(Buffer.concat(chunks)).replace(/\r?\n$/, "");
  if (value !== "") return value;
  throw wrongUse("There is no value on stdin", "Hand it over: dockmaster secret set … < file");
}

/** Whatever is no text would be stored as something else. Throws CliError. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw wrongUse("The value on stdin is no text (UTF-8)", "Encode it, e.g. with base64, or choose another value");
  }
}
