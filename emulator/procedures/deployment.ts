import { existsSync, readFileSync, rmSync } from "node:fs";
import { z } from "zod";
import type { Job } from "../deploy/queue.ts";
import { badRequest, notFound } from "../rpc/error.ts";
import { bareQuery, type Call, mutation, type Procedures, query } from "../rpc/procedure.ts";
import type { DeploymentRow } from "../state/records.ts";
import { isOutsider } from "./access.ts";
import { tailLines } from "./tail.ts";

const deploymentId = z.string().min(1);

export const deploymentProcedures: Procedures = {
  // An unknown service has no deployments; it is not an error.
  "deployment.allByCompose": query(z.object({ composeId: z.string().min(1) }), (input, call) =>
    call.dokploy.db.deployments.of(input.composeId).reverse(),
  ),
  "deployment.allByType": query(
    z.object({
      id: z.string().min(1),
      type: z.enum(["application", "compose", "server", "schedule", "previewDeployment", "backup", "volumeBackup"]),
    }),
    (input, call) => {
      if (input.type !== "compose") return [];
      return call.dokploy.db.deployments
        .of(input.id)
        .reverse()
        .map((row) => ({ ...row, rollback: null }));
    },
  ),
  "deployment.queueList": bareQuery((call) => {
    if (isOutsider(call)) return [];
    return call.dokploy.queue.list().map((job) => queueRow(call, job));
  }),
  "deployment.readLogs": query(
    z.object({ deploymentId, tail: z.number().int().min(1).max(10_000).default(100) }),
    (input, call) => {
      const file = call.dokploy.folders.local(findDeployment(call, input.deploymentId).logPath);
      if (!existsSync(file)) return "\n";
      return `${tailLines(readFileSync(file, "utf8"), input.tail).join("\n")}\n`;
    },
  ),
  // Compose deployments have no pid, so there is never anything to kill.
  "deployment.killProcess": mutation(z.object({ deploymentId }), (input, call) => {
    findDeployment(call, input.deploymentId);
    throw badRequest("Deployment is not running");
  }),
  "deployment.removeDeployment": mutation(z.object({ deploymentId }), (input, call) => {
    const row = findDeployment(call, input.deploymentId);
    rmSync(call.dokploy.folders.local(row.logPath), { force: true });
    return call.dokploy.db.deployments.remove(row.deploymentId);
  }),
};

function findDeployment({ dokploy }: Call, id: string): DeploymentRow {
  const row = dokploy.db.deployments.get(id);
  if (row === undefined) throw notFound("Deployment");
  return row;
}

function queueRow({ dokploy: { db } }: Call, job: Job) {
  const { id, composeId, title, description, type, timestamp, processedOn } = job;
  const environmentId = db.composes.get(composeId)?.environmentId;
  const projectId = environmentId === undefined ? undefined : db.environments.get(environmentId)?.projectId;
  return {
    id,
    name: "deployments",
    data: {
      composeId,
      titleLog: title,
      type,
      applicationType: "compose",
      descriptionLog: description,
      server: false,
    },
    timestamp,
    processedOn,
    state: processedOn === undefined ? "waiting" : "active",
    servicePath: {
      href:
        projectId === undefined
          ? null
          : `/dashboard/project/${projectId}/environment/${environmentId}/services/compose/${composeId}`,
      label: "Compose",
    },
  };
}
