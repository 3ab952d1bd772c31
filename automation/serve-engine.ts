import { once } from "node:events";
import { chmodSync, chownSync, rmSync } from "node:fs";
import { chmod, chown, mkdir, readdir, rm } from "node:fs/promises";
import { flushCompileCache } from "node:module";
import { createConnection, createServer, Socket } from "node:net";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findEngine } from "../tools/engine-path.mjs";
import { shortcutEnvironment } from "../tools/shortcuts/environment.mjs";
import {
  ConfigError,
  type EngineConfig,
  knownSecrets,
  npmEnvironment,
  programEnvironment,
  readEngineConfig,
  shortSecrets,
} from "./config.ts";
import { createVariables, type Variables } from "./environment.ts";
import { createLog, type Log } from "./log.ts";
import { createMask } from "./mask.ts";
import { maskEarly } from "./mask-early.ts";
import { DOOR_FD } from "./socket/messages.ts";
import { backendFolder } from "./state/backend.ts";
import { keepState } from "./state/keep-state.ts";
import { removeClearCopies, stateCopies } from "./state/state-copies.ts";
import { ENGINE_VARIABLES, SECRET_VARIABLES, variablesThat } from "./variables.ts";
import { createEngineChecks } from "./watch/engine-checks.ts";
import { startEnginePruning } from "./watch/engine-pruning.ts";
import { restWhenIdle } from "./watch/rest.ts";
import { readVersion } from "./watch/version.ts";
import { clearPlaces } from "./work/place.ts";
import { type Served, serveDoor } from "./work/serve-door.ts";
import { createUsers, PLAIN, type RunUser, runAs } from "./work/users.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What a worker is made with. */
export interface EngineWorkerOptions {
  config: EngineConfig;
  variables: Variables;
  /** Environment that npm may pick from. */
  env: Record<string, string | undefined>;
  log: Log;
  /** Folder of the worker's own checkout. */
  folder: string;
  /** PATH for the engine and what it starts. */
  enginePath: string;
}

/** Makes what a worker serves the door with: its folders are in order then, and nothing of a run that was cut off is left. */
export async function openEngineWorker(options: EngineWorkerOptions): Promise<Served & { stop(): void }> {
  const { config, variables, env, log, folder, enginePath } = options;
  const { dataDir, backendUrl, logLevel, engineStacks: stacks, engineUsers } = config;
  const mask = createMask(() => knownSecrets(variables));
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const users = engineUsers && createUsers(engineUsers);
  if (users) {
    await requireUsers(users.files);
    // Others have to get through to what is theirs, and see nothing on the way.
    await chmod(dataDir, 0o711);
    for (const err of await clearPlaces(dataDir, backendUrl, users)) log.error({ event: "run.not_tidied", err });
    // What npm downloaded, by the user that installs.
    await mkdir(join(dataDir, "npm"), { recursive: true, mode: 0o700 });
    await chown(join(dataDir, "npm"), users.files.id, users.files.id);
    await shareCompiled(join(dataDir, "compiled"), users.files, enginePath);
  }
  await dropClearCopies(dataDir, log);
  logConfig(log, options, mask);
  let version: string | undefined;
  const pruning = startEnginePruning({ dataDir, backendUrl, log, users });
  return {
    context: {
      ...{ config: { dataDir, backendUrl, logLevel }, log, mask, enginePath, folder, users, now: Date.now },
      version: () => {
        version ??= readVersion(folder, env);
        return version;
      },
      sealed: new Map(),
      proven: new Map(),
      programEnvironment: () => programEnvironment(variables),
      npmEnvironment: npmEnvironment(env),
    },
    stacks,
    running: new Set(),
    host: hostname(),
    knows: () => listStates(dataDir, backendUrl),
    keepState: (files) => keepState(dataDir, files),
    check: createEngineChecks({ variables, enginePath, mask }),
    stop: pruning.stop,
  };
}

/** A worker that may not change users would carry everything out as its own. */
async function requireUsers(user: RunUser): Promise<void> {
  const { code } = await runAs(user, "true", [], PLAIN).catch(() => ({ code: null }));
  if (code === 0) return;
  const needs =
    "root with the capabilities CHOWN, FOWNER, KILL, SETGID and SETUID, and setpriv, prlimit and choom of util-linux";
  throw new ConfigError([
    `ENGINE_USERS needs a worker that may change users: ${needs}; leave it out to run as one user`,
  ]);
}

/** Before any engine starts, so that nobody writes there. A folder that cannot be read keeps no worker from its work. */
async function dropClearCopies(dataDir: string, log: Log): Promise<void> {
  const { removed, errors } = await removeClearCopies(dataDir);
  if (removed.length > 0) log.warn({ event: "copies.removed", removed });
  for (const err of errors) log.error({ event: "copies.not_removed", err, folder: stateCopies(dataDir) });
}

/**
 * Has code of Pulumi and of this worker compiled once, for every run to read and none to write: compiled code is as good as the code.
 * Goes on in the background; runs work without.
 */
async function shareCompiled(folder: string, owner: RunUser, path: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o755 });
  await chown(folder, owner.id, owner.id);
  const env = { PATH: path, ...shortcutEnvironment(process.env, folder) };
  const warm = async () => {
    await runAs(owner, process.execPath, [join(root, "tools/shortcuts/warm.mjs")], { env });
    await runAs(owner, "chmod", ["--recursive", "a+rX", folder], { env });
  };
  warm().catch(() => {});
}

