import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createSimulatedContainers,
  type SimulatedContainers,
  type SimulatedContainersOptions,
} from "../../../../emulator/containers/simulated.ts";
import type { Clock } from "../../../../emulator/containers/simulation/run/clock.ts";

/** A clock that jumps to the next moment somebody waits for as soon as nothing else is left to do. */
export function createJumpingClock(start = Date.UTC(2026, 0, 1)): Clock {
  let now = start;
  const waiting: { at: number; wake(): void }[] = [];
  const jump = (): void => {
    waiting.sort((a, b) => a.at - b.at);
    const next = waiting.shift();
    if (!next) return;
    now = Math.max(now, next.at);
    next.wake();
  };
  return {
    now: () => now,
    until: (at, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const entry = { at, wake: resolve };
        signal.addEventListener("abort", () => {
          const index = waiting.indexOf(entry);
          if (index !== -1) waiting.splice(index, 1);
          reject(signal.reason);
        });
        waiting.push(entry);
        setImmediate(jump);
      }),
  };
}

export interface Deployment {
  ok: boolean;
  lines: string[];
  /** Seconds of the stage's clock. */
  seconds: number;
}

/** A simulated host with real times on a jumping clock, and a folder per project as Dokploy keeps it. */
export interface Fixture {
  host: SimulatedContainers;
  clock: Clock;
  /** Writes the files and runs Compose; `options` are added to `up -d --build --remove-orphans`. */
  up(
    app: string,
    compose: string,
    options?: {
      env?: string;
      wait?: number;
      more?: string;
      command?: string;
      signal?: AbortSignal;
      log?(line: string): void;
    },
  ): Promise<Deployment>;
  folder(app: string): string;
  /** A new host on the same state file. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export function createFixture(options: Partial<SimulatedContainersOptions> = {}): Fixture {
  const root = mkdtempSync(join(tmpdir(), "simulated-"));
  const clock = options.clock ?? createJumpingClock();
  const open = () => createSimulatedContainers({ stateFile: join(root, "host.json"), speed: 1, ...options, clock });
  const stage: Fixture = {
    host: open(),
    clock,
    folder: (app) => join(root, app),
    up: async (app, compose, { env = "", wait, more = "", command, signal, log } = {}) => {
      const folder = join(root, app);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "docker-compose.yml"), compose);
      writeFileSync(join(folder, ".env"), env);
      const lines: string[] = [];
      const begin = clock.now();
      const { ok } = await stage.host.up({
        appName: app,
        folder,
        command:
          command ??
          `compose -p ${app} -f docker-compose.yml up -d --build --remove-orphans${wait === undefined ? "" : ` --wait --wait-timeout ${wait}`} ${more}`,
        log: (line) => {
          lines.push(line);
          log?.(line);
        },
        signal: signal ?? new AbortController().signal,
      });
      return { ok, lines, seconds: (clock.now() - begin) / 1000 };
    },
    reopen: async () => {
      await stage.host.close();
      stage.host = open();
    },
    close: async () => {
      await stage.host.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return stage;
}
