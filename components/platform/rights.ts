import { readCompose } from "../compose/reading/read.ts";
import { findRights } from "../compose/rights/find-rights.ts";

/**
 * Names of what the containers of a compose file take of the server, as `x-dockmaster` would allow them; of a file that cannot be read
 * nothing is known. `env`: values of its variables.
 */
export function rightsOfContainers(text: string, env: Readonly<Record<string, string>> = {}): string[] {
  const { reading } = readCompose("compose.yaml", text, (name) => env[name]);
  if (!reading) return [];
  const rights = findRights(reading.seen, { service: "", suffix: "" }).filter(({ path }) => path[0] === "services");
  return [...new Set(rights.map(({ names: [name] }) => name))].sort();
}
