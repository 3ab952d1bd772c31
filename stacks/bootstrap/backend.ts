import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Problem } from "../../components/compose/problem.ts";
import { reachOf, STATE_RULE } from "../config/state-backend.ts";

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

/** Secrets that sign the runner in to a shared state; in Vault they tell that it has one. */
const SHARED = ["PULUMI_BACKEND_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "PULUMI_ACCESS_TOKEN"] as const;

/** Where the runner keeps the state of the environments. */
export interface BackendPlan {
  /** `PULUMI_BACKEND_URL`, where it may be seen. Without one the runner keeps a folder in its data volume. */
  env: Record<string, string>;
  /** Names of secrets that it needs. */
  secrets: (typeof SHARED)[number][];
  /** Names of secrets that Vault has only for a runner whose state is elsewhere. */
  unwanted: readonly string[];
  /** What people should know of it. */
  note?: string;
}

const HINT = `sign in to another one, e.g. \`pulumi login s3://state?region=…\` or \`pulumi login postgres://…\`: ${STATE_RULE}`;

/**
 * Decides where the runner's state is, from where this laptop's is: the same one when it is shared, else a folder of the runner's own.
 * `named` are the secrets that the config asks for.
 */
export function planBackend(
  url: string | undefined,
  named: readonly string[],
): { plan?: BackendPlan; problems: Problem[] } {
  const refuse = (message: string) => ({ problems: [{ file: "PULUMI_BACKEND_URL", message, hint: HINT }] });
  const accept = (plan: Omit<BackendPlan, "unwanted">) => ({ plan: { unwanted: [], ...plan }, problems: [] });
  if (url === undefined) return refuse("nobody is signed in to a state backend");
  const reach = reachOf(url);
  if (reach === "unknown") return refuse(`the runner cannot sign in to ${url.replace(/:\/\/.*$/s, "://")}`);
  if (reach === "folder") {
    if (named.includes("PULUMI_BACKEND_URL"))
      return refuse(
        "is below `bootstrap:runner.secrets`, and here the state is in a folder: the runner's would be elsewhere",
      );
    const note = `The runner keeps its state in a folder of its data volume: ${STATE_RULE}. The state of this stack is in ${url}: back that up too.`;
    return {
      plan: { env: {}, secrets: [], unwanted: SHARED.filter((name) => !named.includes(name)), note },
      problems: [],
    };
  }
  // Its address holds a password, or may do so one day.
  if (url.startsWith("postgres")) return accept({ env: {}, secrets: ["PULUMI_BACKEND_URL"] });
  const secrets: BackendPlan["secrets"] = url.startsWith("s3:")
    ? ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
    : ["PULUMI_ACCESS_TOKEN"];
  return accept({ env: { PULUMI_BACKEND_URL: url }, secrets });
}
