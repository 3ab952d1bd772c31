// `npm start`'s runner with one difference: it kills itself, once, when it comes to the point that KILL_AT names. So every
// point is hit exactly, also one that lasts a millisecond.
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nameOwner } from "../../automation/claim/owner.ts";
import { readConfig } from "../../automation/config.ts";
import { createVariables } from "../../automation/environment.ts";
import { createLog } from "../../automation/log.ts";
import { startRunner } from "../../automation/start.ts";
import type { RunEvents, WorkContext } from "../../automation/work/perform.ts";
import { performRun } from "../../automation/work/update.ts";
import { findEngine } from "../../tools/engine-path.mjs";

const { KILL_AT, ...env } = process.env;
const variables = createVariables(env);
const config = readConfig(variables);
const killed = join(config.dataDir, `killed-at-${KILL_AT}`);

function reach(point: string): void {
  if (point !== KILL_AT || existsSync(killed)) return;
  writeFileSync(killed, "");
  process.kill(process.pid, "SIGKILL");
}

/** What work is done with, telling when a run comes to a point. */
function watched(context: WorkContext): WorkContext {
  const { mirror } = context;
  const git: typeof mirror.git = async (words, options) => {
    if (words[0] === "worktree" && words[1] === "add") reach("before the worktree is made");
    if (words[0] === "checkout") reach("before the worktree is changed");
    const said = await mirror.git(words, options);
    if (words[0] === "worktree" && words[1] === "add") reach("worktree made");
    return said;
  };
  const fetch = async () => {
    reach("before the fetch");
    await mirror.fetch();
    reach("fetched");
  };
  return { ...context, mirror: { ...mirror, git, fetch } };
}

/** A run's events, telling when it comes to a point. */
function watchedEvents(events: RunEvents): RunEvents {
  const note: RunEvents["note"] = async (patch) => {
    if (patch.attempts !== undefined) reach("before the session is on record");
    await events.note(patch);
    if (patch.session?.lockId) reach("lock on record");
    else if (patch.attempts !== undefined) reach("session on record");
    else if (patch.session === null) reach("engine ended");
  };
  return { ...events, note };
}

const engine = findEngine();
if (!engine) throw new Error("there is no engine");
const runner = await startRunner({
  config,
  variables,
  env,
  log: createLog(config.logLevel, (line) => line),
  folder: fileURLToPath(new URL("../..", import.meta.url)),
  enginePath: [engine, dirname(process.execPath), env.PATH].join(":"),
  version: "stress",
  owner: nameOwner(),
  perform: (context) => async (spec, events, stop) => {
    reach("claimed");
    const ending = await performRun(watched(context), spec, watchedEvents(events), stop);
    reach("before the end is on record");
    return ending;
  },
});
process.on("SIGTERM", () => runner.stop(config.graceMs).then(() => process.exit(0)));
