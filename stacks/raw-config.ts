import type { Problem } from "../components/compose/problem.ts";

/** The stack's config as it was written, wherever it was read: the engine's environment or the stack file. */
export interface RawConfig {
  /** File named in problems, e.g. `Pulumi.staging.yaml`. */
  file: string;
  /** Full key → value, e.g. `platform:domain` → `example.org`. Structured values are objects. */
  values: Readonly<Record<string, unknown>>;
  /** Keys that hold a Pulumi secret, whole or somewhere inside. */
  secretKeys: ReadonlySet<string>;
  /** Place of a key, and of a path below it, where the text is at hand. */
  locate(key: string, path: readonly (string | number)[]): { line?: number; column?: number };
}

/**
 * Reads what the engine hands to a program: every value is text, structured ones are JSON.
 * `locate` finds places in the stack's file, which the engine does not tell.
 */
export function fromEngine(
  stack: string,
  config: Readonly<Record<string, string>>,
  isSecret: (key: string) => boolean,
  locate: RawConfig["locate"] = () => ({}),
): RawConfig {
  return {
    file: `Pulumi.${stack}.yaml`,
    values: Object.fromEntries(Object.entries(config).map(([key, text]) => [key, parseStructured(text)])),
    secretKeys: new Set(Object.keys(config).filter(isSecret)),
    locate,
  };
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
