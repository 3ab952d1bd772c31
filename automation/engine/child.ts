// The process of one update: leads a session of its own, so that nothing it starts can outlive it unnoticed, and ends it when
// the runner is gone or may not have the stack any more.

import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import type { LeftResource } from "../../components/look/left.ts";
import { runProgram } from "../../tools/run-program.mjs";
import type { TimedRecord } from "../domain/engine-record.ts";
import { refuseUnknown } from "../domain/give-up.ts";
import { openChannel } from "../socket/frames.ts";
import { checkpointSettings } from "../state/checkpoints.ts";
import { writeStateCopy } from "../state/state-copies.ts";
import { type EngineCommand, initStack, isUnknownStack, runCommand, WORDS } from "./command.ts";
import {
  type EngineEnd,
  type EngineJob,
  type EngineMessage,
  type EngineOrder,
  LONGEST_MESSAGE,
  SAID_LIMIT,
  WORKER_FD,
} from "./messages.ts";
import { describeSession, endSession } from "./process-group.ts";
import { PROVEN } from "./proven.ts";
import { redactEvent } from "./redact.ts";
import { countResources, readSeen, SEEN, type Seen } from "./seen.ts";
import { secretSettings, stackSettings } from "./stack-settings.ts";

/** How long before the lease runs out an engine begins to end itself, and how long that may take, in milliseconds. */
const LEASE_MARGIN = 2_500;
const END_TIME = 1_500;

let canceled = false;

// The whole process group gets SIGINT and the engine acts on it; this process waits for the engine's end.
process.on("SIGINT", () => {
  canceled = true;
});
process.on("SIGTERM", () => {
  canceled = true;
});

let job: EngineJob | undefined;
let leaseUntil: number | undefined;
let working: Promise<unknown> | undefined;
let abandoned = false;

/**
 * Ends as a cancel does, says nothing of it, and leaves nothing behind: whoever comes next repairs what was begun.
 */
async function abandon(why: string): Promise<void> {
  if (abandoned) return;
  abandoned = true;
  process.stderr.write(`${why}\n`);
  const own = describeSession(process.pid);
  const how = { ended: working ?? Promise.resolve(), patienceMs: 0, graceMs: END_TIME, except: process.pid };
  if (own) await endSession(own, how).catch(() => {});
  process.exit(1);
}

const channel = openChannel(
  new Socket({ fd: WORKER_FD, readable: true, writable: true }),
  {
    message: (value) => {
      const order = value as EngineOrder;
      if ("job" in order) job = order.job;
      else leaseUntil = order.leaseUntil;
      if (job && leaseUntil !== undefined) working ??= work(job);
    },
    bytes: () => {},
    // Also when it went while this was loading.
    closed: () => void abandon("the runner is gone"),
  },
  LONGEST_MESSAGE,
);

const leaseWatch = setInterval(() => {
  if (leaseUntil === undefined || Date.now() < leaseUntil - LEASE_MARGIN) return;
  clearInterval(leaseWatch);
  void abandon("the runner gave no sign of life, and the stack's lease runs out");
}, 250);

async function work(job: EngineJob): Promise<void> {
  const end = await run(job).catch((error: unknown) => failed(error instanceof Error ? error.message : String(error)));
  if (abandoned) return;
  send({ end });
  await channel.close();
  process.exit(0);
}

function failed(said: string): EngineEnd {
  return { result: "failed", problem: "engine", said: said.slice(-SAID_LIMIT) };
}

function send(message: EngineMessage): void {
  channel.send(message);
}

async function run(job: EngineJob): Promise<EngineEnd> {
  const end = await attempt(job);
  if (end.problem !== "unknown_stack") return end;
  const said = await initStack(job.stack, job.workDir, process.env);
  return said === undefined ? attempt(job) : failed(said);
}

