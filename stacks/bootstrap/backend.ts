import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Problem } from "../../components/compose/problem.ts";

/** Where the state is: what the environment says, else where `pulumi login` went. Undefined when nobody is signed in. */
export function findBackend(env: NodeJS.ProcessEnv): string | undefined {
  if (env.PULUMI_BACKEND_URL) return env.PULUMI_BACKEND_URL;
  const file = join(env.PULUMI_HOME || join(env.HOME || homedir(), ".pulumi"), "credentials.json");
  try {
    const { current } = JSON.parse(readFileSync(file, "utf8")) as { current?: unknown };
    return typeof current === "string" && current !== "" ? current : undefined;
  } catch {
    return undefined;
  }
}

/** What the runner needs to reach the same state. */
export interface BackendPlan {
  /** `PULUMI_BACKEND_URL`, where it may be seen. */
  env: Record<string, string>;
  /** Names of secrets. */
  secrets: ("AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "PULUMI_ACCESS_TOKEN" | "PULUMI_BACKEND_URL")[];
}

const HINT =
  "use one that runner, laptops and Actions share, e.g. `pulumi login s3://state?region=…` or `pulumi login postgres://…`";

/** Insists on a state that is shared: with one of its own the runner would make everything once more. */
export function planBackend(url: string | undefined): { plan?: BackendPlan; problems: Problem[] } {
  const refuse = (message: string) => ({ problems: [{ file: "PULUMI_BACKEND_URL", message, hint: HINT }] });
  if (url === undefined) return refuse("nobody is signed in to a state backend");
  const scheme = /^([a-z0-9+]+):\/\//.exec(url)?.[1] ?? "";
  if (scheme === "file") return refuse("the state is in a folder of this machine, where the runner cannot reach it");
  if (scheme === "s3") {
    const secrets: BackendPlan["secrets"] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    return { plan: { env: { PULUMI_BACKEND_URL: url }, secrets }, problems: [] };
  }
  if (/^https?$/.test(scheme)) {
    return { plan: { env: { PULUMI_BACKEND_URL: url }, secrets: ["PULUMI_ACCESS_TOKEN"] }, problems: [] };
  }
  // Its address holds a password, or may do so one day.
  if (/^postgres(ql)?$/.test(scheme)) return { plan: { env: {}, secrets: ["PULUMI_BACKEND_URL"] }, problems: [] };
  return refuse(`the runner cannot sign in to ${scheme}://`);
}
