import { ComposeError, SchemaError } from "./compose-error.ts";
import { isTreeMap, type Tree } from "./compose-tree.ts";

export function isNull(tree: Tree | undefined): boolean {
  return tree !== undefined && !Array.isArray(tree) && !isTreeMap(tree) && tree.kind === "null";
}

/** The text of a scalar that must be a string where it stands. */
export function toText(tree: Tree | undefined, path: string): string {
  const scalar = tree === undefined || Array.isArray(tree) || isTreeMap(tree) ? undefined : tree;
  if (scalar?.kind === "string") return scalar.text;
  throw new SchemaError(`${path} ${scalar?.kind === "time" ? "invalid jsonType time.Time" : "must be a string"}`);
}

/** The text of a scalar where Compose also takes numbers and booleans; a date is refused, as v2.40 does. */
export function toLooseText(tree: Tree | undefined, path: string): string {
  const scalar = tree === undefined || Array.isArray(tree) || isTreeMap(tree) ? undefined : tree;
  if (scalar === undefined) throw new SchemaError(`${path} must be a string`);
  if (scalar.kind === "null") return "";
  if (scalar.kind === "time") throw new SchemaError(`${path} invalid jsonType time.Time`);
  return scalar.text;
}

export function toNumber(tree: Tree | undefined, path: string): number {
  const value = Number(toLooseText(tree, path));
  if (!Number.isFinite(value)) throw new SchemaError(`${path} must be a integer`);
  return value;
}

export function toFlag(tree: Tree | undefined, path: string, fallback = false): boolean {
  if (tree === undefined) return fallback;
  const scalar = Array.isArray(tree) || isTreeMap(tree) ? undefined : tree;
  if (scalar?.kind === "boolean") return scalar.value;
  const text = scalar?.kind === "string" ? scalar.text.toLowerCase() : "";
  if (["true", "yes", "on", "y", "1"].includes(text)) return true;
  if (["false", "no", "off", "n", "0"].includes(text)) return false;
  throw new SchemaError(`${path} must be a boolean`);
}

/** A mapping; nothing at all and `null` are an empty one. */
export function toMap(tree: Tree | undefined, path: string): Map<string, Tree> {
  if (tree === undefined || isNull(tree)) return new Map();
  if (!isTreeMap(tree)) throw new SchemaError(`${path} must be a mapping`);
  return tree;
}

export function toList(tree: Tree | undefined, path: string): Tree[] {
  if (tree === undefined) return [];
  if (!Array.isArray(tree)) throw new SchemaError(`${path} must be a array`);
  return tree;
}

export function toTexts(tree: Tree | undefined, path: string): string[] {
  return toList(tree, path).map((item, index) => toText(item, `${path}.${index}`));
}

/** `environment` and `labels`: a list of `KEY=value` or a map; a key without a value takes `inherit(key)` or is left out. */
export function toPairs(
  tree: Tree | undefined,
  path: string,
  inherit: (key: string) => string | undefined,
): Map<string, string> {
  const result = new Map<string, string>();
  const set = (key: string, value: string | undefined) => {
    if (value !== undefined) result.set(key, value);
  };
  if (!Array.isArray(tree)) {
    for (const [key, value] of toMap(tree, path))
      set(key, isNull(value) ? inherit(key) : toLooseText(value, `${path}.${key}`));
    return result;
  }
  for (const [index, item] of tree.entries()) {
    if (Array.isArray(item) || isTreeMap(item) || item.kind !== "string")
      throw new ComposeError(`${path}.[${index}]: unexpected type`);
    const equals = item.text.indexOf("=");
    if (equals === -1) set(item.text, inherit(item.text));
    else result.set(item.text.slice(0, equals), item.text.slice(equals + 1));
  }
  return result;
}

/** `command`, `entrypoint`: a list, or one string that is split as a shell would split it. */
export function toWords(tree: Tree | undefined, path: string): string[] | undefined {
  if (tree === undefined || isNull(tree)) return undefined;
  return Array.isArray(tree) ? toTexts(tree, path) : splitWords(toText(tree, path));
}

/** Splits a command line at blanks, with quotes and backslashes as in a shell and nothing else of a shell. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs))
    words.push(
      word.replace(
        /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
        (_, double?: string, single?: string, escaped?: string) =>
          double?.replace(/\\(["\\$`])/g, "$1") ?? single ?? escaped ?? "",
      ),
    );
  return words;
}

/** Refuses keys that the Compose specification does not know, as `docker compose config` does; `x-…` is free. */
export function checkKeys(map: Map<string, Tree>, path: string, known: ReadonlySet<string>): void {
  const unknown = [...map.keys()].filter((key) => !known.has(key) && !key.startsWith("x-"));
  if (unknown.length > 0)
    throw new SchemaError(`${path} additional properties ${unknown.map((key) => `'${key}'`).join(", ")} not allowed`);
}
