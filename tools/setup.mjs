// Installs what this checkout lacks: npm dependencies (they bring Node 24) and the Pulumi engine. Runs on Node >= 20
// without any dependency, prints its progress to stderr and is quick when there is nothing to do.
import { installDependencies } from "./setup/dependencies.mjs";
import { installEngine } from "./setup/engine.mjs";

const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  console.error(
    `Node.js ${process.versions.node} is too old: install Node.js 20 or newer, then run the command again.`,
  );
  process.exit(1);
}

// Both at once: npm waits for the network while the engine is built. When one fails, the other ends too.
const stop = new AbortController();
const wanted = [installDependencies(stop.signal)];
if (!process.argv.includes("--no-engine")) wanted.push(installEngine(stop.signal));
try {
  await Promise.all(wanted);
} catch (error) {
  stop.abort();
  await Promise.allSettled(wanted);
  console.error(`\nSetup failed: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
