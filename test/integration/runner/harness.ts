import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { knownSecrets, readConfig } from "../../../automation/config.ts";
import { createVariables } from "../../../automation/environment.ts";
import { createLog } from "../../../automation/log.ts";
import { LOG_EVENTS } from "../../../automation/log-events.ts";
import { createMask } from "../../../automation/mask.ts";
import { type RunnerOptions, type StartedRunner, startRunner } from "../../../automation/start.ts";
import { requestRunner, type SignatureForm } from "../../../cli/client.ts";
import { RUNNER, startApart } from "./engine/apart.ts";
import { requireDocumented } from "./http/documented.ts";
import { inThisProcess } from "./in-this-process.ts";
import { createOrigin, fixtureProgram, type Origin, type Program } from "./origin.ts";

/** One line of the fixture's own log: what was really done to a service. */
export interface Action {
  op: "create" | "update" | "delete";
  /** Process that did it. */
  pid: number;
  /** `<stack>/<service>` */
  id: string;
  env: Record<string, string>;
  release: string;
}

/** A started runner. */
export interface TestRunner extends StartedRunner {
  pid: number;
  /** SIGKILL; only in a process of its own. */
  kill(): Promise<void>;
  /** Resolves when its process has ended; never, when that is the test's own. */
  gone: Promise<void>;
}

/** How a request is signed, and how long its answer may wait. `secret`: another one than the webhook's. */
export interface SendOptions {
  form?: SignatureForm;
  waitSeconds?: number;
  secret?: string;
}

/** A runner on loopback, its origin, and the files that stand for Dokploy. */
export interface Harness {
  folder: string;
  origin: Origin;
  /** The runner's environment; a changed value counts from its next use. */
  env: Record<string, string>;
  secret: string;
  runner: TestRunner;
  /** Everything that was logged, as text. */
  logged(): string;
  /** Sends a signed request. */
  send(
    method: "GET" | "POST",
    path: string,
    body?: unknown,
    options?: SendOptions,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  deploy(
    env: string,
    tag: string,
    more?: Record<string, unknown>,
    options?: SendOptions,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  /** What was done to services so far. */
  actions(): Action[];
  /** How a service behaves from now on; null: well. */
  script(id: string, script: Record<string, unknown> | null): void;
  /** The live object of a service. */
  live(id: string): Record<string, unknown> | undefined;
  setLive(id: string, value: Record<string, unknown> | null): void;
  /** Starts another runner on the same data, after the first was stopped; of that version, where it is in this process. */
  restart(version?: string): Promise<void>;
  stop(): Promise<void>;
}

/** How a test's runner is made. */
export interface HarnessOptions {
  /** What the origin holds. Default: the fixture program. */
  program?: Program;
  /** Carries out runs. Default: the engine. */
  perform?: RunnerOptions["perform"];
  /** Whether it runs in a process of its own; a text names the program. */
  apart?: boolean | string;
}

/** Starts a runner for a test. `env` adds to or replaces what it is configured with. */
export async function startHarness(
  env: Record<string, string> = {},
  { program = fixtureProgram, perform, apart = false }: HarnessOptions = {},
): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-runner-"));
  const dokploy = join(folder, "dokploy");
  mkdirSync(dokploy);
  const origin = createOrigin(folder, program);
  const secret = env.WEBHOOK_SECRET || randomBytes(24).toString("hex");
  const settings: Record<string, string> = {
    HOST: "127.0.0.1",
    PORT: "0",
    GIT_REPO_URL: origin.url,
    DATA_DIR: join(folder, "data"),
    WEBHOOK_SECRET: secret,
    PULUMI_CONFIG_PASSPHRASE: randomBytes(24).toString("hex"),
    PLATFORM_KEY: randomBytes(24).toString("hex"),
    DOKPLOY_URL: `file://${dokploy}`,
    DOKPLOY_API_KEY: randomBytes(24).toString("hex"),
    SHUTDOWN_GRACE: "0",
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? "",
    ...env,
  };
  let text = "";
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk);
      done();
    },
  });
  /** Every line of the log carries an event of the documented set, whatever a test is about. */
  const requireEvents = () => {
    for (const line of text.split("\n").filter((each) => each.startsWith('{"level"'))) {
      const { event = "none" } = JSON.parse(line) as { event?: string };
      if (!Object.hasOwn(LOG_EVENTS, event)) throw new Error(`a line of the log has no event of the set: ${line}`);
    }
  };
  let starts = 0;
  const startOwn = async (): Promise<TestRunner> => {
    const program = typeof apart === "string" ? apart : RUNNER;
    const onLine = (line: string) => {
      text += `${line}\n`;
    };
    const { url, pid, end, gone } = await startApart(settings, onLine, program);
    return { url, pid, gone, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
  };
  const start = async (version = "0.0.0-test"): Promise<TestRunner> => {
    if (apart) return startOwn();
    const variables = createVariables(settings);
    const log = createLog(
      "debug",
      createMask(() => knownSecrets(variables)),
      sink,
    );
    const env = { PATH: process.env.PATH, HOME: process.env.HOME };
    const runner = await startRunner({
      config: readConfig(variables),
      variables,
      env,
      log,
      engines: [inThisProcess({ variables, env, log })],
      version,
      owner: `test:${process.pid}:${++starts}`,
      ...(perform ? { perform } : {}),
    });
    const kill = () => Promise.reject(new Error("only a runner in a process of its own can be killed"));
    return { ...runner, pid: process.pid, kill, gone: new Promise(() => {}) };
  };
  const read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : undefined);
  const write = (file: string, value: Record<string, unknown> | null) => {
    mkdirSync(dirname(file), { recursive: true });
    if (value) writeFileSync(file, JSON.stringify(value));
    else rmSync(file, { force: true });
  };
  const harness: Harness = {
    folder,
    origin,
    env: settings,
    secret,
    runner: await start(),
    logged: () => text,
    send: async (method, path, body, { secret: signs = secret, ...options } = {}) => {
      const address = { url: harness.runner.url, secret: signs };
      const request = { form: "plain" as const, ...options, ...(body === undefined ? {} : { body }) };
      const answer = await requestRunner(address, method, path, request);
      requireDocumented(method, path, answer);
      return answer;
    },
    deploy: (stack, tag, more = {}, options = {}) =>
      harness.send(
        "POST",
        "/deploy",
        { env: stack, tag, triggered_by: "test", ...more },
        { waitSeconds: 600, ...options },
      ),
    actions: () =>
      (read(join(dokploy, "log.jsonl")) ?? "")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Action),
    script: (id, script) => write(join(dokploy, `${id}.script.json`), script),
    live: (id) => {
      const value = read(join(dokploy, `${id}.json`));
      return value === undefined ? undefined : (JSON.parse(value) as Record<string, unknown>);
    },
    setLive: (id, value) => write(join(dokploy, `${id}.json`), value),
    restart: async (version) => {
      harness.runner = await start(version);
    },
    stop: async () => {
      await harness.runner.stop(0);
      rmSync(folder, { recursive: true, force: true });
      requireEvents();
    },
  };
  return harness;
}
