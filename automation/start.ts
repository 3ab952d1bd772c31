import { mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createAdaptorServer, type ServerType } from "@hono/node-server";
import { Hono } from "hono";
import { createChanges } from "./answer/waiting.ts";
import { startWorker } from "./claim/worker.ts";
import {
  type Config,
  knownSecrets,
  npmEnvironment,
  programEnvironment,
  shortSecrets,
  webhookSecrets,
} from "./config.ts";
import type { Variables } from "./environment.ts";
import { createCatalogue } from "./git/catalogue.ts";
import { createGit } from "./git/git.ts";
import { openMirror } from "./git/mirror.ts";
import { answerMetrics } from "./http/routes/metrics.ts";
import { createServer } from "./http/server.ts";
import type { Log } from "./log.ts";
import { createMask } from "./mask.ts";
import { createMetrics } from "./metrics.ts";
import { startOutbox } from "./notify/outbox.ts";
import { removeClearCopies, stateCopies } from "./state/state-copies.ts";
import { openStore } from "./store/open.ts";
import { SECRET_VARIABLES, variablesThat } from "./variables.ts";
import { startHealth } from "./watch/health.ts";
import { startHousekeeping } from "./watch/housekeeping.ts";
import type { Gauged } from "./watch/watch-metrics.ts";
import type { Perform, WorkContext } from "./work/perform.ts";
import { performRun } from "./work/update.ts";

/** What a runner is started with. */
export interface RunnerOptions {
  config: Config;
  variables: Variables;
  /** Environment that git and npm may pick from. */
  env: Record<string, string | undefined>;
  log: Log;
  /** Folder of the runner's own checkout. */
  folder: string;
  /** PATH for the engine and what it starts. */
  enginePath: string;
  version: string;
  /** Names this process in leases; never the same twice. */
  owner: string;
  /** Makes what carries out claimed runs. Default: checks out and runs the engine. */
  perform?: (context: WorkContext) => Perform;
}

/** A runner that listens. */
export interface StartedRunner {
  url: string;
  /** Takes no more requests and work, lets what runs end within `graceMs`, then hands it back. */
  stop(graceMs: number): Promise<void>;
}

/** How long answers may take to go out once all work is done, in milliseconds. */
const LAST_ANSWERS = 1_000;

/** Starts store, mirror, worker and server, and resolves when it listens. */
export async function startRunner(options: RunnerOptions): Promise<StartedRunner> {
  const { config, variables, env, log, folder, enginePath, version, owner, perform = performWith } = options;
  const startedAt = Date.now();
  const mask = createMask(() => knownSecrets(variables));
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  logConfig(log, config, variables, mask);
  await dropClearCopies(config.dataDir, log);

  const store = await openStore(config.databaseUrl);
  const mirror = await openMirror(createGit({ env, mask }), join(config.dataDir, "mirror.git"), config.gitUrl);
  const changes = createChanges();
  // What the rooms share; each names what it takes of it.
  const runner = {
    config,
    variables,
    store,
    mirror,
    catalogue: createCatalogue(mirror),
    log,
    mask,
    metrics: createMetrics(),
    enginePath,
    now: Date.now,
    changed: changes.tell,
  };
  const { catalogue, now } = runner;
  // Of the environment work gets only what others may see.
  const work = perform({
    ...{ config, mirror, catalogue, log, mask, enginePath, folder, now },
    programEnvironment: () => programEnvironment(variables),
    npmEnvironment: npmEnvironment(env),
  });
  const health = startHealth(runner);
  const worker = startWorker(runner, owner, work);
  const outbox = startOutbox(runner);
  const housekeeping = startHousekeeping(runner, worker.wake);
  const stopping = new AbortController();
  const app = createServer(runner, { health, changes, worker, version, startedAt, stopping: stopping.signal });
  const server = createAdaptorServer({ fetch: app.fetch });
  await listen(server, config.port, config.host);
  const metricsServer =
    config.metricsPort === undefined ? undefined : await serveMetrics(runner, config.metricsHost, config.metricsPort);
  const url = urlOf(server, config.host);
  log.info({ event: "runner.listening", url, ...(metricsServer && { metrics: metricsServer.url }), version });

  const stop = async (graceMs: number) => {
    log.info({ event: "runner.stopping", running: worker.running(), graceMs });
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    metricsServer?.close();
    // Who waits for a run is told now that it goes on.
    stopping.abort();
    await worker.stop(graceMs);
    await Promise.race([closed, delay(LAST_ANSWERS, undefined, { ref: false })]);
    if ("closeAllConnections" in server) server.closeAllConnections();
    await closed;
    health.stop();
    await housekeeping.stop();
    await outbox.stop();
    await store.close();
    log.info({ event: "runner.stopped" });
  };
  return { url, stop };
}

function performWith(context: WorkContext): Perform {
  return (spec, events, stop) => performRun(context, spec, events, stop);
}

/** Before any engine starts, so that nobody writes there. A folder that cannot be read keeps no runner from its work. */
async function dropClearCopies(dataDir: string, log: Log): Promise<void> {
  const { removed, errors } = await removeClearCopies(dataDir);
  if (removed.length > 0) log.warn({ event: "copies.removed", removed });
  for (const err of errors) log.error({ event: "copies.not_removed", err, folder: stateCopies(dataDir) });
}

/** Serves metrics without a token on a port of their own, for a Prometheus in the same network. */
async function serveMetrics(on: Gauged, host: string, port: number): Promise<{ url: string; close(): void }> {
  const app = new Hono();
  app.get("/metrics", (c) => answerMetrics(on, c));
  const server = createAdaptorServer({ fetch: app.fetch });
  await listen(server, port, host);
  return { url: urlOf(server, host), close: () => void server.close() };
}

function urlOf(server: ServerType, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function listen(server: ServerType, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

/** Says what the runner uses and what is missing. Of secrets only that they are there. */
function logConfig(log: Log, config: Config, variables: Variables, mask: (text: string) => string): void {
  const set = SECRET_VARIABLES.filter((name) => variables.get(name) !== undefined);
  const expected = variablesThat(({ orInStackFile }) => orInStackFile);
  const missing = expected.filter((name) => variables.get(name) === undefined);
  const uses = {
    git: mask(config.gitUrl),
    branch: config.gitBranch,
    dataDir: config.dataDir,
    store: mask(config.databaseUrl),
    state: mask(config.backendUrl),
    dokploy: variables.get("DOKPLOY_URL") ?? "as the stack's file says",
    requireV2: config.requireV2,
    webhookSecrets: webhookSecrets(variables).all.length,
    secrets: set,
  };
  log.info({ event: "runner.configured", ...uses });
  if (missing.length > 0) log.warn({ event: "runner.incomplete", missing });
  if (webhookSecrets(variables).all.length === 0) log.error({ event: "secret.missing" });
  for (const variable of shortSecrets(variables)) log.warn({ event: "secret.short", variable });
}
