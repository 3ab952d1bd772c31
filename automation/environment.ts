import { readFileSync, statSync } from "node:fs";
import type { VariableName } from "./variables.ts";

/** Environment variables, each also as `<NAME>_FILE`: the path of a file that is read again when it changes. */
export interface Variables<Name extends string = VariableName> {
  /** The value now; undefined when neither is set or both are empty. Throws when a named file was never readable. */
  get(name: Name): string | undefined;
  /** Whether the environment names it, also where its file cannot be read, is empty or is gone. */
  isNamed(name: Name): boolean;
  /** When the value last changed, in milliseconds since the epoch; undefined for values that are not in a file. */
  changedAt(name: Name): number | undefined;
  /** Files that were readable once and were not at the last try. */
  unreadable(): string[];
}

/**
 * Reads variables from `env`. A file's last good value stays in use while the file cannot be read, because an agent
 * that replaces it may be in the middle of doing so. Both `NAME` and `NAME_FILE` set is an error.
 */
export function createVariables(env: Record<string, string | undefined>): Variables<string> {
  const files = new Map<string, { stamp: string; changedAt: number; value: string }>();

  const unreadable = new Set<string>();

  const read = (name: string, file: string): string => {
    const known = files.get(name);
    try {
      const { mtimeMs, size, ino } = statSync(file);
      unreadable.delete(file);
      const stamp = `${ino}:${mtimeMs}:${size}`;
      if (known?.stamp === stamp) return known.value;
      const value = readFileSync(file, "utf8").replace(/\r?\n$/, "");
      files.set(name, { stamp, changedAt: mtimeMs, value });
      return value;
    } catch (cause) {
      unreadable.add(file);
      if (known) return known.value;
      throw new Error(`${name}_FILE: ${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
    }
  };

  return {
    get: (name) => {
      const file = env[`${name}_FILE`];
      if (file && env[name]) throw new Error(`${name} and ${name}_FILE are both set: keep one`);
      return (file ? read(name, file) : env[name]) || undefined;
    },
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
