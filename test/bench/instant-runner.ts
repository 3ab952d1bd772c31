// `npm start`'s runner whose runs are done at once: what is measured is HTTP, the release rules and the store.
import { nameOwner } from "../../automation/claim/owner.ts";
import { readConfig } from "../../automation/config.ts";
import { createVariables } from "../../automation/environment.ts";
import { createLog } from "../../automation/log.ts";
import { startRunner } from "../../automation/start.ts";

const variables = createVariables(process.env);
const config = readConfig(variables);
const runner = await startRunner({
  config,
  variables,
  env: process.env,
  log: createLog(config.logLevel, (line) => line),
  version: "bench",
  owner: nameOwner(),
  perform: () => async () => ({ verdict: { next: "succeed", cause: null }, outcomes: [] }),
});
process.on("SIGTERM", () => runner.stop(0).then(() => process.exit(0)));
