import { showLines } from "../text/characters.ts";
import { knownSecrets } from "./config.ts";
import { createVariables } from "./environment.ts";
import { createMask } from "./mask.ts";

/**
 * Masks what a process of the runner says before it has a log. A variable that cannot be read is no reason to say nothing: most likely
 * it is what is said.
 */
export function maskEarly(text: string, env: NodeJS.ProcessEnv): string {
  const variables = createVariables(env);
  const get = (name: string) => {
    try {
      return variables.get(name);
    } catch {
      return undefined;
    }
  };
  return showLines(createMask(() => knownSecrets({ ...variables, get }))(text));
}
