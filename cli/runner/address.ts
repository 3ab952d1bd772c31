import type { SigningVariable } from "../../automation/domain/rights.ts";
import { createVariables, type Variables } from "../../automation/environment.ts";
import type { RunnerAddress } from "../client.ts";
import { CliError, wrongUse } from "../problem.ts";

/** Variables whose value may sign a request: the first that is set does. A preview may have a secret of its own. */
const SIGNING = {
  any: ["PRODUCTION_SECRET", "WEBHOOK_SECRET"],
  preview: ["PRODUCTION_SECRET", "PREVIEW_SECRET", "WEBHOOK_SECRET"],
} as const satisfies Record<string, readonly SigningVariable[]>;

/**
 * The runner that the environment names: `DOCKMASTER_URL`, and `PRODUCTION_SECRET` or `WEBHOOK_SECRET`, each also as `<NAME>_FILE`. Of
 * several secrets (one is being rotated) the first signs. Throws CliError with exit code 2 when one is missing or wrong.
 */
export function readRunnerAddress(
  env: NodeJS.ProcessEnv = process.env,
  { asksFor = "any" }: { asksFor?: keyof typeof SIGNING } = {},
): RunnerAddress {
  const variables = createVariables(env);
  const url = read(variables, "DOCKMASTER_URL");
  if (url === undefined) {
    throw wrongUse(
      "DOCKMASTER_URL is not set: the address of the runner",
      "Set it, e.g. export DOCKMASTER_URL=https://iac.example.org",
    );
  }
  if (!/^https?:\/\/[^/\s]/.test(url) || !URL.canParse(url)) {
    throw wrongUse("DOCKMASTER_URL is not an address", "Write it with its scheme, e.g. https://iac.example.org");
  }
  const secret = SIGNING[asksFor]
    .flatMap((name) => read(variables, name)?.split(",") ?? [])
    .map((part) => part.trim())
    .find(Boolean);
  if (secret === undefined) {
    throw wrongUse(
      "WEBHOOK_SECRET is not set: requests to the runner are signed with it",
      "Set it to the runner's value, or WEBHOOK_SECRET_FILE to a file that holds it; for production PRODUCTION_SECRET where the runner has one",
    );
  }
  return { url, secret };
}

/** Whether the environment names a runner. */
export function hasRunnerAddress(env: NodeJS.ProcessEnv = process.env): boolean {
  return Boolean(env.DOCKMASTER_URL || env.DOCKMASTER_URL_FILE);
}

function read(variables: Variables<string>, name: string): string | undefined {
  try {
    return variables.get(name);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CliError("wrong_use", message, "Fix or unset the variable", { exitCode: 2, cause });
  }
}
