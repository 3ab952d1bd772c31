#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { COMMANDS } from "./commands.ts";
import { EXIT } from "./exit.ts";
import { printProblem } from "./print/problem.ts";

const program = new Command("dockmaster")
  .description("Runs a self-hosted platform on Dokploy from Git.")
  .showHelpAfterError("(--help tells how it is used)")
  .exitOverride()
  .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong use, 3 still running.");

// Only the command that is called gets loaded: also for `help <command>`.
const called = process.argv.slice(2).filter((word) => !word.startsWith("-"));
for (const { name, group, summary, load } of COMMANDS) {
  const command = program.command(name).description(summary).helpGroup(group);
  if (called.slice(0, 2).includes(name)) (await load()).define(command);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  else process.exitCode = printProblem(error, process.argv.includes("--json"));
}
