import type { Problem } from "../../components/compose/problem.ts";

/** The stack's config as it was written, wherever it was read: the engine's environment or the stack file. */
export interface RawConfig {
  /** File named in problems, e.g. `Pulumi.staging.yaml`. */
  file: string;
  /** Full key → value, e.g. `platform:domain` → `example.org`. Structured values are objects. */
  values: Readonly<Record<string, unknown>>;
  /** Keys that hold a Pulumi secret, whole or somewhere inside. */
  secretKeys: ReadonlySet<string>;
  /** Whether the value at a key, and a path below it, is part of a Pulumi secret. */
  isSecret(key: string, path: readonly (string | number)[]): boolean;
  /** Place of a key, and of a path below it, where the text is at hand. */
  locate(key: string, path: readonly (string | number)[]): { line?: number; column?: number };
}

/**
 * Reads what the engine hands to a program: every value is text, structured ones are JSON. `file` is the stack's own, which knows
 * what the engine does not tell: places, and which values below a key with a secret are none.
 */
export function fromEngine(
  stack: string,
  config: Readonly<Record<string, string>>,
  isSecret: (key: string) => boolean,
  file?: RawConfig,
): RawConfig {
  const values = Object.fromEntries(Object.entries(config).map(([key, text]) => [key, parseStructured(text)]));
  // The engine may have been given another file, with a secret in the place of what stands in this one.
  const isClear = (key: string, path: readonly (string | number)[]) => {
    const written = valueAt(file?.values[key], path);
    return !file?.isSecret(key, path) && isScalar(written) && String(written) === String(valueAt(values[key], path));
  };
  return {
    file: `Pulumi.${stack}.yaml`,
    values,
    secretKeys: new Set(Object.keys(config).filter(isSecret)),
    isSecret: (key, path) => isSecret(key) && !isClear(key, path),
    locate: file?.locate ?? (() => ({})),
  };
}

/** What stands at a path below a value; undefined when there is nothing. */
export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce(
    (at: unknown, key) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    value,
  );
}

function isScalar(value: unknown): boolean {
  return value !== undefined && value !== null && typeof value !== "object";
}

/** A mistake at a key of the config, or below it. */
export function problemAt(
  raw: RawConfig,
  key: string,
  path: readonly (string | number)[],
  message: string,
  hint: string,
): Problem {
  const name = [key, ...path].join(".");
  return { file: raw.file, ...raw.locate(key, path), message: `\`${name}\`: ${message}`, hint };
}

/** Only objects and lists: `"5"` stays the text that it may have been. */
function parseStructured(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
