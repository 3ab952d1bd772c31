import type { Path } from "../problem.ts";

/** One mistake at a place of a document. */
export interface Finding {
  path: Path;
  message: string;
  /** What to do. */
  hint: string;
}

/** What a value is, in words. */
export function kindOf(value: unknown): string {
  if (value === null) return "empty";
  if (value instanceof Date) return "a date";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "a map" : `a ${typeof value}`;
}
