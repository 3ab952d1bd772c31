import type { ErrorObject, ValidateFunction } from "ajv";
import { closest } from "./closest.ts";
import type { ComposeFile } from "./model.ts";
import type { Source } from "./parse.ts";
import type { Path, Problem } from "./problem.ts";
import validate from "./spec/validate.cjs";

const accepts = validate as ValidateFunction<ComposeFile>;

/** Checks a file against the Compose specification's JSON schema and narrows its type. All deviations at once. */
export function checkSchema(source: Source): { compose?: ComposeFile; problems: Problem[] } {
  const value = source.value;
  if (accepts(value)) {
    if (value.services && Object.keys(value.services).length > 0) return { compose: value, problems: [] };
    return { problems: [problemAt(source, [], "no services", "describe at least one container below `services:`")] };
  }
  return {
    problems: explain(accepts.errors ?? []).map(({ path, message, hint }) => problemAt(source, path, message, hint)),
  };
}

function problemAt(source: Source, path: Path, message: string, hint: string): Problem {
  return { file: source.file, ...source.locate(path), message, hint };
}

interface Finding {
  path: Path;
  message: string;
  hint: string;
}

const SPEC_HINT = "see https://docs.docker.com/reference/compose-file/";

/** A schema with alternatives answers with an error for each of them; the deepest ones say what is wrong. */
function explain(errors: readonly ErrorObject[]): Finding[] {
  const telling = errors.filter((error) => !["oneOf", "anyOf", "if", "$ref"].includes(error.keyword));
  const kept = (telling.length > 0 ? telling : errors).filter(
    (error) => !telling.some((other) => other.instancePath.startsWith(`${error.instancePath}/`)),
  );
  const places = Map.groupBy(kept, (error) => error.instancePath);
  return [...places.values()].flatMap(explainPlace);
}

function explainPlace(errors: readonly ErrorObject[]): Finding[] {
  const [first] = errors;
  if (!first) return [];
  const path = toPath(first.instancePath);
  const name = path.length === 0 ? "the file" : `\`${String(path.at(-1))}\``;
  const unknown = errors.filter((error) => error.keyword === "additionalProperties");
  if (unknown.length > 0) return unknown.map((error) => unknownKey(path, error));
  const types = errors
    .filter((error) => error.keyword === "type")
    .flatMap((error) => error.params.type as string | string[]);
  if (types.length > 0) {
    return [
      {
        path,
        message: `${name} must be ${[...new Set(types)].join(" or ")}, not ${kindOf(first.data)}`,
        hint: SPEC_HINT,
      },
    ];
  }
  const choices = errors.find((error) => error.keyword === "enum");
  if (choices) {
    return [
      {
        path,
        message: `${name} must be one of ${(choices.params.allowedValues as string[]).join(", ")}`,
        hint: SPEC_HINT,
      },
    ];
  }
  return [{ path, message: `${name} ${first.message ?? "does not fit the Compose specification"}`, hint: SPEC_HINT }];
}

function unknownKey(path: Path, error: ErrorObject): Finding {
  const key = String(error.params.additionalProperty);
  const known = Object.keys((error.parentSchema?.properties as Record<string, unknown> | undefined) ?? {});
  const near = closest(key, known);
  return {
    path: [...path, key],
    message: `unknown key \`${key}\``,
    hint: near ? `did you mean \`${near}\`?` : "Compose knows no such key here: look at the indentation",
  };
}

function toPath(pointer: string): Path {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function kindOf(value: unknown): string {
  if (value === null) return "empty";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "a map" : `a ${typeof value}`;
}
