import { type Document, isAlias, isMap, isScalar, isSeq, type YAMLMap } from "yaml";
import { ComposeError } from "./compose-error.ts";
import { type Interpolation, interpolate } from "./interpolate.ts";
import { parseYaml, refuseTabbedBlock } from "./yaml-reader.ts";
import { type PlainScalar, readPlainScalar } from "./yaml-scalar.ts";

/** A value of a compose file with YAML types and variables resolved: a scalar, a list or a map. */
export type Tree = PlainScalar | Tree[] | Map<string, Tree>;

export function isTreeMap(tree: Tree | undefined): tree is Map<string, Tree> {
  return tree instanceof Map;
}

interface Reading {
  document: Document;
  yaml: string;
  source: Interpolation;
}

function merge(into: Map<string, Tree>, tree: Tree): void {
  for (const parent of Array.isArray(tree) ? tree : [tree]) {
    if (!isTreeMap(parent)) throw new ComposeError("yaml: map merge requires map or sequence of maps as the value");
    for (const [key, value] of parent) if (!into.has(key)) into.set(key, value);
  }
}

function readMap(reading: Reading, map: YAMLMap, path: string): Map<string, Tree> {
  const own = new Map<string, Tree>();
  const inherited = new Map<string, Tree>();
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : String(key);
    const tree = readNode(reading, value, path === "" ? name : `${path}.${name}`);
    if (name === "<<" && isScalar(key) && key.type === "PLAIN") merge(inherited, tree);
    else if (own.has(name)) throw new ComposeError(`yaml: mapping key "${name}" already defined`);
    else own.set(name, tree);
  }
  return new Map([...inherited, ...own]);
}

function readNode(reading: Reading, node: unknown, path: string): Tree {
  if (isAlias(node)) return readNode(reading, node.resolve(reading.document), path);
  if (isMap(node)) return readMap(reading, node, path);
  if (isSeq(node)) return node.items.map((item) => readNode(reading, item, `${path}.[]`));
  if (!isScalar(node)) return { kind: "null" };
  refuseTabbedBlock(reading.yaml, node);
  const text = String(node.value ?? "");
  const tagged = node.tag === "!!str" || node.tag === "tag:yaml.org,2002:str";
  const scalar = node.type === "PLAIN" && !tagged ? readPlainScalar(text) : ({ kind: "string", text } as const);
  return scalar.kind === "string" ? { kind: "string", text: interpolate(text, path, reading.source) } : scalar;
}

/**
 * Reads a compose file's YAML with Compose's types and variables.
 * @throws ComposeError with the reader's complaint.
 */
export function readTree(text: string, source: Interpolation): Map<string, Tree> {
  const document = parseYaml(text);
  if (document.contents === null) throw new ComposeError("empty compose file");
  const tree = readNode({ document, yaml: text, source }, document.contents, "");
  if (!isTreeMap(tree)) throw new ComposeError("top-level object must be a mapping");
  return tree;
}
