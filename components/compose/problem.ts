/** Where a value sits in a document: keys and list indexes from its root. */
export type Path = readonly (string | number)[];

/** One mistake of a compose file or of the stack's config: where it is, what is wrong, what to do. */
export interface Problem {
  /** Path of the file from the repository's root, e.g. `components/minio/compose.yaml`. */
  file: string;
  /** From 1; absent where only the key is known (config that the engine hands over). */
  line?: number;
  /** From 1. */
  column?: number;
  message: string;
  /** What to do, as a short imperative. */
  hint: string;
}

/** Notes a mistake at a place of the compose file that is being rendered. */
export type Report = (path: Path, message: string, hint: string) => void;

/** One line: `components/minio/compose.yaml:14:9  message  (what to do)`. */
export function printProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(":");
  return `${place}  ${problem.message}  (${problem.hint})`;
}

/** By file, then place, so that the same mistakes are always reported in the same order. */
export function sortProblems<Kind extends Problem>(problems: readonly Kind[]): Kind[] {
  return [...problems].sort(
    (a, b) =>
      compareText(a.file, b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      compareText(a.message, b.message),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
