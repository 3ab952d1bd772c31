import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** Plugins that this folder has a stand-in for. */
export type StandIn = "command" | "docker" | "github" | "vault";

/** A PATH on which the engine finds a plugin. */
export interface PluginPath {
  path: string;
  /** `real` or `stand-in`, for what a test prints. */
  kind: "real" | "stand-in";
  remove(): void;
}

/** The real plugin where it is installed (on PATH or by the engine), else the stand-in; says which. */
export function withPlugin(name: StandIn, env: NodeJS.ProcessEnv): PluginPath {
  const path = env.PATH ?? "";
  if (isInstalled(name, env)) return { path, kind: "real", remove: () => {} };
  const program = `pulumi-resource-${name}`;
  // A folder with this one only: another plugin's stand-in must not hide a real one.
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-plugin-"));
  symlinkSync(join(import.meta.dirname, program), join(folder, program));
  console.log(`${program} is not installed here: a stand-in does its work`);
  return {
    path: `${folder}${delimiter}${path}`,
    kind: "stand-in",
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function isInstalled(name: StandIn, env: NodeJS.ProcessEnv): boolean {
  const folders = (env.PATH ?? "").split(delimiter).filter(Boolean);
  if (folders.some((folder) => isExecutable(join(folder, `pulumi-resource-${name}`)))) return true;
  const plugins = join(env.PULUMI_HOME || join(homedir(), ".pulumi"), "plugins");
  return existsSync(plugins) && readdirSync(plugins).some((entry) => entry.startsWith(`resource-${name}-v`));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
