import { existsSync, rmSync } from "node:fs";
import { z } from "zod";
import { namesOf } from "../deploy/run-command.ts";
import { badRequest } from "../rpc/error.ts";
import { type Call, mutation, type Procedures, query } from "../rpc/procedure.ts";
import { findCompose } from "./access.ts";
import { composeId } from "./compose-schema.ts";
import { tailLines } from "./tail.ts";

const wanted = z.object({ composeId, title: z.string().optional(), description: z.string().optional() });
const one = z.object({ composeId });

/** What makes containers of a record, and what looks at them. */
export const composeRunProcedures: Procedures = {
  "compose.deploy": mutation(wanted, (input, call) => enqueue(call, "deploy", input)),
  "compose.redeploy": mutation(wanted, (input, call) => enqueue(call, "redeploy", input)),
  "compose.stop": mutation(one, async (input, call) => {
    const { appName } = findCompose(call, input.composeId);
    const { db, containers, folders } = call.dokploy;
    const { ok, message } = existsSync(folders.code(appName)) ? await containers.stop(appName) : neverDeployed;
    db.composes.update(input.composeId, { composeStatus: ok ? "idle" : "error" });
    if (!ok) throw new Error(`Command execution failed: ${message}`);
    return true;
  }),
  "compose.start": mutation(one, async (input, call) => {
    const { appName } = findCompose(call, input.composeId);
    const { db, containers, folders } = call.dokploy;
    const folder = folders.code(appName);
    // The files on disk, not the record; and without the service's own command.
    const { ok, message } = existsSync(folder) ? await containers.start(appName, folder) : neverDeployed;
    db.composes.update(input.composeId, { composeStatus: ok ? "done" : "idle" });
    if (!ok) throw new Error(`Command execution failed: ${message}`);
    return true;
  }),
  "compose.cleanQueues": mutation(one, (input, call) => {
    findCompose(call, input.composeId);
    call.dokploy.queue.clean(input.composeId);
    return { success: true, message: "Queues cleaned successfully" };
  }),
  // `pkill -2 -f "docker compose"` on the whole server: every project's run is interrupted.
  "compose.killBuild": mutation(one, (input, call) => {
    findCompose(call, input.composeId);
    call.dokploy.queue.killRunning();
  }),
  "compose.cancelDeployment": mutation(one, (input, call) => {
    findCompose(call, input.composeId);
    throw badRequest("Deployment cancellation only available in cloud version");
  }),
  // Removes the log folder only: the rows stay and their logs read as an empty line.
  "compose.clearDeployments": mutation(one, (input, call) => {
    const { appName } = findCompose(call, input.composeId);
    rmSync(call.dokploy.folders.logs(appName), { recursive: true, force: true });
    return true;
  }),
  "compose.readLogs": query(
    z.object({
      composeId,
      containerId: z
        .string()
        .min(1)
        .regex(/^[a-zA-Z0-9.\-_]+$/, "Invalid container id."),
      tail: z.number().int().min(1).max(10_000).default(100),
      since: z
        .string()
        .regex(/^(all|\d+[smhd])$/)
        .default("all"),
      search: z
        .string()
        .regex(/^[a-zA-Z0-9 ._-]{0,500}$/)
        .optional(),
    }),
    async (input, call) => {
      findCompose(call, input.composeId);
      const { containerId, tail, since, search } = input;
      const text = await call.dokploy.containers.logs(containerId, tail);
      const oldest = call.dokploy.now().getTime() - milliseconds(since);
      const lines =
        text === undefined
          ? [`Error response from daemon: No such container: ${containerId}`]
          : tailLines(text, tail).filter((line) => !(Date.parse(line.split(" ", 1)[0] ?? "") < oldest));
      if (search === undefined || search === "") return lines.map((line) => `${line}\n`).join("");
      // What Docker says goes through `grep -iF`, which fails when it finds nothing.
      const found = lines.filter((line) => line.toLowerCase().includes(search.toLowerCase()));
      if (found.length > 0) return found.map((line) => `${line}\n`).join("");
      const sinceFlag = since === "all" ? "" : `--since ${since}`;
      const logs = `docker container logs --timestamps --tail ${tail} ${sinceFlag} ${containerId} 2>&1`;
      throw new Error(`Command execution failed: Command failed: ${logs} | grep -iF '${search}'\n`);
    },
  ),
};

const neverDeployed = { ok: false, message: "spawn /bin/sh ENOENT" };

const TITLES = { deploy: "Manual deployment", redeploy: "Rebuild deployment" };
const ANSWERS = { deploy: "Deployment queued", redeploy: "Redeployment queued" };

/** The answer holds no deployment id: the row appears when the job starts. */
function enqueue(call: Call, type: "deploy" | "redeploy", input: z.output<typeof wanted>) {
  const compose = findCompose(call, input.composeId);
  const { composeId } = compose;
  const title = input.title || TITLES[type];
  const { faults, queue } = call.dokploy;
  const lost = faults.takeForDeployment("lose-job", namesOf(compose)) !== undefined;
  if (!lost) queue.add({ composeId, title, description: input.description ?? "", type });
  return { success: true, message: ANSWERS[type], composeId };
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function milliseconds(since: string): number {
  if (since === "all") return Number.POSITIVE_INFINITY;
  return Number(since.slice(0, -1)) * (UNITS[since.slice(-1)] ?? 0);
}
