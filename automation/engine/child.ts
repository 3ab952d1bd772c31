// The process of one update: leads a session of its own, so that nothing it starts can outlive it unnoticed. The
// Automation API is loaded only here: it costs 145 MB, and a crash of the program stays here.

import { execFile } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import {
  ConcurrentUpdateError,
  LocalWorkspace,
  PulumiCommand,
  Stack,
  StackNotFoundError,
} from "@pulumi/pulumi/automation/index.js";
import { SemVer } from "semver";
import { ENGINE_VERSION } from "../../tools/engine-path.mjs";
import type { TimedRecord } from "../domain/engine-record.ts";
import { refuseUnknown } from "../domain/give-up.ts";
import { checkpointSettings } from "../state/checkpoints.ts";
import { writeStateCopy } from "../state/state-copies.ts";
import { cutEvent } from "./cut.ts";
import { type EngineEnd, type EngineJob, type EngineMessage, type LeaseMessage, SAID_LIMIT } from "./messages.ts";
import { describeSession, killSession } from "./session.ts";
import { settingsEnvironment } from "./stack-settings.ts";

/** How long before the lease runs out an engine begins to end itself, and how long that may take, in milliseconds. */
const LEASE_MARGIN = 2_500;
const END_TIME = 1_500;

let canceled = false;

// What `PulumiCommand.get` makes after it asked the engine for its version, 0.3 s of every update. An engine that is older
// than this is never on PATH here: `findEngine` passes it over.
const command: PulumiCommand = Reflect.construct(PulumiCommand, ["pulumi", new SemVer(ENGINE_VERSION)]);

// The whole process group gets SIGINT and the engine acts on it; this process waits for the engine's end.
process.on("SIGINT", () => {
  canceled = true;
});
process.on("SIGTERM", () => {
  canceled = true;
});

let abandoned = false;

/**
 * Ends as a cancel does (SIGINT twice ends the engine at once and releases its lock), says nothing of it, and leaves
 * nothing behind: whoever comes next mends what was begun.
 */
function abandon(why: string): void {
  if (abandoned) return;
  abandoned = true;
  process.stderr.write(`${why}\n`);
  process.kill(0, "SIGINT");
  // Two at once would be one.
  setTimeout(() => process.kill(0, "SIGINT"), 100);
  setTimeout(leave, END_TIME);
}

async function leave(): Promise<never> {
  const own = describeSession(process.pid);
  if (own) await killSession(own, { except: process.pid }).catch(() => {});
  process.exit(1);
}

process.once("disconnect", () => abandon("the runner is gone"));
// It went while this was loading.
if (!process.connected) process.exit(1);

let leaseUntil = Number.POSITIVE_INFINITY;
const leaseWatch = setInterval(() => {
  if (Date.now() < leaseUntil - LEASE_MARGIN) return;
  clearInterval(leaseWatch);
  abandon("the runner gave no sign of life, and the stack's lease runs out");
}, 250);

process.on("message", (message: EngineJob | LeaseMessage) => {
  if ("leaseUntil" in message) leaseUntil = message.leaseUntil;
  else begin(message);
});

async function begin(job: EngineJob): Promise<void> {
  const end = await run(job).catch(toEnd);
  if (abandoned) return leave();
  send({ end });
  process.disconnect();
  process.exit(0);
}

function send(message: EngineMessage): void {
  if (process.connected) process.send?.(message);
}

const onEvent: NonNullable<Parameters<Stack["up"]>[0]>["onEvent"] = (event) => {
  const record = cutEvent(event);
  if (record) send({ event: record, at: Date.now() });
};

async function run(job: EngineJob): Promise<EngineEnd> {
  const workspace = await LocalWorkspace.create({ workDir: job.workDir, pulumiCommand: command });
  // Every command names the stack, so it need not be selected; that would start one process more.
  const stack = await Stack.select(job.stack, Object.assign(workspace, { selectStack: async () => {} }));
  // After an update the API asks the engine for outputs and history, 0.7 s that nobody here needs.
  Object.assign(stack, { outputs: async () => ({}), info: async () => undefined });
  try {
    return await work(job, stack);
  } catch (error) {
    if (!(error instanceof StackNotFoundError)) throw error;
    await workspace.createStack(job.stack);
    return work(job, stack);
  }
}

