import { join } from "node:path";
import { prepareHome } from "../../tools/shortcuts/engine-home.ts";

/** Makes a home for a test's engine: without a log of its own, as the runner's. Returns what the engine is to be told. */
export async function engineHome(folder: string): Promise<{ PULUMI_HOME: string; NODE_COMPILE_CACHE: string }> {
  const home = join(folder, "home");
  await prepareHome(home, false);
  return { PULUMI_HOME: home, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "" };
}
