import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type Tags,
  visit,
  type YAMLMap,
} from "yaml";
import type { Path, Problem } from "./problem.ts";
import { composeScalars } from "./reading/scalars.ts";

/** A parsed file that can say where each of its values stands. */
export interface Source {
  file: string;
  value: unknown;
  /** Line and column of the deepest part of `path` that the text holds, both from 1. */
  locate(path: Path): { line: number; column: number };
  /** The characters of a plain or quoted scalar as they were typed, undefined for anything else. */
  typed(path: Path): string | undefined;
}

interface Parsed {
  source?: Source;
  problems: Problem[];
}

type Mistake = { offset: number; message: string; hint: string };

/** Reads a compose file, its scalars as Compose's own parser does, and keeps the place of every value. All syntax errors at once. */
export function parseCompose(file: string, text: string): Parsed {
  return parse(file, text, composeScalars, notText);
}

/** Reads YAML 1.2 with merge keys (`<<`), and keeps the place of every value. All syntax errors at once. */
export function parseYaml(file: string, text: string): Parsed {
  return parse(file, text);
}

function parse(
  file: string,
  text: string,
  customTags?: (tags: Tags) => Tags,
  alsoBad: (document: Document.Parsed) => Mistake[] = () => [],
): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    uniqueKeys: true,
    ...(customTags && { customTags }),
  });
  const problemAt = (offset: number, message: string, hint: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, message, hint };
  };
  const problems = [...document.errors, ...document.warnings].map((error) =>
    problemAt(skipBlanks(text, error.pos[0]), error.message, YAML_HINTS[error.code] ?? "correct the YAML"),
  );
  problems.push(
    ...[...badAliases(document), ...alsoBad(document)].map(({ offset, message, hint }) =>
      problemAt(offset, message, hint),
    ),
  );
  if (problems.length > 0) return { problems };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    return { problems: [problemAt(0, error instanceof Error ? error.message : "unreadable", "correct the YAML")] };
  }
  return {
    problems,
    source: {
      file,
      value,
      locate: (path) => {
        const { line, col } = lines.linePos(offsetOf(document, path));
        return { line, column: col };
      },
      typed: (path) => {
        const node: unknown = document.getIn(path, true);
        return isScalar(node) && typeof node.source === "string" ? node.source : undefined;
      },
    },
  };
}

/** Aliases that have no anchor before them, or that stand inside of what they repeat. */
function badAliases(document: Document.Parsed): Mistake[] {
  const bad: Mistake[] = [];
  visit(document, {
    Alias: (_key, alias, above) => {
      const target = alias.resolve(document);
      const offset = startOf(alias) ?? 0;
      if (!target)
        bad.push({ offset, message: `\`*${alias.source}\` repeats nothing`, hint: "set the anchor before it" });
      else if (above.includes(target)) {
        bad.push({
          offset,
          message: `\`*${alias.source}\` would hold itself`,
          hint: "repeat another part of the file",
        });
      }
    },
  });
  return bad;
}

/** Keys that are no text, which Compose refuses: `80:`, `true:`, `~:`. */
function notText(document: Document.Parsed): Mistake[] {
  const bad: Mistake[] = [];
  visit(document, {
    Pair: (_key, { key }) => {
      const merge = isScalar(key) && key.source === "<<";
      if (merge || (isScalar(key) && typeof key.value === "string") || isAlias(key)) return;
      const typed = isScalar(key) ? String(key.source ?? "") : "";
      const message = typed === "" ? "a key that is no text" : `the key \`${typed}\` is no text`;
      bad.push({
        offset: startOf(key) ?? 0,
        message,
        hint: typed === "" ? "give it a name" : `quote it: \`"${typed}":\``,
      });
    },
  });
  return bad;
}

const YAML_HINTS: Partial<Record<string, string>> = {
  TAB_AS_INDENT: "indent with blanks",
  BAD_INDENT: "line the keys of one level up",
  DUPLICATE_KEY: "keep one of them",
  MULTIPLE_DOCS: "one document per file",
  UNEXPECTED_TOKEN: "look at the indentation and the quotes before this place",
};

/** Where the key (for maps) or the item (for lists) at `path` begins; the last part that exists when the rest does not. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isCollection(node)) return offset;
    if (isMap<ParsedNode, ParsedNode | null>(node)) {
      const pair = findPair(document, node, step);
      if (!pair) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else {
      const item = node.items[Number(step)];
      if (item === undefined) return offset;
      offset = startOf(item) ?? offset;
      node = item;
    }
  }
  return offset;
}

type PlacedMap = YAMLMap<ParsedNode, ParsedNode | null>;
type Pair = PlacedMap["items"][number];

/** The pair of a key, in the map itself or in what is merged into it. */
function findPair(document: Document.Parsed, map: PlacedMap, key: string | number): Pair | undefined {
  const own = map.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
  const merged = map.items.find((item) => isScalar(item.key) && item.key.source === "<<")?.value;
  if (own || !merged) return own;
  for (const alias of isSeq<ParsedNode>(merged) ? merged.items : [merged]) {
    const source = isAlias(alias) ? alias.resolve(document) : alias;
    const found: Pair | undefined = isMap<ParsedNode, ParsedNode | null>(source)
      ? findPair(document, source, key)
      : undefined;
    if (found) return found;
  }
  return undefined;
}

/** A wrong indentation is reported at the beginning of its line. */
function skipBlanks(text: string, offset: number): number {
  const length = /^ */.exec(text.slice(offset))?.[0].length ?? 0;
  return offset + length;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
