import { z } from "zod";
import { closest } from "../compose/closest.ts";

/** One mistake of a config value: where below it, what, and what to do. */
export interface Issue {
  path: (string | number)[];
  message: string;
  hint: string;
}

/** The mistakes of a parse in words. A schema's own message is split at `; ` into what is wrong and what to do. */
export function explainIssues(
  result: z.ZodSafeParseResult<unknown>,
  schema: z.ZodObject,
  alsoKnown: readonly string[] = [],
): Issue[] {
  if (result.success) return [];
  return result.error.issues.flatMap((issue): Issue[] => {
    const path = issue.path.filter((step) => typeof step !== "symbol");
    if (issue.code !== "unrecognized_keys") {
      const [message = "", hint = "correct the value"] = issue.message.split("; ");
      return [{ path, message, hint }];
    }
    const known = [...keysAt(schema, path), ...(path.length === 0 ? alsoKnown : [])];
    return issue.keys.map((key) => {
      const near = closest(key, known);
      const hint = near ? `did you mean \`${near}\`?` : `known are ${known.join(", ")}`;
      return { path: [...path, key], message: "unknown key", hint };
    });
  });
}

/** The keys that a schema knows at a place below it. */
function keysAt(schema: z.ZodType, path: readonly (string | number)[]): string[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return keysAt(schema.unwrap() as z.ZodType, path);
  const [step, ...rest] = path;
  if (schema instanceof z.ZodPipe) return keysAt(schema.in as z.ZodType, path);
  if (schema instanceof z.ZodArray) return keysAt(schema.element as z.ZodType, rest);
  if (schema instanceof z.ZodRecord) return step === undefined ? [] : keysAt(schema.valueType as z.ZodType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  if (step === undefined) return Object.keys(schema.shape);
  const next = schema.shape[String(step)];
  return next ? keysAt(next, rest) : [];
}
