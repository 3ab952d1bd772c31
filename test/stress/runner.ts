// `npm start`'s runner with one difference: it kills itself, once, when it comes to the point that KILL_AT names. So every
// point is hit exactly, also one that lasts a millisecond.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nameOwner } from "../../automation/claim/owner.ts";
import { readConfig } from "../../automation/config.ts";
import { createVariables } from "../../automation/environment.ts";
import { createLog } from "../../automation/log.ts";
import { startRunner } from "../../automation/start.ts";
import type { RunEvents } from "../../automation/work/perform.ts";

const { KILL_AT, ...env } = process.env;
const variables = createVariables(env);
const config = readConfig(variables);
const killed = join(config.dataDir, `killed-at-${KILL_AT}`);

function reach(point: string): void {
  if (point !== KILL_AT || existsSync(killed)) return;
  writeFileSync(killed, "");
  process.kill(process.pid, "SIGKILL");
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
  const append: RunEvents["append"] = async (added) => {
    await events.append(added);
    for (const { type, data } of added) if (type === "phase") reach(`${(data as { name: string }).name} begun`);
  };
  return { ...events, note, append };
}

const runner = await startRunner({
  config,
  variables,
  env,
  log: createLog(config.logLevel, (line) => line),
  version: "stress",
  owner: nameOwner(),
  perform: (dispatch) => async (spec, events, stop) => {
    reach("claimed");
    const ending = await dispatch(spec, watchedEvents(events), stop);
    reach("before the end is on record");
    return ending;
  },
});
process.on("SIGTERM", () => runner.stop(config.graceMs).then(() => process.exit(0)));
