import { isUnknownStack } from "../../../automation/engine/command.ts";
import { runProgram } from "../../../tools/run-program.mjs";
import { CliError } from "../../problem.ts";
import type { Checkout } from "../checkout.ts";
import { laptopEnvironment, unknownStack } from "../run/engine.ts";

/** One secret of a service. */
export interface Place {
  stack: string;
  service: string;
  name: string;
}

/** Writes a given value, encrypted with the stack's key, into a stack file. The stack must be in the state backend. Throws CliError. */
export async function encryptSecret(checkout: Checkout, file: string, place: Place, value: string): Promise<void> {
  const key = `platform:${place.service}.secrets.${place.name}`;
  const words = ["config", "set", "--secret", "--path", key, "--stack", place.stack, "--non-interactive"];
  const env = laptopEnvironment();
  const { code, stderr } = await runProgram("pulumi", [...words, "--config-file", file], {
    cwd: checkout.folder,
    env,
    input: value,
  });
  if (code === 0) return;
  if (isUnknownStack(stderr)) throw await unknownStack(checkout, place.stack, env);
  const said = stderr.replaceAll(value, "[secret]").trim();
  throw new CliError("not_set", `The engine did not take it: ${said}`, "Check PULUMI_CONFIG_PASSPHRASE");
}
