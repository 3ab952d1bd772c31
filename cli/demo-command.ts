import type { Command } from "commander";

/** `dockmaster demo` */
export function define(command: Command): void {
  command
    .option("--exit", "end after the last step (exit code 1 when one of them failed)")
    .option("--json", "print one JSON object per step")
    .addHelpText("after", "\nExamples:\n  npm run demo\n  npm run --silent demo -- --exit --json")
    .action(async (options) => {
      const { demo } = await import("../emulator/demo/demo.ts");
      process.exitCode = await demo(options);
    });
}