async function work(job: EngineJob, stack: Stack): Promise<EngineEnd> {
  const { configFile, message } = job;
  stack.workspace.envVars = {
    ...(await settingsOf(job, stack.workspace)),
    ...(job.kind === "update" ? checkpointSettings(readFileSync(configFile, "utf8")) : {}),
  };
  const common = { configFile, message, onEvent, color: "never" as const };
  if (job.recoverTo !== null && !canceled) {
    await writeStateCopy(job.recoverTo, await exportState(job));
    // On a copy: the first command to run adds a salt, and the update below starts from the same file as ever.
    const aside = `${configFile}.refresh.yaml`;
    copyFileSync(configFile, aside);
    await stack.refresh({ configFile: aside, message: "after an interruption", clearPendingCreates: true });
  }
  if (canceled) return { result: "failed", problem: "none", said: "canceled before the engine started" };
  const refused = job.giveUp.length > 0 && job.kind !== "drift" ? await previewGivingUp(job, stack) : undefined;
  if (refused) return refused;
  if (canceled) return { result: "failed", problem: "none", said: "canceled before the engine started" };
  const jobs: Record<EngineJob["kind"], () => Promise<unknown>> = {
    update: () => stack.up({ ...common, refresh: true, continueOnError: true }),
    preview: () => stack.preview({ ...common, refresh: true }),
    drift: () => stack.refresh({ ...common, previewOnly: true }),
  };
  await jobs[job.kind]();
  return { result: "succeeded", problem: "none", said: "" };
}

/** The state with its secrets encrypted, which can be put back as it is; the API's own export shows them. */
async function exportState({ stack, workDir }: EngineJob): Promise<string> {
  const words = ["stack", "export", "--stack", stack, "--non-interactive"];
  try {
    const { stdout } = await promisify(execFile)("pulumi", words, {
      cwd: workDir,
      maxBuffer: Number.POSITIVE_INFINITY,
    });
    return stdout;
  } catch (cause) {
    const { signal } = cause as { signal?: NodeJS.Signals | null };
    if (signal) throw new Error(`pulumi ${words.join(" ")} was killed with ${signal}`, { cause });
    throw cause;
  }
}

/** Servers and keys as the stack's file has them now; the state has those of the last update. */
function settingsOf({ stack, configFile }: EngineJob, workspace: Stack["workspace"]): Promise<Record<string, string>> {
  // Where it cannot be decrypted the engine says why.
  const decrypt = () => workspace.getAllConfig(stack).catch(() => undefined);
  return settingsEnvironment(readFileSync(configFile, "utf8"), process.env, decrypt);
}

/**
 * Refuses a run that gives up a volume which it does not leave, before anything is changed. What a preview fails for, the run itself
 * tells better.
 */
async function previewGivingUp({ configFile, giveUp }: EngineJob, stack: Stack): Promise<EngineEnd | undefined> {
  const aside = `${configFile}.preview.yaml`;
  copyFileSync(configFile, aside);
  const records: TimedRecord[] = [];
  const gather: typeof onEvent = (event) => {
    const record = cutEvent(event);
    if (record) records.push({ event: record, at: Date.now() });
  };
  try {
    await stack.preview({ configFile: aside, onEvent: gather, color: "never", refresh: true });
  } catch {
    return undefined;
  }
  const cause = refuseUnknown(giveUp, records);
  return cause
    ? { result: "failed", problem: "engine", said: `${cause.code}: ${cause.message} (${cause.hint})` }
    : undefined;
}

function toEnd(error: unknown): EngineEnd {
  const said = error instanceof Error ? error.message : String(error);
  // The message repeats all of stdout first; what matters stands under "stderr:".
  const stderr = /\bstderr: ([\s\S]*?)(?:\n err\?: |$)/.exec(said)?.[1]?.trim();
  return { result: "failed", problem: toProblem(error, said), said: (stderr || said).slice(-SAID_LIMIT) };
}

function toProblem(error: unknown, said: string): EngineEnd["problem"] {
  if (error instanceof ConcurrentUpdateError) return "locked";
  return /\bwas killed with SIG[A-Z]+/.test(said) ? "killed" : "engine";
}
