import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestHost } from "./host.ts";

export interface Outcome {
  ok: boolean;
  /** Compose's output, without the name of the project in it. */
  output: string;
  /** In Compose's own time, so that a fast simulation and real containers can be compared. */
  seconds: number;
}

export interface UpOptions {
  env?: string;
  /** Adds `--wait --wait-timeout <wait>`. */
  wait?: number;
  /** Instead of Dokploy's command. */
  command?: string;
  signal?: AbortSignal;
  onLine?(line: string): void;
}

/** One test's corner of a host: names that nobody else uses, and an end that leaves nothing. */
export interface Fixture {
  host: TestHost;
  /** Different in every test; for names of containers, volumes and networks. */
  id: string;
  /** The appName of a service of this test. */
  app(name: string): string;
  up(name: string, compose: string, options?: UpOptions): Promise<Outcome>;
  folder(name: string): string;
  /** Container name → its id, state and health. */
  containers(name: string): Promise<Map<string, Seen>>;
  down(name: string, volumes: boolean): Promise<void>;
  clean(): Promise<void>;
}

export interface Seen {
  id: string;
  status: string;
  health: string | undefined;
  restarts: number;
  startedAt: string;
}

interface Inspected {
  Id: string;
  RestartCount: number;
  State: { Status: string; StartedAt: string; Health?: { Status: string } };
}

export function createFixture(host: TestHost): Fixture {
  const id = randomBytes(4).toString("hex");
  const root = mkdtempSync(join(tmpdir(), "containers-"));
  const apps = new Set<string>();
  const app = (name: string) => `${name}-${id}`;
  const folder = (name: string) => join(root, name);
  return {
    host,
    id,
    app,
    folder,
    up: async (name, compose, { env = "", wait, command, signal, onLine } = {}) => {
      apps.add(name);
      mkdirSync(folder(name), { recursive: true });
      writeFileSync(join(folder(name), "docker-compose.yml"), compose.replaceAll("ID", id));
      writeFileSync(join(folder(name), ".env"), env);
      const lines: string[] = [];
      const begin = performance.now();
      const usual = `compose -p ${app(name)} -f docker-compose.yml up -d --build --remove-orphans`;
      const { ok } = await host.containers.up({
        appName: app(name),
        folder: folder(name),
        command: command ?? (wait === undefined ? usual : `${usual} --wait --wait-timeout ${wait}`),
        log: (line) => {
          lines.push(line);
          onLine?.(line);
        },
        signal: signal ?? new AbortController().signal,
      });
      const seconds = ((performance.now() - begin) / 1000) * host.speed;
      return { ok, seconds, output: lines.join("\n").replaceAll(id, "ID") };
    },
    containers: async (name) => {
      const seen = new Map<string, Seen>();
      for (const row of await host.containers.list(app(name))) {
        const found = (await host.containers.inspect(row.containerId)) as Inspected | undefined;
        if (!found) continue;
        const { Status, StartedAt, Health } = found.State;
        const restarts = found.RestartCount;
        const state = { id: found.Id, status: Status, health: Health?.Status, restarts, startedAt: StartedAt };
        seen.set(row.name.replaceAll(id, "ID"), state);
      }
      return seen;
    },
    down: (name, volumes) => host.containers.down(app(name), folder(name), volumes),
    clean: async () => {
      for (const name of apps) await host.containers.down(app(name), folder(name), true);
      await host.removeLeftovers(id);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** What every service of these tests has in common: a small image that stops at once. */
export const busybox = 'image: "busybox:1.36", stop_grace_period: 0s';
export const endless = `${busybox}, command: [sleep, "3600"]`;
/** Also watched by a health check that passes. */
export const healthy = `${endless}, healthcheck: {test: [CMD, "true"], interval: 1s, retries: 1}`;
