import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settingsEnvironment } from "../../../automation/engine/stack-settings.ts";
import type { Checkout } from "../checkout.ts";
import { runProgram } from "./run-program.ts";

/**
 * Servers and keys of a stack as its file says them now, where the environment does not say them. `engine` answers the engine's own
 * environment, only when something is encrypted. `file` is the copy that the engine gets; default the checkout's own.
 */
export function stackSettings(
  { folder }: Checkout,
  stack: string,
  engine: () => NodeJS.ProcessEnv,
  file: string = join(folder, `Pulumi.${stack}.yaml`),
): Promise<Record<string, string>> {
  const words = ["config", "--show-secrets", "--json", "--stack", stack, "--config-file", file, "--non-interactive"];
  return settingsEnvironment(readFileSync(file, "utf8"), process.env, async () => {
    const { code, stdout } = await runProgram("pulumi", words, { cwd: folder, env: engine() });
    return code === 0 ? JSON.parse(stdout) : undefined;
  });
}
