import type { Command } from "commander";

/** How long a command waits for a run unless `--timeout` says otherwise, in seconds: as long as a run may take. */
const DEFAULT_TIMEOUT = "1800";

/** Adds the options of every command that asks for a run. */
export function addRunOptions(command: Command): Command {
  return addFull(addGiveUp(command))
    .option("--wait", "follow the run to its end; without it this returns when the request is accepted")
    .option("--timeout <seconds>", "how long to wait", DEFAULT_TIMEOUT)
    .option("--service <name>", "show only this service and what failed; may be repeated", collect, [])
    .option("--reason <text>", "why, for the run's record")
    .option("--summary <file>", "append a table in Markdown, e.g. $GITHUB_STEP_SUMMARY")
    .option("--json", "print one JSON document");
}

/** Adds `--give-up` to a command that may bring a stack to where containers start without data that they have. */
export function addGiveUp(command: Command): Command {
  return command.option(
    "--give-up <volume>",
    "let containers start without the data in this volume, by its full name; it stays on the server; may be repeated",
    collect,
    [],
  );
}

/** Adds `--full` to a command that a look may answer. */
export function addFull(command: Command): Command {
  return command.option("--full", "start an engine in any case, also where a look says that nothing is to do");
}

/** What `--full` adds to the body of a request for a run. */
export function fullBody(full: boolean | undefined): { full?: true } {
  return full ? { full } : {};
}

/** What `--give-up` adds to the body of a request for a run. */
export function givenUpBody(volumes: string[]): { give_up?: string[] } {
  return volumes.length > 0 ? { give_up: volumes } : {};
}

/** For options that may be repeated. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
