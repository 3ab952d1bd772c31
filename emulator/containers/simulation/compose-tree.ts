import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument, type YAMLMap } from "yaml";
import { ComposeError } from "./compose-error.ts";
import { type Interpolation, interpolate } from "./interpolate.ts";
import { type PlainScalar, readPlainScalar } from "./yaml-scalar.ts";

/** A value of a compose file with YAML types and variables resolved: a scalar, a list or a map. */
export type Tree = PlainScalar | Tree[] | Map<string, Tree>;

export function isTreeMap(tree: Tree | undefined): tree is Map<string, Tree> {
  return tree instanceof Map;
}

function readMap(document: Document, map: YAMLMap, path: string, source: Interpolation): Map<string, Tree> {
  const own = new Map<string, Tree>();
  const inherited = new Map<string, Tree>();
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? (key.source ?? String(key.value)) : String(key);
    const tree = readNode(document, value, path === "" ? name : `${path}.${name}`, source);
    if (name === "<<" && isScalar(key) && key.type === "PLAIN") {
      for (const parent of Array.isArray(tree) ? tree : [tree]) {
        if (!isTreeMap(parent)) throw new ComposeError("yaml: map merge requires map or sequence of maps as the value");
        for (const [inheritedKey, inheritedValue] of parent)
          if (!inherited.has(inheritedKey)) inherited.set(inheritedKey, inheritedValue);
      }
    } else {
      if (own.has(name)) throw new ComposeError(`mapping key "${name}" already defined`);
      own.set(name, tree);
    }
  }
  return new Map([...inherited, ...own]);
}

function readNode(document: Document, node: unknown, path: string, source: Interpolation): Tree {
  if (isAlias(node)) return readNode(document, node.resolve(document), path, source);
  if (isMap(node)) return readMap(document, node, path, source);
  if (isSeq(node)) return node.items.map((item) => readNode(document, item, `${path}.[]`, source));
  if (!isScalar(node)) return { kind: "null" };
  const text = String(node.value ?? "");
  if (node.type !== "PLAIN" || node.tag === "!!str" || node.tag === "tag:yaml.org,2002:str")
    return { kind: "string", text: interpolate(text, path, source) };
  const scalar = readPlainScalar(text);
  return scalar.kind === "string" ? { kind: "string", text: interpolate(text, path, source) } : scalar;
}

/**
 * Reads a compose file's YAML with Compose's types and variables.
 * @throws ComposeError with the reader's complaint.
 */
export function readTree(text: string, source: Interpolation): Map<string, Tree> {
  const document = parseDocument(text, {
    schema: "failsafe",
    uniqueKeys: false,
    merge: false,
    keepSourceTokens: false,
  });
  const [problem] = document.errors;
  if (problem)
    throw new ComposeError(`yaml: line ${problem.linePos?.[0].line ?? 1}: ${problem.message.split(" at line")[0]}`);
  if (document.contents === null) throw new ComposeError("empty compose file");
  const tree = readNode(document, document.contents, "", source);
  if (!isTreeMap(tree)) throw new ComposeError("top-level object must be a mapping");
  return tree;
}
