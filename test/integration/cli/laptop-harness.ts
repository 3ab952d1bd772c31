import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { engineHome } from "../../engine/engine-home.ts";
import { type CliEnd, copyPlatform, runCli } from "./run-cli.ts";

export const PLATFORM_KEY = "planted-platform-key-0123456789abcdef";
export const PASSPHRASE = "planted-passphrase";

/** What the tests' stack is, whatever the repository's own becomes. */
const STAGING = `config:
  platform:domain: example.org
  platform:suffix: -staging
  platform:services: [postgres, redis]
`;

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
  /** With other values in its environment. */
  dockmasterAs(env: Record<string, string>, ...words: string[]): Promise<CliEnd>;
  /** With this text on stdin. */
  dockmasterWith(input: string, ...words: string[]): Promise<CliEnd>;
  /** One call of Dokploy's API. */
  ask<T>(procedure: string, body?: object): Promise<T>;
  /** The Compose project of a service on staging; "" when there is none. */
  composeId(service: string): Promise<string>;
  envOf(composeId: string): Promise<string>;
  /** How often a service on staging was deployed. */
  deployments(service: string): Promise<number>;
  /** Text of `Pulumi.staging.yaml`. */
  stackFile(): string;
  editStackFile(from: string, to: string): void;
  close(): Promise<void>;
}

export async function openLaptop(): Promise<Laptop> {
  const emulator = await startEmulator();
  const folder = mkdtempSync(join(tmpdir(), "cli-laptop-"));
  const state = join(folder, "state");
  mkdirSync(state);
  const checkout = copyPlatform();
  const stagingFile = join(checkout, "Pulumi.staging.yaml");
  writeFileSync(stagingFile, STAGING);
  const stackFile = () => readFileSync(stagingFile, "utf8");
  const env = {
    DOKPLOY_URL: emulator.url,
    DOKPLOY_API_KEY: emulator.apiKey,
    PLATFORM_KEY,
    PULUMI_BACKEND_URL: `file://${state}`,
    ...(await engineHome(folder)),
    PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
  };
  let printed = "";
  const run = async (words: string[], more: Record<string, string> = {}, input?: string) => {
    const options = { cwd: checkout, env: { ...env, ...more } };
    const end = await runCli(words, input === undefined ? options : { ...options, input });
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
  const composeId = async (service: string) => {
    type Project = { environments: { name: string; compose: { name: string; composeId: string }[] }[] };
    const projects = await ask<Project[]>("project.all");
    const staging = projects.flatMap((project) => project.environments).find((each) => each.name === "staging");
    return staging?.compose.find((compose) => compose.name === service)?.composeId ?? "";
  };
  return {
    emulator,
    checkout,
    state,
    env,
    printed: () => printed,
    dockmaster: (...words) => run(words),
    dockmasterAs: (more, ...words) => run(words, more),
    dockmasterWith: (input, ...words) => run(words, {}, input),
    ask,
    composeId,
    envOf: async (id) => (await ask<{ env: string }>(`compose.one?composeId=${id}`)).env,
    deployments: async (service) => {
      const { deployments } = await ask<{ deployments: unknown[] }>(
        `compose.one?composeId=${await composeId(service)}`,
      );
      return deployments.length;
    },
    stackFile,
    editStackFile: (from, to) => {
      const text = stackFile();
      if (!text.includes(from)) throw new Error(`the stack file has no ${from}:\n${text}`);
      writeFileSync(stagingFile, text.replace(from, to));
    },
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
