// The process of one update: leads a session of its own, so that nothing it starts can outlive it unnoticed. The
// Automation API is loaded only here: it costs 145 MB, and a crash of the program stays here.
import { copyFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { ConcurrentUpdateError, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { cutEvent } from "./cut.ts";
import type { EngineEnd, EngineJob, EngineMessage } from "./messages.ts";

let canceled = false;

// The whole process group gets SIGINT and the engine acts on it; this process waits for the engine's end.
process.on("SIGINT", () => {
  canceled = true;
});
process.on("SIGTERM", () => {
  canceled = true;
});

// The runner is gone: end as a cancel does (SIGINT twice ends the engine at once and releases its lock).
process.on("disconnect", () => {
  process.kill(0, "SIGINT");
  process.kill(0, "SIGINT");
  setTimeout(() => process.exit(1), 2000);
});

process.once("message", (job: EngineJob) => {
  run(job)
    .catch(toEnd)
    .then((end) => {
      send({ end });
      process.disconnect();
      process.exit(0);
    });
});

function send(message: EngineMessage): void {
  if (process.connected) process.send?.(message);
}

const onEvent: NonNullable<Parameters<Stack["up"]>[0]>["onEvent"] = (event) => {
  const record = cutEvent(event);
  if (record) send({ event: record, at: Date.now() });
};

async function run(job: EngineJob): Promise<EngineEnd> {
  const { stack: stackName, workDir, configFile, message } = job;
  const stack = await LocalWorkspace.createOrSelectStack({ stackName, workDir });
  // After an update the API asks the engine for outputs and history, 0.7 s that nobody here needs.
  Object.assign(stack, { outputs: async () => ({}), info: async () => undefined });
  const common = { configFile, message, onEvent, color: "never" as const };

  if (job.recoverTo !== null && !canceled) {
    await writeFile(job.recoverTo, JSON.stringify(await stack.exportStack()), { mode: 0o600 });
    // On a copy: the first command to run adds a salt, and the update below starts from the same file as ever.
    const aside = `${configFile}.refresh.yaml`;
    copyFileSync(configFile, aside);
    await stack.refresh({ configFile: aside, message: "after an interruption", clearPendingCreates: true });
  }
  if (canceled) return { result: "failed", problem: "none", said: "canceled before the engine started" };
  if (job.kind === "preview") await stack.preview({ ...common, refresh: true });
  else if (job.kind === "drift") await stack.refresh({ ...common, previewOnly: true });
  else await stack.up({ ...common, refresh: true, continueOnError: true });
  return { result: "succeeded", problem: "none", said: "" };
}

function toEnd(error: unknown): EngineEnd {
  const said = error instanceof Error ? error.message : String(error);
  // The message repeats all of stdout first; what matters stands under "stderr:".
  const stderr = /\bstderr: ([\s\S]*?)(?:\n err\?: |$)/.exec(said)?.[1]?.trim();
  return { result: "failed", problem: toProblem(error, said), said: (stderr || said).slice(-4000) };
}

function toProblem(error: unknown, said: string): EngineEnd["problem"] {
  if (error instanceof ConcurrentUpdateError) return "locked";
  return /\bwas killed with SIG[A-Z]+/.test(said) ? "killed" : "engine";
}
