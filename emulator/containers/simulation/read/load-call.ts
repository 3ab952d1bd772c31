import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import type { ComposeCall } from "./command-line.ts";
import { ComposeError } from "./compose-error.ts";
import { parseEnvFile } from "./env-file.ts";
import { loadProject } from "./load-project.ts";
import type { Project } from "./project.ts";

/** The project that one call of `docker compose` in `folder` is about, with its files and variables. Throws `ComposeError`. */
export function loadCall(call: ComposeCall, appName: string, folder: string): Project {
  const inherited = (name: string) =>
    name === "HOME" ? homedir() : name === "PATH" ? (process.env.PATH ?? "") : undefined;
  const readFile = (path: string) => {
    const absolute = resolve(folder, path);
    return existsSync(absolute) ? readFileSync(absolute, "utf8") : undefined;
  };
  const variables = parseEnvFile(readFile(".env") ?? "", inherited);
  for (const name of ["HOME", "PATH"]) variables.set(name, inherited(name) ?? "");
  const file = resolve(folder, call.file ?? "docker-compose.yml");
  const text = readFile(file);
  if (text === undefined) throw new ComposeError(`open ${file}: no such file or directory`);
  return loadProject({
    name: call.project ?? appName,
    file,
    text,
    variables,
    readFile,
    readEnvFile: (path, required) => {
      const content = readFile(path);
      if (content === undefined && required) throw new ComposeError(`env file ${resolve(folder, path)} not found`);
      return parseEnvFile(content ?? "", (name) => variables.get(name));
    },
  });
}
