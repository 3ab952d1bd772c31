import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type Reading, type ServiceReading, sortKeys } from "../../unit/emulator/containers/readings.ts";

interface Rendered {
  services: Record<string, Partial<ServiceReading>>;
  configs?: Record<string, { content?: string }>;
}

/** Compose prints what it read so that it could be read again: with every `$` doubled. */
function undouble<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, part) => (typeof part === "string" ? part.replaceAll("$$", "$") : part));
}

export function composeVersion(): string {
  return spawnSync("docker", ["compose", "version", "--short"], { encoding: "utf8" }).stdout.trim().replace(/^v/, "");
}

/** `docker compose config` of a file and its `.env`. */
export function readWithCompose(text: string, env = ""): Reading {
  const folder = mkdtempSync(join(tmpdir(), "config-"));
  try {
    writeFileSync(join(folder, "docker-compose.yml"), text);
    writeFileSync(join(folder, ".env"), env);
    const words = ["compose", "-p", "app", "-f", "docker-compose.yml", "config", "--format", "json"];
    const environment = { PATH: process.env.PATH ?? "", HOME: homedir() };
    const { status, stdout, stderr } = spawnSync("docker", words, { cwd: folder, env: environment, encoding: "utf8" });
    if (status !== 0) return { refused: withoutWarnings(stderr).replaceAll(folder, "FOLDER") };
    const { services, configs } = undouble(JSON.parse(stdout) as Rendered);
    return {
      services: sortKeys(
        Object.entries(services).map(([key, service]) => [
          key,
          {
            image: service.image ?? "",
            command: service.command ?? null,
            entrypoint: service.entrypoint ?? null,
            // A key without a value: the container gets no such variable.
            environment: sortKeys(Object.entries(service.environment ?? {}).filter(([, value]) => value !== null)),
            labels: sortKeys(Object.entries(service.labels ?? {})),
          },
        ]),
      ),
      configs: sortKeys(Object.entries(configs ?? {}).map(([key, { content }]) => [key, content ?? ""])),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withoutWarnings(output: string): string {
  return output
    .split("\n")
    .filter((line) => !line.startsWith("time="))
    .join("\n")
    .trim();
}
