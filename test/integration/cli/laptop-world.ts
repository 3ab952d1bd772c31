import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { type CliEnd, copyPlatform, runCli } from "./run-cli.ts";

export const PLATFORM_KEY = "planted-platform-key-0123456789abcdef";
export const PASSPHRASE = "planted-passphrase";

/** A person's laptop: a checkout of the platform, a state of its own and an emulated Dokploy. */
export interface Laptop {
  emulator: Emulator;
  checkout: string;
  /** Folder of the state backend. */
  state: string;
  env: Record<string, string>;
  /** Everything that any command printed. */
  printed(): string;
  dockmaster(...words: string[]): Promise<CliEnd>;
  /** With this text on stdin. */
  dockmasterWith(input: string, ...words: string[]): Promise<CliEnd>;
  /** One call of Dokploy's API. */
  ask<T>(procedure: string, body?: object): Promise<T>;
  /** The Compose project of a service on staging; "" when there is none. */
  composeId(service: string): Promise<string>;
  envOf(composeId: string): Promise<string>;
  close(): Promise<void>;
}

export async function openLaptop(): Promise<Laptop> {
  const emulator = await startEmulator();
  const folder = mkdtempSync(join(tmpdir(), "cli-laptop-"));
  const state = join(folder, "state");
  mkdirSync(state);
  const checkout = copyPlatform();
  const env = {
    DOKPLOY_URL: emulator.url,
    DOKPLOY_API_KEY: emulator.apiKey,
    PLATFORM_KEY,
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_HOME: join(folder, "home"),
    PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
  };
  let printed = "";
  const run = async (words: string[], input?: string) => {
    const end = await runCli(words, { cwd: checkout, env, ...(input === undefined ? {} : { input }) });
    printed += end.stdout + end.stderr;
    return end;
  };
  const ask = async <T>(procedure: string, body?: object) => {
    const headers = { "x-api-key": emulator.apiKey, "content-type": "application/json" };
    const request = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`${emulator.url}/api/${procedure}`, request);
    if (!answer.ok) throw new Error(`${procedure} answered ${answer.status}`);
    return (await answer.json()) as T;
  };
  return {
    emulator,
    checkout,
    state,
    env,
    printed: () => printed,
    dockmaster: (...words) => run(words),
    dockmasterWith: (input, ...words) => run(words, input),
    ask,
    composeId: async (service) => {
      type Project = { environments: { name: string; compose: { name: string; composeId: string }[] }[] };
      const projects = await ask<Project[]>("project.all");
      const staging = projects.flatMap((project) => project.environments).find((each) => each.name === "staging");
      return staging?.compose.find((compose) => compose.name === service)?.composeId ?? "";
    },
    envOf: async (id) => (await ask<{ env: string }>(`compose.one?composeId=${id}`)).env,
    close: async () => {
      await emulator.close();
      rmSync(folder, { recursive: true, force: true });
      rmSync(checkout, { recursive: true, force: true });
    },
  };
}

/** The services of a command's JSON answer with their results. */
export function results({ stdout }: CliEnd): [service: string, result: string][] {
  const { services } = JSON.parse(stdout) as { services: { service: string; result: string }[] };
  return services.map(({ service, result }) => [service, result]);
}
