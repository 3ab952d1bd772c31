import { readFileSync, statSync } from "node:fs";
import type { VariableName } from "./variables.ts";

/** Environment variables, each also as `<NAME>_FILE`: the path of a file that is read again when it changes. */
export interface Variables<Name extends string = VariableName> {
  /** The value now; undefined when neither is set or both are empty, or when its file is gone. Throws when a named file was never readable. */
  get(name: Name): string | undefined;
  /** Values that its file held before: nobody accepts them any more, and nobody shall see them. */
  before(name: Name): readonly string[];
  /** Whether the environment names it, also where its file cannot be read, is empty or is gone. */
  isNamed(name: Name): boolean;
  /** When the value last changed, in milliseconds since the epoch; undefined for values that are not in a file. */
  changedAt(name: Name): number | undefined;
  /** Files that were readable once and were not at the last try. */
  unreadable(): string[];
}

/** What says that there is no such file. */
const GONE: readonly unknown[] = ["ENOENT", "ENOTDIR"];

/**
 * Reads variables from `env`. A file that is gone counts at once as none: who takes a secret away means it. Agents that replace one
 * write beside it and rename, which leaves no moment without a file (vault-agent's templates and the links of Kubernetes do). While a
 * file that is there cannot be read, its last good value stays in use. Both `NAME` and `NAME_FILE` set is an error.
 */
export function createVariables(env: Record<string, string | undefined>): Variables<string> {
  const files = new Map<string, { stamp: string; changedAt: number; value: string }>();

  const wasRead = new Set<string>();
  const past = new Map<string, Set<string>>();
  const unreadable = new Set<string>();
  /** A value that is replaced, or taken away. */
  const retire = (name: string) => {
    const value = files.get(name)?.value;
    if (value) past.set(name, (past.get(name) ?? new Set()).add(value));
    files.delete(name);
  };

  const read = (name: string, file: string): string | undefined => {
    const known = files.get(name);
    try {
      const { mtimeMs, size, ino } = statSync(file);
      unreadable.delete(file);
      const stamp = `${ino}:${mtimeMs}:${size}`;
      if (known?.stamp === stamp) return known.value;
      const value = readFileSync(file, "utf8").replace(/\r?\n$/, "");
      if (known?.value !== value) retire(name);
      wasRead.add(name);
      files.set(name, { stamp, changedAt: mtimeMs, value });
      return value;
    } catch (cause) {
      unreadable.add(file);
      if (known && GONE.includes((cause as NodeJS.ErrnoException).code)) retire(name);
      else if (known) return known.value;
      if (wasRead.has(name)) return undefined;
      throw new Error(`${name}_FILE: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
    }
  };

  return {
    get: (name) => {
      const file = env[`${name}_FILE`];
      if (file && env[name]) throw new Error(`${name} and ${name}_FILE are both set: keep one`);
      return (file ? read(name, file) : env[name]) || undefined;
    },
    before: (name) => [...(past.get(name) ?? [])],
    isNamed: (name) => Boolean(env[name] || env[`${name}_FILE`]),
    changedAt: (name) => files.get(name)?.changedAt,
    unreadable: () => [...unreadable],
  };
}

/** The named variables that are set. */
export function pickEnvironment(
  env: Record<string, string | undefined>,
  names: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value) picked[name] = value;
  }
  return picked;
}
