import type { ComposeFile } from "../model.ts";
import { parseCompose, type Source } from "../parse.ts";
import type { Problem, Report } from "../problem.ts";
import { checkSchema } from "../schema.ts";
import { brokenVariables, interpolate, type LookUp, variablesIn } from "../variables.ts";
import { scalars } from "../walk.ts";
import { castScalars } from "./cast.ts";
import { checkConsistency } from "./consistency.ts";
import { checkTypes } from "./types.ts";

/** A compose file that Docker Compose would accept. */
export interface Reading {
  source: Source;
  /** As it is written. */
  written: ComposeFile;
  /** As Compose sees it: with the values of its variables, and with numbers and switches where Compose wants some. */
  seen: ComposeFile;
}

/**
 * Reads a file as Docker Compose v2.40 does: what it refuses is refused with a place. Nothing of the platform's own rules.
 * Syntax errors hide the rest, and those of the shape hide what needs it.
 */
export function readCompose(
  file: string,
  text: string,
  lookUp: LookUp,
): { source?: Source; reading?: Reading; problems: Problem[] } {
  const { source, problems: syntax } = parseCompose(file, text);
  if (!source) return { problems: syntax };

  const problems = new Map<string, Problem>();
  const report: Report = (path, message, hint) => {
    const problem = { file, ...source.locate(path), message, hint };
    problems.set(JSON.stringify(problem), problem);
  };
  checkInterpolation(source.value, lookUp, report);
  const seen = castScalars(source.value, (value) => interpolate(value, lookUp), report);
  const { compose, problems: shape } = checkSchema(source, seen);
  for (const problem of shape) problems.set(JSON.stringify(problem), problem);
  if (!compose) return { source, problems: [...problems.values()] };
  checkTypes(compose, report);
  checkConsistency(compose, report);
  return {
    source,
    reading: { source, written: source.value as ComposeFile, seen: compose },
    problems: [...problems.values()],
  };
}

function checkInterpolation(value: unknown, lookUp: LookUp, report: Report): void {
  for (const { path, value: text } of scalars(value)) {
    if (typeof text !== "string") continue;
    for (const broken of brokenVariables(text)) {
      report(path, `\`${broken}\` is no variable that Compose knows`, "write `$$` for a literal `$`");
    }
    for (const { name, operator, operand } of variablesIn(text)) {
      const value = lookUp(name);
      if (value === undefined ? operator?.endsWith("?") : operator === ":?" && value === "") {
        const why = operand ? `: ${interpolate(operand, lookUp)}` : "";
        report(path, `variable \`${name}\` has no value${why}`, "give it one in the service's env");
      }
    }
  }
}
