// Prints docs/reference/runner.md, made from the table of variables: `node tools/docs/variables-reference.ts > docs/reference/runner.md`.
import { VARIABLES, type Variable } from "../../automation/variables.ts";

const INTRO = `# The runner's variables

<!-- Made by \`node tools/docs/variables-reference.ts > docs/reference/runner.md\`: change \`automation/variables.ts\`, not this page. -->

[Bootstrap](../guides/bootstrap.md) sets most of them; [by hand](../start/runner.md) you set them yourself. Each variable also as \`<NAME>_FILE\`: a file that is read again when it changes. Both at once is an error.

| variable | default | meaning |
|---|---|---|`;

/** The page. */
export function variablesReference(): string {
  const entries = Object.entries<Variable>(VARIABLES);
  const rows = entries.flatMap(([name, variable]) => (variable.docs ? [rowOf(name, variable.docs, variable)] : []));
  const seen = (viewer: string) =>
    entries.flatMap(([name, { docs, seenBy }]) =>
      !docs && seenBy?.some((each) => each === viewer) ? `\`${name}\`` : [],
    );
  return `${INTRO}
${rows.join("\n")}

## What others see

The engine with the release that it runs, git and npm get an environment that is built for them. Of the runner's own it has what is marked above, and what they need to find their way:

| | sees |
|---|---|
| the engine and the release | ${seen("program").join(", ")} |
| git | ${seen("git").join(", ")} |
| npm | ${seen("npm").join(", ")} |
`;
}

function rowOf(name: string, docs: string, variable: Variable): string {
  const { default: written, defaultIs, reads, secret, seenBy } = variable;
  const fallback = written === undefined ? (defaultIs ?? (isRequired(reads) ? "required" : "–")) : `\`${written}\``;
  const notes = [secret === "whole" ? "secret" : "", seenBy ? "handed to the program" : ""].filter(Boolean);
  return `| \`${name}\` | ${fallback} | ${docs}${notes.length > 0 ? ` (${notes.join("; ")})` : ""} |`;
}

function isRequired(reads: Variable["reads"]): boolean {
  return reads !== undefined && !reads.safeParse(undefined).success;
}

if (import.meta.main) process.stdout.write(variablesReference());
