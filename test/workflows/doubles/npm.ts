// Stands in for `npm ci` in a job's workspace: the modules that this checkout has installed from the same lock file.
import { existsSync, symlinkSync } from "node:fs";

const [command] = process.argv.slice(2);
if (command !== "ci" || !existsSync("package-lock.json")) {
  console.error(`npm ${process.argv.slice(2).join(" ")}: not known here`);
  process.exit(1);
}
symlinkSync(process.env.NODE_MODULES_DOUBLE ?? "", "node_modules");
