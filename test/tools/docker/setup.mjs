// Makes real Docker usable where it can be: an engine that answers and Compose v2. Runs on Node >= 20 without any
// dependency, says what it does on stderr, is quick when there is nothing to do, and ends with 3 where Docker cannot be had.
import { run, Unavailable } from "./command.mjs";
import { composeVersion, ensureCompose } from "./compose.mjs";
import { engineFacts, engineVersion, ensureEngine } from "./engine.mjs";

try {
  await ensureEngine();
  await ensureCompose();
  const cli = run("docker", ["version", "--format", "{{.Client.Version}}"]).output;
  console.error(`  Docker engine ${engineVersion()} (${engineFacts()}), CLI ${cli}, Compose ${composeVersion()}`);
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  console.error(`  No Docker here: ${error.message}`);
  process.exitCode = 3;
}
