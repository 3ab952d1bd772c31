import { EXIT } from "../exit.ts";
import { CliError } from "../problem.ts";
import { printJson } from "./print.ts";
import { paint, toTerminal } from "./terminal.ts";

/**
 * Tells people on stderr, or a program on stdout, what went wrong and what to do. Returns the exit code. A stack trace
 * is shown only for what nobody foresaw.
 */
export function printProblem(error: unknown, json: boolean): number {
  const known = error instanceof CliError ? error : ofClient(error);
  const message = known?.message ?? (error instanceof Error ? error.message : String(error));
  if (json) {
    const { code, hint } = known ?? { code: "bug", hint: "Please report it" };
    printJson({ error: { code, message, hint } });
  } else {
    const tell = (line: string) => process.stderr.write(`${toTerminal(line)}\n`);
    tell(`${paint("red", "✘", process.stderr)} ${message}`);
    if (known) tell(`  → ${known.hint}`);
    else if (error instanceof Error) tell(`${error.stack}`);
  }
  return known?.exitCode ?? EXIT.failed;
}

/**
 * What Dokploy's and Vault's clients throw says what to do as well. Told apart by name: no command loads a client for it. Programs go by
 * few codes: nobody answered, the token is refused, anything else.
 */
function ofClient(error: unknown): CliError | undefined {
  const of = error instanceof Error ? /^(Dokploy|Vault)Error$/.exec(error.name)?.[1]?.toLowerCase() : undefined;
  if (of === undefined) return undefined;
  const { message, hint, code, cause } = error as Error & { hint: string; code?: string };
  const own = code === "vault_denied" ? code : `${of}_${cause === undefined ? "failed" : "unreachable"}`;
  return new CliError(own, message, `${hint.slice(0, 1).toUpperCase()}${hint.slice(1)}`, { cause: error });
}
