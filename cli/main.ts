#!/usr/bin/env node
import { cacheCode } from "./code-cache.ts";

// Before anything else is loaded: what is loaded earlier is compiled each time.
cacheCode();
const { runCommandLine } = await import("./program.ts");
// Whoever reads may stop reading (`| head`): what was begun is brought to its end all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
process.exitCode = await runCommandLine(process.argv.slice(2));
