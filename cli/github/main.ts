#!/usr/bin/env node
// What the workflows tell GitHub. Not for people: `dockmaster --help` does not list it.
import { Command, CommanderError } from "commander";
import { EXIT } from "../exit.ts";
import { printProblem } from "../print/problem.ts";
import * as drift from "./drift.ts";
import * as preview from "./preview.ts";

const program = new Command("github")
  .description("Brings what the runner says to GitHub, through `gh`.")
  .showHelpAfterError()
  .exitOverride();
preview.define(program.command("preview").description("Tell a pull request what it would change."));
drift.define(program.command("drift").description("Keep one issue open while there is drift."));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  else process.exitCode = printProblem(error, false);
}
