import { flushCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { findEngine } from "../tools/engine-path.mjs";
import { nameOwner } from "./claim/owner.ts";
import { ConfigError, knownSecrets, readConfig, readEngineConfig } from "./config.ts";
import { createVariables, type Variables } from "./environment.ts";
import { createLog } from "./log.ts";
import { createMask } from "./mask.ts";
import { maskEarly } from "./mask-early.ts";
import { startRunner } from "./start.ts";
import { restWhenIdle } from "./watch/rest.ts";
import { readVersion } from "./watch/version.ts";

const folder = fileURLToPath(new URL("..", import.meta.url));

async function start(): Promise<void> {
  const variables = createVariables(process.env);
  const config = readConfig(variables);
  if (!config.engines) requireOwnWorker(variables);
  const runner = await startRunner({
    config,
    variables,
    env: process.env,
    log: createLog(
      config.logLevel,
      createMask(() => knownSecrets(variables)),
    ),
    version: readVersion(folder, process.env),
    owner: nameOwner(),
  });
  restWhenIdle();
  let stopping = false;
  const stop = (signal: string) => {
    // A second signal is impatient: what runs is ended at once and handed back.
    const graceMs = stopping ? 0 : config.graceMs;
    if (stopping && signal === "SIGTERM") return;
    stopping = true;
    runner.stop(graceMs).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
}

/** A worker of its own that cannot start would be started again and again, while requests are taken. Throws ConfigError. */
function requireOwnWorker(variables: Variables): void {
  if (readEngineConfig(variables).engineSocket) {
    throw new ConfigError([
      "ENGINE_SOCKET is for a worker of its own: start that with it (automation/engine-worker.mjs), and name the socket here in ENGINES",
    ]);
  }
  if (!findEngine()) {
    throw new ConfigError(["there is no Pulumi engine: run `node tools/setup.mjs`, or put pulumi on PATH"]);
  }
}

/** Starts the runner that the environment describes. What is wrong with it goes to stderr, and the process ends with 1. */
export function serve(): void {
  start().then(flushCompileCache, (error: unknown) => {
    const message =
      error instanceof Error ? (error instanceof ConfigError ? error.message : error.stack) : String(error);
    // An address in it may hold a password, and a driver's error may repeat it.
    process.stderr.write(`${maskEarly(message ?? "", process.env)}\n`);
    process.exit(1);
  });
}
