import { ComposeError } from "./compose-error.ts";
import { splitWords } from "./tree-reader.ts";

/** One `docker compose` call of Dokploy's `command`. */
export interface ComposeCall {
  subcommand: string;
  project?: string;
  file?: string;
  detach: boolean;
  wait: boolean;
  /** Seconds; 0 when none was given. */
  waitTimeout: number;
  removeOrphans: boolean;
  forceRecreate: boolean;
  noRecreate: boolean;
  noStart: boolean;
  /** `--yes`: every question is answered with yes. */
  yes: boolean;
  volumes: boolean;
  services: string[];
}

const withValue = new Set([
  "--pull",
  "--scale",
  "--timeout",
  "-t",
  "--wait-timeout",
  "--exit-code-from",
  "--attach",
  "--no-attach",
  "--progress",
  "--ansi",
  "--profile",
  "--env-file",
  "--project-directory",
  "--parallel",
  "--rmi",
]);

function parseCall(words: readonly string[]): ComposeCall {
  if (words[0] !== "compose")
    throw new ComposeError(
      `docker ${words[0] ?? ""} is not simulated: use real containers (--containers docker) for it`,
    );
  const call: ComposeCall = {
    subcommand: "",
    detach: false,
    wait: false,
    waitTimeout: 0,
    removeOrphans: false,
    forceRecreate: false,
    noRecreate: false,
    noStart: false,
    yes: false,
    volumes: false,
    services: [],
  };
  for (let index = 1; index < words.length; index++) {
    const [word = "", attached] = (words[index] ?? "").startsWith("--")
      ? (words[index] ?? "").split(/=(.*)/s)
      : [words[index]];
    const value = () => attached ?? words[++index] ?? "";
    const enabled = attached !== "false";
    if (call.subcommand === "" && (word === "-p" || word === "--project-name")) call.project = value();
    else if (call.subcommand === "" && (word === "-f" || word === "--file")) call.file = value();
    else if (word === "-d" || word === "--detach") call.detach = enabled;
    else if (word === "--wait") call.wait = enabled;
    else if (word === "--wait-timeout") call.waitTimeout = Number(value());
    else if (word === "--remove-orphans") call.removeOrphans = enabled;
    else if (word === "--force-recreate") call.forceRecreate = enabled;
    else if (word === "--no-recreate") call.noRecreate = enabled;
    else if (word === "--no-start") call.noStart = enabled;
    else if (word === "-y" || word === "--yes") call.yes = enabled;
    else if (call.subcommand === "down" && (word === "-v" || word === "--volumes")) call.volumes = enabled;
    else if (withValue.has(word)) value();
    else if (word.startsWith("-")) continue;
    else if (call.subcommand === "") call.subcommand = word;
    else call.services.push(word);
  }
  return call;
}

/** The words after `docker ` of each part of a command that `&&` joins; further parts begin with `docker` themselves. */
export function splitCommandLine(command: string): string[][] {
  return command.split("&&").map((part, index) => {
    const words = splitWords(part);
    return index > 0 && words[0] === "docker" ? words.slice(1) : words;
  });
}

/**
 * The calls in a `command` of Dokploy.
 * @throws ComposeError for a part that is no `docker compose`.
 */
export function parseCommandLine(command: string): ComposeCall[] {
  return splitCommandLine(command).map(parseCall);
}
