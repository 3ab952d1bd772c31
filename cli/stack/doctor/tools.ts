import { runProgram } from "../../../tools/run-program.mjs";
import { laptopEnvironment } from "../run/engine.ts";
import { broken, type Finding, isAtLeast, ok } from "./finding.ts";

/** Node, git and the engine. */
export async function examineTools(folder: string): Promise<Finding[]> {
  return [examineNode(process.versions.node), await examineGit(folder), await examineEngine(folder)];
}

export function examineNode(version: string): Finding {
  if (isAtLeast(version, "24.0.0")) return ok("Node.js", version);
  return broken("Node.js", `${version}: 24 or newer is needed`, "node tools/setup.mjs, then npx dockmaster doctor");
}

async function examineGit(cwd: string): Promise<Finding> {
  try {
    const { stdout } = await runProgram("git", ["--version"], { cwd });
    return ok("git", stdout.trim().replace("git version ", ""));
  } catch {
    return broken("git", "not on PATH", "install git: https://git-scm.com/downloads");
  }
}

async function examineEngine(cwd: string): Promise<Finding> {
  try {
    const { stdout } = await runProgram("pulumi", ["version"], { cwd, env: laptopEnvironment() });
    return ok("Pulumi engine", stdout.trim());
  } catch {
    return broken("Pulumi engine", "not installed, or too old", "node tools/setup.mjs");
  }
}
