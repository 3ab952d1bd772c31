import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { backendFolder, placeOf, type StackPlace } from "../../../automation/state/backend.ts";
import type { Checkout } from "../checkout.ts";

/** Where the state backend of this shell keeps a stack; undefined when that is no folder. */
export async function findPlace(
  checkout: Checkout,
  stack: string,
  env: NodeJS.ProcessEnv,
): Promise<StackPlace | undefined> {
  const backend = findBackend(env);
  if (backend === undefined || backendFolder(backend) === undefined) return undefined;
  // Every command of the engine comes by here, and most have no folder for their state.
  const { readProject } = await import("../project.ts");
  return placeOf(backend, readProject(checkout), stack);
}

/** The state backend of this shell; undefined where nobody signed in to one. */
export function findBackend(env: NodeJS.ProcessEnv): string | undefined {
  return env.PULUMI_BACKEND_URL ?? readLogin(env);
}

/** The backend that `pulumi login` noted. */
function readLogin(env: NodeJS.ProcessEnv): string | undefined {
  const folder = env.PULUMI_CREDENTIALS_PATH ?? env.PULUMI_HOME ?? join(homedir(), ".pulumi");
  try {
    return (JSON.parse(readFileSync(join(folder, "credentials.json"), "utf8")) as { current?: string }).current;
  } catch {
    return undefined;
  }
}
