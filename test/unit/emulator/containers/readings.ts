import { parseEnvFile } from "../../../../emulator/containers/simulation/read/env-file.ts";
import { loadProject } from "../../../../emulator/containers/simulation/read/load-project.ts";

/** What a compose file means, as far as both sides tell it; or why it is refused. */
export type Reading =
  | { refused: string }
  | { services: Record<string, ServiceReading>; configs: Record<string, string> };

export interface ServiceReading {
  image: string;
  command: string[] | null;
  entrypoint: string[] | null;
  environment: Record<string, string | null>;
  labels: Record<string, string>;
}

export const sortKeys = <T>(pairs: Iterable<[string, T]>): Record<string, T> =>
  Object.fromEntries([...pairs].sort(([a], [b]) => (a < b ? -1 : 1)));

/** A file and its `.env` as the simulation reads them. */
export function readSimulated(text: string, env = ""): Reading {
  try {
    const variables = parseEnvFile(env);
    const project = loadProject({
      name: "app",
      file: "FOLDER/docker-compose.yml",
      text,
      variables,
      readFile: () => undefined,
      readEnvFile: () => new Map(),
    });
    const used = new Set([...project.services.values()].flatMap(({ configs }) => configs.map(({ source }) => source)));
    return {
      services: sortKeys(
        [...project.services].map(([key, service]) => [
          key,
          {
            image: service.image,
            command: service.command ?? null,
            entrypoint: service.entrypoint ?? null,
            environment: sortKeys(service.environment),
            labels: sortKeys(service.labels),
          },
        ]),
      ),
      configs: sortKeys(
        [...project.configs].filter(([key]) => used.has(key)).map(([key, { content }]) => [key, content ?? ""]),
      ),
    };
  } catch (error) {
    return { refused: (error as Error).message };
  }
}