/** Stacks whose states are here, by project; `*` where they are elsewhere. */
async function listStates(dataDir: string, backendUrl: string): Promise<string[]> {
  if (backendUrl !== `file://${join(dataDir, "state")}`) return ["*"];
  const states = join(backendFolder(backendUrl) ?? "", ".pulumi", "stacks");
  const found = [];
  for (const project of await readdir(states).catch(() => [])) {
    const files = await readdir(join(states, project)).catch(() => []);
    found.push(...files.filter((file) => file.endsWith(".json")).map((file) => `${project}/${file.slice(0, -5)}`));
  }
  return found;
}

/** Says what the worker uses and what is missing. Of secrets only that they are there. */
function logConfig(log: Log, { config, variables }: EngineWorkerOptions, mask: (text: string) => string): void {
  const names = ENGINE_VARIABLES;
  const isSet = (name: (typeof names)[number]) => variables.get(name) !== undefined;
  const { engineUsers, engineStacks, dataDir, backendUrl } = config;
  log.info({
    event: "engine.configured",
    stacks: engineStacks ?? "any",
    users: engineUsers ? `${engineUsers[0]?.id}-${engineUsers.at(-1)?.id}` : "the worker's own",
    dataDir,
    state: mask(backendUrl),
    dokploy: variables.get("DOKPLOY_URL") ?? "as the stack's file says",
    secrets: names.filter((name) => SECRET_VARIABLES.includes(name) && isSet(name)),
  });
  const missing = variablesThat(({ orInStackFile }) => orInStackFile).filter((name) => !isSet(name));
  if (missing.length > 0) log.warn({ event: "runner.incomplete", missing });
  for (const variable of shortSecrets(variables)) log.warn({ event: "secret.short", variable });
}

/** Serves the door that started this process until that is gone, or whoever connects to ENGINE_SOCKET, one at a time. */
export async function serveEngine(): Promise<void> {
  try {
    const variables = createVariables(process.env);
    const config = readEngineConfig(variables);
    const engine = findEngine();
    if (!engine)
      throw new ConfigError(["there is no Pulumi engine: run `node tools/setup.mjs`, or put pulumi on PATH"]);
    if (process.argv.includes("--check")) return await check(config.engineSocket);
    const log = createLog(
      config.logLevel,
      createMask(() => knownSecrets(variables)),
    );
    const enginePath = [engine, dirname(process.execPath), process.env.PATH].filter(Boolean).join(":");
    const served = await openEngineWorker({ config, variables, env: process.env, log, folder: root, enginePath });
    restWhenIdle();
    if (config.engineSocket) await listen(config, config.engineSocket, served);
    else {
      // The door ends what it started; a signal to the whole group is for the door to handle.
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => {});
      const door = new Socket({ fd: DOOR_FD, readable: true, writable: true });
      setImmediate(flushCompileCache);
      await serveDoor(door, served);
    }
    served.stop();
    process.exit(0);
  } catch (error) {
    const message =
      error instanceof Error ? (error instanceof ConfigError ? error.message : error.stack) : String(error);
    process.stderr.write(`${maskEarly(message ?? "", process.env)}\n`);
    process.exit(1);
  }
}

/** Listens until a signal. One door at a time: a second one is turned away, and tries again. */
async function listen(
  { engineSocketGroup: group, graceMs }: Pick<EngineConfig, "engineSocketGroup" | "graceMs">,
  path: string,
  served: Served,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  let busy = false;
  const open = new Set<Duplex>();
  const server = createServer(async (socket) => {
    if (busy) return socket.destroy();
    busy = true;
    open.add(socket);
    // The door comes again, and has it said once more.
    await serveDoor(socket, served).catch(() => socket.destroy());
    open.delete(socket);
    busy = false;
  });
  server.listen(path);
  await once(server, "listening");
  // Whoever may reach the socket may have anything run: nobody but the door's group gets through the folder.
  if (group !== undefined) {
    chownSync(dirname(path), process.getuid?.() ?? 0, group);
    chmodSync(dirname(path), 0o710);
    chownSync(path, process.getuid?.() ?? 0, group);
  }
  chmodSync(path, group === undefined ? 0o600 : 0o660);
  const told = Promise.withResolvers<void>();
  let signals = 0;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      signals += 1;
      told.resolve();
    });
  }
  await told.promise;
  server.close();
  // A door that stops at the same time lets runs end too, and hands back what does not: it needs its worker for that.
  const until = Date.now() + graceMs + HAND_BACK;
  while (served.running.size > 0 && signals < 2 && Date.now() < until) await delay(100);
  for (const socket of open) socket.destroy();
  while (busy) await delay(50);
  rmSync(path, { force: true });
}

/** How long handing a run back takes after the time that it may go on, in milliseconds. */
const HAND_BACK = 15_000;

/** Whether a worker listens: for a container's health check. */
async function check(path: string | undefined): Promise<void> {
  if (!path) throw new ConfigError(["ENGINE_SOCKET is not set: there is nothing to check"]);
  const socket = createConnection(path);
  await once(socket, "connect");
  socket.destroy();
  process.exit(0);
}
