#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { EXIT } from "./exit.ts";

const program = new Command("dockmaster")
  .description("Runs a self-hosted platform on Dokploy from Git.")
  .showHelpAfterError()
  .exitOverride()
  .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong use, 3 still running.");

program
  .command("demo")
  .description("Show the whole way on this machine: Git tag, runner, Pulumi engine, an emulated Dokploy.")
  .option("--exit", "end after the last step (exit code 1 when one of them failed)")
  .option("--json", "print one JSON object per step")
  .addHelpText("after", "\nExamples:\n  npm run demo\n  npm run --silent demo -- --exit --json")
  .action(async (options) => {
    const { demo } = await import("./demo/demo.ts");
    process.exitCode = await demo(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  else {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = EXIT.failed;
  }
}
