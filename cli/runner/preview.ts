import { wrongUse } from "../problem.ts";
import { readRunnerAddress } from "./address.ts";
import { whoAsks } from "./asker.ts";
import { givenUpBody } from "./options.ts";
import { requestRun } from "./request-run.ts";

/** What to preview, and how it is told. */
export interface RunnerPreviewOptions {
  tag?: string;
  commit?: string;
  timeout: string;
  giveUp: string[];
  summary?: string;
  json?: boolean;
}

/** Lets the runner preview a release or a commit of the repository. Returns the exit code. Throws CliError. */
export async function askForPreview(env: string, options: RunnerPreviewOptions): Promise<number> {
  const { tag, commit, giveUp, json, summary } = options;
  if ((tag === undefined) === (commit === undefined)) {
    throw wrongUse("--runner previews a release or a commit", "Say --tag v1.2.4 or --commit <sha>, not both");
  }
  const body = { env, ...(tag === undefined ? { commit } : { tag }), triggered_by: whoAsks(), ...givenUpBody(giveUp) };
  return await requestRun(
    readRunnerAddress(process.env, { asksFor: "preview" }),
    "/preview",
    body,
    { ...options, wait: true },
    {
      command: "preview",
      ...(json ? { json } : {}),
      ...(summary === undefined ? {} : { summary }),
      only: null,
      planned: true,
    },
  );
}
