import { userInfo } from "node:os";
import { showLine } from "../../text/characters.ts";

/** Who asks, for the run's record: the person behind a workflow, else whoever is logged in. */
export function whoAsks(env: NodeJS.ProcessEnv = process.env): string {
  if (env.GITHUB_ACTIONS === "true") return showLine(`${env.GITHUB_ACTOR ?? "somebody"} (GitHub Actions)`);
  return showLine(userInfo().username);
}
