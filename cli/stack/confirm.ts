import { toTerminal } from "../print/terminal.ts";
import { CliError, wrongUse } from "../problem.ts";

/** Throws CliError (exit code 2) when a question would have nobody to answer it. */
export function requireAnswers(options: { yes?: boolean; json?: boolean }): void {
  if (options.yes || (!options.json && process.stdin.isTTY && process.stdout.isTTY)) return;
  throw wrongUse("This asks before it does anything, and there is no terminal to ask in", "Say --yes when you mean it");
}

/** Asks yes or no. Throws CliError when the answer is no. */
export async function askToGoOn(question: string): Promise<void> {
  const { confirm } = await import("@clack/prompts");
  const answer = await confirm({ message: toTerminal(question), initialValue: false });
  if (answer === true) return;
  throw notDone();
}

/** Has a name typed, for what cannot be taken back. Throws CliError when it is another one. */
export async function askForName(question: string, name: string): Promise<void> {
  const { isCancel, text } = await import("@clack/prompts");
  const answer = await text({ message: toTerminal(`${question} Type "${name}" to go on:`) });
  if (!isCancel(answer) && answer === name) return;
  throw notDone();
}

function notDone(): CliError {
  return new CliError("not_confirmed", "Nothing was done", "Run it again and confirm when you mean it");
}
