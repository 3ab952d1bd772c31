import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Dokploy } from "../dokploy.ts";
import { deploymentLogPath } from "../state/folders.ts";
import { newId } from "../state/ids.ts";
import type { ComposeRow, DeploymentRow, DomainRow } from "../state/records.ts";
import { composeCommand } from "./command.ts";
import { convertCompose } from "./convert-compose.ts";
import { type DeploymentLog, logBox, openDeploymentLog } from "./deployment-log.ts";
import { envFileText } from "./env-file.ts";
import type { Job, JobSignals } from "./queue.ts";
import { runCommand } from "./run-command.ts";
import { writeRawCompose } from "./write-compose.ts";

/** Files travel base64-encoded in one argument of `sh -c` (Linux: 128 KiB); found by bisection on a real server. */
const SIZE_LIMIT = 96_800;
const KEPT = 10;

/** One job from its start to its end. Reads the service as it is now, not as it was when the job was queued. */
export async function runDeployment(dokploy: Dokploy, job: Job, signals: JobSignals): Promise<void> {
  const compose = dokploy.db.composes.get(job.composeId);
  // The job of a service that was deleted while it waited just disappears.
  if (compose === undefined) return;
  const row = startRow(dokploy, compose, job);
  const log = openDeploymentLog(dokploy.folders.local(row.logPath));
  dokploy.db.composes.update(compose.composeId, { composeStatus: "running" });

  const failure = await deploy(dokploy, compose, log, signals);
  if (signals.lost.aborted) return;
  if (failure !== undefined) log.line(`${failure}\nError occurred ❌, check the logs for details.`);
  const status = failure === undefined ? "done" : "error";
  dokploy.db.deployments.update(row.deploymentId, { status, finishedAt: dokploy.now().toISOString() });
  dokploy.db.composes.update(compose.composeId, { composeStatus: status });
}

function startRow({ db, folders, now }: Dokploy, compose: ComposeRow, job: Job): DeploymentRow {
  const older = db.deployments.of(compose.composeId);
  for (const row of older.slice(0, Math.max(0, older.length - KEPT))) {
    db.deployments.remove(row.deploymentId);
    rmSync(folders.local(row.logPath), { force: true });
  }
  const at = now();
  const logPath = deploymentLogPath(compose.appName, at);
  mkdirSync(folders.logs(compose.appName), { recursive: true });
  writeFileSync(folders.local(logPath), "Initializing deployment\n");
  return db.deployments.insert({
    deploymentId: newId(),
    title: job.title,
    description: job.description,
    status: "running",
    logPath,
    pid: null,
    applicationId: null,
    composeId: compose.composeId,
    serverId: null,
    isPreviewDeployment: false,
    previewDeploymentId: null,
    createdAt: at.toISOString(),
    startedAt: at.toISOString(),
    finishedAt: null,
    errorMessage: null,
    scheduleId: null,
    backupId: null,
    rollbackId: null,
    volumeBackupId: null,
    buildServerId: null,
  });
}

/** Undefined when all went well; else what Dokploy's own catch adds to the log, which is nothing when its script failed. */
async function deploy(
  dokploy: Dokploy,
  compose: ComposeRow,
  log: DeploymentLog,
  signals: JobSignals,
): Promise<string | undefined> {
  if (compose.sourceType !== "raw") {
    const provider = compose.sourceType.charAt(0).toUpperCase() + compose.sourceType.slice(1);
    log.line(`Error: ❌ ${provider} Provider not found`);
    return "";
  }
  const folder = dokploy.folders.code(compose.appName);
  if (Buffer.byteLength(compose.composeFile) > SIZE_LIMIT) return "";
  writeRawCompose(folder, compose.composeFile);
  log.line("File 'docker-compose.yml' created: ✅");

  let command: string;
  let env: string;
  try {
    command = composeCommand(compose);
    env = compose.createEnvFile ? envText(dokploy, compose) : "";
  } catch (cause) {
    return messageOf(cause);
  }
  const converted = convert(compose, dokploy.db.domains.of(compose.composeId));
  if ("text" in converted && Buffer.byteLength(converted.text) + Buffer.byteLength(env) > SIZE_LIMIT) return "";
  log.line(head(compose, command, dokploy.db.mounts.of(compose.composeId).length));
  if ("failure" in converted) {
    log.line(converted.failure);
    return "";
  }
  writeFileSync(join(folder, "docker-compose.yml"), converted.text);
  if (compose.createEnvFile) writeFileSync(join(folder, ".env"), env);
  return await runCommand(dokploy, compose, command, log, signals);
}

function envText({ db }: Dokploy, compose: ComposeRow): string {
  const environment = db.environments.get(compose.environmentId);
  const project = environment && db.projects.get(environment.projectId);
  return envFileText({
    appName: compose.appName,
    env: compose.env,
    projectEnv: project?.env ?? "",
    environmentEnv: environment?.env ?? "",
    prefix: compose.randomize ? compose.suffix : undefined,
  });
}

function convert(compose: ComposeRow, domains: DomainRow[]): { text: string } | { failure: string } {
  try {
    const text = convertCompose(compose, domains);
    return text === undefined ? { failure: "❌ Error: Compose file not found" } : { text };
  } catch (cause) {
    return { failure: `❌ Has occurred an error: ${messageOf(cause)}` };
  }
}

function head({ appName, sourceType, composeType }: ComposeRow, command: string, mounts: number): string {
  return logBox([
    `App Name: ${appName}`,
    "Build Compose 🐳",
    `Detected: ${mounts} mounts 📂`,
    `Command: docker ${command}`,
    `Source Type: docker ${sourceType} ✅`,
    `Compose Type: ${composeType} ✅`,
  ]);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
