import { mkdir } from "node:fs/promises";
// biome-ignore lint/plugin: the type of a server, which sends nothing by itself.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createChanges } from "./answer/waiting.ts";
import { createLeaseKeeper } from "./claim/lease-keeper.ts";
import { startWorker } from "./claim/worker.ts";
import { type Config, knownSecrets, webhookSecrets } from "./config.ts";
import { createAskChecks } from "./confirm/checks.ts";
import { isLeftToReturn, startConfirming } from "./confirm/confirming.ts";
import { createPolicies } from "./confirm/policy.ts";
import type { Connection } from "./dispatch/connection.ts";
import { createDispatch } from "./dispatch/dispatch.ts";
import { connectEngines, type EngineSource } from "./dispatch/engines.ts";
import { handState } from "./dispatch/hand-state.ts";
import { openSocket, startOwnWorker } from "./dispatch/own-worker.ts";
import type { Variables } from "./environment.ts";
import { archiveCommit } from "./git/archive.ts";
import { createCatalogue } from "./git/catalogue.ts";
import { createGit, gitEnvironment } from "./git/git.ts";
import { openMirror } from "./git/mirror.ts";
import { createPrograms } from "./git/program.ts";
import { createMetricsApp, createServer, type MetricsServed } from "./http/server.ts";
import { createHttpServer } from "./http/server-limits.ts";
import type { Log } from "./log.ts";
import { createMask } from "./mask.ts";
import { createMetrics } from "./metrics.ts";
import { startOutbox } from "./notify/outbox.ts";
import type { EngineAddress } from "./readers.ts";
import { openStore } from "./store/open.ts";
import { SECRET_VARIABLES } from "./variables.ts";
import { startHealth } from "./watch/health.ts";
import { startHousekeeping } from "./watch/housekeeping.ts";
import { startWatching } from "./watch/watching.ts";
import type { Perform } from "./work/perform.ts";

/** What a runner is started with. */
export interface RunnerOptions {
  config: Config;
  variables: Variables;
  /** Environment that git and npm may pick from. */
  env: Record<string, string | undefined>;
  log: Log;
  version: string;
  /** Names this process in leases; never the same twice. */
  owner: string;
  /** Carries out claimed runs, with what has the engine workers do it. Default: that. */
  perform?: (dispatch: Perform) => Perform;
  /** The engine workers. Default: those of `ENGINES`, or one that is started for this runner. */
  engines?: EngineSource[];
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
  const { config, variables, env, log, version, owner } = options;
  const startedAt = Date.now();
  const mask = createMask(() => knownSecrets(variables));
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  logConfig(log, config, variables, mask);

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
    keeper: createLeaseKeeper(config.databaseUrl, log),
    now: Date.now,
    changed: changes.tell,
    committedAt: mirror.committedAt,
  };
  const own = config.engines || options.engines ? undefined : startOwnWorker(env);
  const sources = options.engines ?? (own ? [own] : toSources(config.engines ?? []));
  if (own) log.warn({ event: "engine.shared_user" });
  const engines = connectEngines(sources, {
    log,
    files: (commit, signal) => archiveCommit(mirror.folder, commit, { env: gitEnvironment(env), signal }),
    welcome: (connection, stack) => welcome(config, connection, { stack, log }),
  });
  const looking = { programs: createPrograms(mirror), proven: new Map(), version };
  const dispatch = createDispatch({ ...runner, engines, ...looking });
  const work = options.perform?.(dispatch) ?? dispatch;
  const health = startHealth({ ...runner, engines });
  const worker = startWorker(runner, owner, work);
  const outbox = startOutbox(runner);
  const housekeeping = startHousekeeping({ ...runner, version }, worker.wake);
  const following = { ...runner, policy: createPolicies(runner), askChecks: createAskChecks({ ...runner, engines }) };
  const confirming = startConfirming(following, worker.wake);
  const held = async (stack: string) =>
    (await store.holds(Date.now(), stack)).length > 0 || (await isLeftToReturn(following, stack));
  const watching = startWatching(
    { ...runner, engines, isHeld: held, onObservation: () => confirming.wake() },
    worker.wake,
  );
  const stopping = new AbortController();
  const app = createServer(runner, { health, changes, worker, version, startedAt, stopping: stopping.signal });
  const server = createHttpServer(app, config);
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
    await watching.stop();
    await confirming.stop();
    await worker.stop(graceMs);
    engines.stop();
    await own?.stop();
    await Promise.race([closed, delay(LAST_ANSWERS, undefined, { ref: false })]);
    server.closeAllConnections();
    await closed;
    health.stop();
    await housekeeping.stop();
    await outbox.stop();
    await runner.keeper.stop();
    await store.close();
    log.info({ event: "runner.stopped" });
  };
  return { url, stop };
}

/** Workers that listen for the door. */
function toSources(engines: readonly EngineAddress[]): EngineSource[] {
  return engines.map(({ stack, socket }) => ({ stack, open: () => openSocket(socket) }));
}

/** A worker with a folder of its own gets the states of the one process that was before. */
async function welcome(
  { dataDir, engines }: Pick<Config, "dataDir" | "engines">,
  connection: Connection,
  { stack, log }: { stack: string; log: Log },
): Promise<void> {
  if (!engines) return;
  const others = engines.map((engine) => engine.stack).filter((other) => other !== "*");
  await handState(dataDir, connection, { stack, others, log });
}

/** Serves metrics without a token on a port of their own, for a Prometheus in the same network. */
async function serveMetrics(on: MetricsServed, host: string, port: number): Promise<{ url: string; close(): void }> {
  const server = createHttpServer(createMetricsApp(on), on.config);
  await listen(server, port, host);
  return { url: urlOf(server, host), close: () => void server.close() };
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}

/** Says what the runner uses and what is missing. Of secrets only that they are there. */
function logConfig(log: Log, config: Config, variables: Variables, mask: (text: string) => string): void {
  const set = SECRET_VARIABLES.filter((name) => variables.get(name) !== undefined);
  const uses = {
    git: mask(config.gitUrl),
    branch: config.gitBranch,
    dataDir: config.dataDir,
    store: mask(config.databaseUrl),
    engines: config.engines?.map(({ stack }) => stack) ?? "one of its own",
    requireV2: config.requireV2,
    preview: config.preview,
    webhookSecrets: webhookSecrets(variables).length,
    secrets: set,
  };
  log.info({ event: "runner.configured", ...uses });
  if (config.preview === "any") log.warn({ event: "preview.any" });
  if (webhookSecrets(variables).length === 0) log.error({ event: "secret.missing" });
}
