import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { pickEnvironment } from "../../../../automation/environment.ts";
import { seenBy } from "../../../../automation/variables.ts";
import { requestRunner } from "../../../../cli/client.ts";
import { enginePath } from "../../../../tools/engine-path.mjs";
import { createOrigin, fixtureProgram, type Origin, type Program } from "../origin.ts";
import { until } from "../until.ts";

const root = new URL("../../../..", import.meta.url).pathname;

/** What stands for Dokploy are files, and every run has another user: each lets the next write them. */
export const sharedProgram: Program = (folder) => {
  fixtureProgram(folder);
  for (const name of ["index.mjs", "provider.mjs"]) {
    const file = join(folder, name);
    writeFileSync(file, `process.umask(0);\n${readFileSync(file, "utf8")}`);
  }
};

/** Whether this machine can have processes of other users: Linux, as root, with what every Debian has. */
export function canChangeUsers(): boolean {
  // Then an absent one is a failure of the test, and not a reason to pass over it.
  if (process.env.REQUIRE_USERS) return true;
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    execFileSync("setpriv", ["--reuid=31000", "--regid=31000", "--clear-groups", "--no-new-privs", "true"]);
    return true;
  } catch {
    return false;
  }
}

/** Users of these tests. The door's, and for each worker a range: the first owns files, the others carry runs out. */
export const DOOR = 31_000;
/** What the image gives an engine worker, and nothing else. */
const CAPABILITIES = "-all,+chown,+fowner,+kill,+setgid,+setuid";

/** A worker of these tests. */
export interface TestWorker {
  /** The stack that it serves. */
  stack: string;
  users: [first: number, last: number];
  env?: Record<string, string>;
}

