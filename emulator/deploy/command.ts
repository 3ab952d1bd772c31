import type { ComposeRow } from "../state/records.ts";

const UNSAFE = /[;|`$(){}<>\n\\]/;

/** The words after `docker `. Throws when the service's own command is one that Dokploy refuses. */
export function composeCommand(compose: ComposeRow): string {
  if (compose.command !== "") return checkedCommand(compose.command);
  return defaultCommand(compose);
}

export function defaultCommand({ appName, composePath, composeType, sourceType }: ComposeRow): string {
  const path = sourceType === "raw" ? "docker-compose.yml" : composePath;
  if (composeType === "stack") return `stack deploy -c ${path} ${appName} --prune --with-registry-auth`;
  return `compose -p ${appName} -f ${path} up -d --build --remove-orphans`;
}

/** One entry per `docker …` of a chain with `&&`, each without the word `docker`. */
export function commandSteps(command: string): string[] {
  return command.split("&&").map((step) => step.trim().replace(/^docker(?:-(?=compose ))? ?/, ""));
}

function checkedCommand(asked: string): string {
  const command = asked.trim();
  if (UNSAFE.test(command)) {
    throw new Error("Invalid characters in compose command: shell control characters are not allowed");
  }
  if (/(?<!&)&(?!&)/.test(command) || command.includes("&&&")) {
    throw new Error("Single '&' is not allowed. Use '&&' for chaining.");
  }
  const [, ...chained] = command.split("&&").map((step) => step.trim());
  if (!chained.every((step) => step.startsWith("docker compose ") || step.startsWith("docker-compose "))) {
    throw new Error("Chained commands must strictly start with 'docker compose '");
  }
  return command
    .split(/\s+/)
    .map((word) => word.replace(/^"(.*)"$/, "$1"))
    .join(" ");
}
