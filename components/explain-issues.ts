import type { z } from "zod";
import { closest } from "./compose/closest.ts";

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
    return issue.keys.map((key) => {
      const known = [...Object.keys(schema.shape), ...alsoKnown];
      const near = closest(key, known);
      const hint = near ? `did you mean \`${near}\`?` : `known are ${known.join(", ")}`;
      return { path: [...path, key], message: "unknown key", hint };
    });
  });
}
