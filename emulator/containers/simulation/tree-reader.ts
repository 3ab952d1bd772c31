import { ComposeError } from "./compose-error.ts";
import { isTreeMap, type Tree } from "./compose-tree.ts";

/** The text of a scalar that must be a string where it stands. */
export function toText(tree: Tree | undefined, path: string): string {
  if (tree === undefined || Array.isArray(tree) || isTreeMap(tree) || tree.kind === "null")
    throw new ComposeError(`${path} must be a string`);
  if (tree.kind === "time") throw new ComposeError(`${path} must be a string`);
  if (tree.kind !== "string") throw new ComposeError(`${path} must be a string`);
  return tree.text;
}

/** The text of a scalar where Compose also takes numbers and booleans; dates are refused as v2.40 does. */
export function toLooseText(tree: Tree | undefined, path: string): string {
  if (tree === undefined || Array.isArray(tree) || isTreeMap(tree)) throw new ComposeError(`${path} must be a string`);
  if (tree.kind === "null") return "";
  if (tree.kind === "time") throw new ComposeError(`${path}: invalid jsonType time.Time`);
  return tree.text;
}

export function toFlag(tree: Tree | undefined, path: string, fallback = false): boolean {
  if (tree === undefined) return fallback;
  if (Array.isArray(tree) || isTreeMap(tree) || tree.kind === "null" || tree.kind === "time")
    throw new ComposeError(`${path} must be a boolean`);
  if (tree.kind === "boolean") return tree.value;
  if (/^(true|yes|on|y|1)$/i.test(tree.text)) return true;
  if (/^(false|no|off|n|0)$/i.test(tree.text)) return false;
  throw new ComposeError(`${path} must be a boolean`);
}

export function toMap(tree: Tree | undefined, path: string): Map<string, Tree> {
  if (tree === undefined || (!Array.isArray(tree) && !isTreeMap(tree) && tree.kind === "null")) return new Map();
  if (!isTreeMap(tree)) throw new ComposeError(`${path} must be a mapping`);
  return tree;
}

export function toList(tree: Tree | undefined, path: string): Tree[] {
  if (tree === undefined) return [];
  if (!Array.isArray(tree)) throw new ComposeError(`${path} must be a array`);
  return tree;
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
  if (Array.isArray(tree)) {
    for (const item of tree) {
      const text = toText(item, `${path}.[]`);
      const equals = text.indexOf("=");
      if (equals === -1) set(text, inherit(text));
      else result.set(text.slice(0, equals), text.slice(equals + 1));
    }
    return result;
  }
  for (const [key, value] of toMap(tree, path)) {
    const empty = !Array.isArray(value) && !isTreeMap(value) && value.kind === "null";
    set(key, empty ? inherit(key) : toLooseText(value, `${path}.${key}`));
  }
  return result;
}

/** `command`, `entrypoint`: a list, or one string that is split as a shell would split it. */
export function toWords(tree: Tree | undefined, path: string): string[] | undefined {
  if (tree === undefined) return undefined;
  if (Array.isArray(tree)) return tree.map((item) => toText(item, `${path}.[]`));
  if (!isTreeMap(tree) && tree.kind === "null") return undefined;
  return splitWords(toText(tree, path));
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