async function attempt(job: EngineJob): Promise<EngineEnd> {
  const { kind, configFile, message, recoverTo, giveUp, seen } = job;
  const found = await stackSettings(job, () => process.env);
  if (seen) send({ sealed: secretSettings(found) });
  const settings = {
    ...found,
    ...(kind === "update" ? checkpointSettings(readFileSync(configFile, "utf8")) : {}),
  };
  const engine = (words: readonly string[], more: Partial<EngineCommand> = {}) =>
    runCommand({ ...job, env: { ...process.env, ...settings }, words, isCanceled: () => canceled, ...more });
  const aside = (name: string) => {
    // On a copy: the first command to run adds a salt, and the one that counts starts from the same file as ever.
    const copy = `${configFile}.${name}.yaml`;
    copyFileSync(configFile, copy);
    return copy;
  };
  if (recoverTo !== null) {
    const copied = await copyState(job, recoverTo);
    if (copied) return copied;
    const words = [...WORDS.refresh, "--clear-pending-creates", "--message", "after an interruption"];
    const end = await engine(words, { configFile: aside("refresh") });
    if (end.result === "failed") return end;
  }
  if (giveUp.length > 0) {
    const refused = await refuseGivingUp(giveUp, (onEvent) =>
      engine(WORDS.preview, { configFile: aside("preview"), onEvent }),
    );
    if (refused) return refused;
  }
  const resources = countResources();
  const end = await engine([...WORDS[kind], "--message", message], {
    env: { ...process.env, ...settings, ...(seen ? { [SEEN]: seen, ...tellProven(job, `${seen}.proven`) } : {}) },
    onEvent: (event, at) => {
      resources.event(event);
      const record = redactEvent(event);
      if (record) send({ event: record, at });
    },
  });
  if (seen && end.result === "succeeded") {
    send({ endedAt: Date.now() });
    tellLeft(readSeen(seen, resources.left()));
  }
  return toEnd(end);
}

function tellProven({ proven }: EngineJob, file: string): Record<string, string> {
  if (proven === undefined) return {};
  writeFileSync(file, JSON.stringify(proven), { mode: 0o600 });
  return { [PROVEN]: file };
}

/** In messages that the worker takes. */
function tellLeft(seen: Seen): void {
  if ("missing" in seen) {
    send({ notLeft: seen.missing });
    return;
  }
  let piece: LeftResource[] = [];
  let size = 0;
  const tell = () => {
    if (piece.length > 0) send({ left: piece });
    [piece, size] = [[], 0];
  };
  for (const resource of seen.resources) {
    const length = Buffer.byteLength(JSON.stringify(resource));
    if (size + length > PIECE) tell();
    piece.push(resource);
    size += length;
  }
  tell();
}

/** Largest piece of what was left that is told at once, in bytes: its message is little longer. */
const PIECE = LONGEST_MESSAGE / 4;

/** What it printed stays here. */
function toEnd({ result, problem, said }: EngineEnd): EngineEnd {
  return { result, problem, said };
}

/** Copies the state with its secrets encrypted, so that it can be put back as it is. Answers how it failed. */
async function copyState({ stack, workDir }: EngineJob, file: string): Promise<EngineEnd | undefined> {
  const words = ["stack", "export", "--stack", stack, "--non-interactive"];
  const { code, killedBy, stdout, stderr } = await runProgram("pulumi", words, { cwd: workDir });
  if (code === 0) return void (await writeStateCopy(file, stdout));
  // The one that was cut off did not come to making it.
  if (isUnknownStack(stderr)) return { ...failed(stderr.trim()), problem: "unknown_stack" };
  return { ...failed(stderr.trim()), problem: killedBy === null ? "engine" : "killed" };
}

/**
 * Refuses a run that gives up a volume which it does not leave, before anything is changed. What a preview fails for, the run itself
 * tells better.
 */
async function refuseGivingUp(
  giveUp: readonly string[],
  preview: (onEvent: NonNullable<EngineCommand["onEvent"]>) => Promise<EngineEnd>,
): Promise<EngineEnd | undefined> {
  const records: TimedRecord[] = [];
  const { result } = await preview((event, at) => {
    const record = redactEvent(event);
    if (record) records.push({ event: record, at });
  });
  if (result === "failed") return undefined;
  const cause = refuseUnknown(giveUp, records);
  return cause ? failed(`${cause.code}: ${cause.message} (${cause.hint})`) : undefined;
}
