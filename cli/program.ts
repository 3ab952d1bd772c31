import { Command, CommanderError } from "commander";
import { COMMANDS } from "./commands.ts";
import { EXIT } from "./exit.ts";
import { printProblem } from "./print/problem.ts";

/** Carries out one command line. Returns the exit code, which a command sets in `process.exitCode` when it worked. */
export async function runCommandLine(words: string[]): Promise<number> {
  const program = new Command("dockmaster")
    .description("Runs a self-hosted platform on Dokploy from Git.")
    .showHelpAfterError("(--help tells how it is used)")
    .exitOverride()
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong use, 3 still running.");

  // Only the command that is called gets loaded: also for `help <command>`.
  const called = words.filter((word) => !word.startsWith("-")).slice(0, 2);
  for (const { name, group, summary, load } of COMMANDS) {
    const command = program.command(name).description(summary).helpGroup(group);
    if (called.includes(name)) (await load()).define(command);
  }

  try {
    await program.parseAsync(words, { from: "user" });
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
    return printProblem(error, words.includes("--json"));
  }
}
