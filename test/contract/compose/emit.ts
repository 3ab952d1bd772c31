import type { Random } from "./random.ts";

/** Text that stands in the file as it is: a plain scalar, an alias. */
export class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What a file is made of. */
export type Tree = string | number | boolean | null | Raw | Tree[] | TreeMap;
export interface TreeMap {
  [key: string]: Tree;
}

/** Writes a tree as YAML: blocks above, flow below, quotes as they come, and repeated parts now and then as anchors and merges. */
export function emit(tree: TreeMap, random: Random): string {
  return block(tree, "", random);
}

function block(map: TreeMap, indent: string, random: Random): string {
  return Object.entries(map)
    .map(([key, value]) => {
      const name = `${indent}${keyText(key, random)}:`;
      const deep = isMap(value) && Object.keys(value).length > 0 && indent.length < 6 && random.chance(0.9);
      return deep ? `${name}\n${block(value, `${indent}  `, random)}` : `${name} ${flow(value, random)}\n`;
    })
    .join("");
}

export function isMap(value: unknown): value is TreeMap {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Raw);
}

function flow(value: Tree, random: Random): string {
  if (value instanceof Raw) return value.text;
  if (typeof value === "string") return stringText(value, random);
  if (Array.isArray(value)) return `[${value.map((item) => flow(item, random)).join(", ")}]`;
  if (isMap(value)) {
    const pairs = Object.entries(value).map(([key, item]) => `${keyText(key, random)}: ${flow(item, random)}`);
    return `{${pairs.join(", ")}}`;
  }
  return String(value);
}

function keyText(key: string, random: Random): string {
  // A key that is no text.
  if (/^\d+$/.test(key) && random.chance(0.3)) return key;
  return key === "<<" || (/^[a-z][a-z_.-]*$/.test(key) && !WORDS.test(key)) ? key : stringText(key, random);
}

const WORDS = /^(true|false|null|y|n|yes|no|on|off)$/i;

function stringText(text: string, random: Random): string {
  const plain = /^[A-Za-z][A-Za-z0-9_/.-]*$/.test(text) && !WORDS.test(text);
  if (plain && random.chance(0.5)) return text;
  if (!/[\n\t\\]/.test(text) && random.chance(0.5)) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text);
}
