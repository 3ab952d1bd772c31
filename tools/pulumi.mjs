// `npm run pulumi -- <arguments>`: the engine that setup found or built, as if it were on PATH.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { engineEnvironment, enginePath } from "./engine-path.mjs";

const child = spawn(join(enginePath(), "pulumi"), process.argv.slice(2), {
  stdio: "inherit",
  env: { PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true", ...engineEnvironment() },
});
// The terminal sends Ctrl-C to both; the engine decides when to end, and this process says how it ended.
process.on("SIGINT", () => {});
child.on("close", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