/** The door and engine workers as different users, as the image runs them: real processes, real users, real sockets. */
export interface TwoUsers {
  folder: string;
  origin: Origin;
  /** The data folder of the door, and of each worker. */
  doorData: string;
  workerData(stack: string): string;
  doorPid: number;
  workerPid(stack: string): number;
  secrets: { webhook: string; api: string; git: string; passphrase(stack: string): string; key(stack: string): string };
  logged(): string;
  send(
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    options?: { waitSeconds?: number },
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Ends one of the two with a signal, and starts it again. */
  restartDoor(signal: NodeJS.Signals): Promise<void>;
  restartWorker(stack: string, signal: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

/** Starts them. `env` is the door's, beside what it needs. */
export async function startTwoUsers(
  program: Program,
  { workers, env = {} }: { workers: TestWorker[]; env?: Record<string, string> },
): Promise<TwoUsers> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-users-"));
  chmodSync(folder, 0o755);
  const app = copyApp(folder);
  const dokploy = join(folder, "dokploy");
  mkdirSync(dokploy);
  chmodSync(dokploy, 0o777);
  const origin = createOrigin(folder, program);
  // Git takes a repository of another user's for none: it is root's while the test writes, the door's otherwise.
  const own = (id: number) => execFileSync("chown", ["-R", `${id}:${id}`, join(folder, "origin.git")]);
  own(DOOR);
  const asRoot =
    <Words extends unknown[], Answer>(act: (...words: Words) => Answer) =>
    (...words: Words): Answer => {
      own(0);
      try {
        return act(...words);
      } finally {
        own(DOOR);
      }
    };
  const doorData = join(folder, "door");
  mkdirSync(doorData, { mode: 0o700 });
  chownSync(doorData, DOOR, DOOR);
  const registry = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
  const random = () => randomBytes(24).toString("hex");
  const secrets = { webhook: random(), api: random(), git: random() };
  const keys = new Map(workers.map(({ stack }) => [stack, { passphrase: random(), key: random() }]));
  const socketOf = (stack: string) => join(folder, `run-${nameOf(stack)}`, "engine.sock");
  const dataOf = (stack: string) => join(folder, `engine-${nameOf(stack)}`);
  let text = "";
  const listen = (child: ChildProcess) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        text += `${line}\n`;
      });
    }
  };
  const PATH = [app.engine, dirname(app.node), "/usr/bin:/bin"].join(":");

  const startWorker = async ({ stack, users, env: more = {} }: TestWorker): Promise<ChildProcess> => {
    const { passphrase = "", key = "" } = keys.get(stack) ?? {};
    const words = [`--bounding-set=${CAPABILITIES}`, `--inh-caps=${CAPABILITIES}`, "--no-new-privs", "--clear-groups"];
    const child = spawn("setpriv", [...words, "--", app.node, join(app.folder, "automation/engine-worker.mjs")], {
      env: {
        PATH,
        HOME: "/nonexistent",
        DATA_DIR: dataOf(stack),
        ENGINE_SOCKET: socketOf(stack),
        ENGINE_SOCKET_GROUP: String(DOOR),
        ENGINE_USERS: users.join("-"),
        ...(stack === "*" ? {} : { ENGINE_STACKS: stack }),
        PULUMI_CONFIG_PASSPHRASE: passphrase,
        PLATFORM_KEY: key,
        DOKPLOY_URL: `file://${dokploy}`,
        DOKPLOY_API_KEY: random(),
        // Where this machine's own packages come from.
        npm_config_registry: registry,
        ...pickEnvironment(
          process.env,
          seenBy("npm").filter((name) => !["HOME", "TMPDIR"].includes(name)),
        ),
        ...more,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    listen(child);
    await until("the worker listens", 30_000, () => existsSync(socketOf(stack)) || child.exitCode !== null);
    if (child.exitCode !== null) throw new Error(`the worker ended with ${child.exitCode}: ${text.slice(-2_000)}`);
    return child;
  };
  let url = "";
  const startDoor = async (): Promise<ChildProcess> => {
    const from = text.length;
    const id = String(DOOR);
    const words = [`--reuid=${id}`, `--regid=${id}`, "--clear-groups", "--no-new-privs", "--"];
    const child = spawn("setpriv", [...words, app.node, join(app.folder, "automation/main.mjs")], {
      env: {
        PATH,
        HOME: doorData,
        HOST: "127.0.0.1",
        PORT: "0",
        DATA_DIR: doorData,
        GIT_REPO_URL: origin.url,
        ENGINES: workers.map(({ stack }) => `${stack}=${socketOf(stack)}`).join(","),
        WEBHOOK_SECRET: secrets.webhook,
        API_TOKEN: secrets.api,
        NOTIFY_WEBHOOK: `http://127.0.0.1:9/${secrets.git}`,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    listen(child);
    const line = await until("the door listens", 60_000, () => {
      if (child.exitCode !== null) throw new Error(`the door ended: ${text.slice(-2_000)}`);
      return text
        .slice(from)
        .split("\n")
        .find((each) => each.includes('"event":"runner.listening"'));
    });
    url = (JSON.parse(line) as { url: string }).url;
    return child;
  };
  const end = async (child: ChildProcess, signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  };
  const running = new Map<string, ChildProcess>();
  for (const worker of workers) running.set(worker.stack, await startWorker(worker));
  let door = await startDoor();
  return {
    folder,
    origin: { ...origin, release: asRoot(origin.release), git: asRoot(origin.git) },
    doorData,
    workerData: dataOf,
    get doorPid() {
      return door.pid ?? 0;
    },
    workerPid: (stack) => running.get(stack)?.pid ?? 0,
    secrets: {
      ...secrets,
      passphrase: (stack) => keys.get(stack)?.passphrase ?? "",
      key: (stack) => keys.get(stack)?.key ?? "",
    },
    logged: () => text,
    send: async (method, path, body, { waitSeconds = 300 } = {}) => {
      // Git was waited for in between: that the other side closed an idle connection is seen only now.
      await delay(20);
      const request = { form: "v2" as const, waitSeconds, ...(body === undefined ? {} : { body }) };
      return requestRunner({ url, secret: secrets.webhook }, method, path, request);
    },
    restartDoor: async (signal) => {
      await end(door, signal);
      door = await startDoor();
    },
    restartWorker: async (stack, signal) => {
      const child = running.get(stack);
      const worker = workers.find((each) => each.stack === stack);
      if (!child || !worker) throw new Error(`no worker of ${stack}`);
      await end(child, signal);
      rmSync(socketOf(stack), { force: true });
      running.set(stack, await startWorker(worker));
    },
    stop: async () => {
      await end(door, "SIGTERM");
      for (const child of running.values()) await end(child, "SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function nameOf(stack: string): string {
  return stack === "*" ? "any" : stack;
}

/** What the image has, where other users can read it: this checkout and the engine may lie below root's own folder. */
function copyApp(folder: string): { folder: string; engine: string; node: string } {
  const app = join(folder, "app");
  const modules = join(app, "node_modules");
  mkdirSync(modules, { recursive: true });
  for (const part of ["automation", "components", "text", "tools", "package.json", "package-lock.json"]) {
    execFileSync("cp", ["-a", join(root, part), app]);
  }
  const from = realpathSync(join(root, "node_modules"));
  // What other tests compile meanwhile comes and goes.
  const names = readdirSync(from).filter((name) => name !== ".cache");
  copy(
    names.map((name) => join(from, name)),
    modules,
  );
  copy([enginePath()], folder);
  const engine = join(folder, basename(enginePath()));
  chmodSync(engine, 0o755);
  return { folder: app, engine, node: join(modules, "node/bin/node") };
}

/** Other names for the same files where that goes: it is half a gigabyte. */
function copy(from: readonly string[], to: string): void {
  try {
    execFileSync("cp", ["-a", "--link", ...from, to], { stdio: "ignore" });
  } catch {
    execFileSync("cp", ["-a", "--force", ...from, to]);
  }
}
