import type { ValidateFunction } from "ajv";
import type { ComposeFile } from "./model.ts";
import type { Source } from "./parse.ts";
import type { Path, Problem } from "./problem.ts";
import { explainSchema } from "./reading/explain-schema.ts";
import { withoutRepeats } from "./reading/repeats.ts";
import validate from "./spec/validate.cjs";

const accepts = validate as ValidateFunction<unknown>;

/**
 * Checks a file against the Compose specification's JSON schema and narrows its type. All deviations at once.
 * `seen`: the file with the values of its variables, which is what Compose checks; of entries that are there twice it keeps the last.
 */
export function checkSchema(source: Source, seen: unknown): { compose?: ComposeFile; problems: Problem[] } {
  const { value, problems: repeats } = withoutRepeats(seen);
  const problemAt = (path: Path, message: string, hint: string): Problem => ({
    file: source.file,
    ...source.locate(path),
    message,
    hint,
  });
  const problems = repeats.map(({ path, message, hint }) => problemAt(path, message, hint));
  if (accepts(value)) {
    const { services } = value as ComposeFile;
    if (services && Object.keys(services).length > 0) return { compose: seen as ComposeFile, problems };
    return {
      problems: [...problems, problemAt([], "no services", "describe at least one container below `services:`")],
    };
  }
  return {
    problems: [...problems, ...explainSchema(seen).map(({ path, message, hint }) => problemAt(path, message, hint))],
  };
}
