import { closest } from "../closest.ts";
import type { Path } from "../problem.ts";
import spec from "../spec/compose-spec.json" with { type: "json" };
import { type Finding, kindOf } from "./finding.ts";

/** What the specification's schema is made of. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  uniqueItems?: boolean;
  definitions?: Record<string, Schema>;
}

const SPEC_HINT = "see https://docs.docker.com/reference/compose-file/";

const specification = spec as unknown as Schema;

/** Says in what a value deviates from the Compose specification, each fault at its own place. For values that the compiled schema refuses. */
export function explainSchema(value: unknown): Finding[] {
  const found = explain(specification, value, []);
  return found.length > 0
    ? found
    : [{ path: [], message: "the file does not fit the Compose specification", hint: SPEC_HINT }];
}

function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref: reference, ...own } = schema;
  const target = reference
    .split("/")
    .slice(1)
    .reduce<unknown>((part, step) => (part as Record<string, unknown>)[step], specification);
  return resolve({ ...(target as Schema), ...own });
}

function explain(given: Schema, value: unknown, path: Path): Finding[] {
  const schema = resolve(given);
  if (schema.oneOf) return explainAlternatives(schema.oneOf, value, path);
  const types = [schema.type ?? []].flat();
  if (types.length > 0 && !types.some((type) => isOf(type, value))) return [wrongType(types, value, path)];
  if (Array.isArray(value)) return explainList(schema, value, path);
  if (isMap(value)) return explainMap(schema, value, path);
  const wrong = explainScalar(schema, value);
  return wrong === undefined ? [] : [{ path, message: `${nameOf(path)} ${wrong}`, hint: SPEC_HINT }];
}

/** Only the alternatives that are meant for such a value tell anything of it; of several of them the one that comes closest. */
function explainAlternatives(alternatives: readonly Schema[], value: unknown, path: Path): Finding[] {
  const meant = alternatives.filter((alternative) => typesOf(alternative).some((type) => isOf(type, value)));
  if (meant.length === 0) return [wrongType(alternatives.flatMap(typesOf), value, path)];
  const found = meant.map((alternative) => explain(alternative, value, path));
  return found.reduce((best, next) => (next.length < best.length ? next : best));
}

function typesOf(given: Schema): string[] {
  const schema = resolve(given);
  return schema.oneOf ? schema.oneOf.flatMap(typesOf) : [schema.type ?? []].flat();
}

function isOf(type: string, value: unknown): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isMap(value);
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  // The schema's other words are JavaScript's.
  const kind: string = typeof value;
  return kind === type;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Date);
}

function wrongType(types: readonly string[], value: unknown, path: Path): Finding {
  const wanted = [...new Set(types)].join(" or ");
  return { path, message: `${nameOf(path)} must be ${wanted}, not ${kindOf(value)}`, hint: SPEC_HINT };
}

function nameOf(path: Path): string {
  const step = path.at(-1);
  if (step === undefined) return "the file";
  return typeof step === "number" ? `entry ${step + 1} of \`${String(path.at(-2))}\`` : `\`${step}\``;
}

function explainList(schema: Schema, list: readonly unknown[], path: Path): Finding[] {
  const found = list.flatMap((item, index) => (schema.items ? explain(schema.items, item, [...path, index]) : []));
  if (schema.uniqueItems && found.length === 0) {
    const texts = list.map((item) => JSON.stringify(item));
    const twice = texts.findIndex((text, index) => texts.indexOf(text) !== index);
    if (twice >= 0)
      found.push({ path: [...path, twice], message: "this entry is there twice", hint: "keep one of them" });
  }
  return found;
}

function explainMap(schema: Schema, map: Record<string, unknown>, path: Path): Finding[] {
  const patterns = Object.entries(schema.patternProperties ?? {}).map(([pattern, below]) => ({
    pattern: new RegExp(pattern, "u"),
    below,
  }));
  const found = Object.entries(map).flatMap(([key, value]): Finding[] => {
    const place = [...path, key];
    const own = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const rules = [
      ...(own ? [own] : []),
      ...patterns.filter(({ pattern }) => pattern.test(key)).map(({ below }) => below),
    ];
    if (rules.length > 0) return rules.flatMap((rule) => explain(rule, value, place));
    if (schema.additionalProperties === false) return [unknownKey(schema, key, place)];
    return typeof schema.additionalProperties === "object" ? explain(schema.additionalProperties, value, place) : [];
  });
  const missing = (schema.required ?? []).filter((key) => !Object.hasOwn(map, key));
  return [
    ...found,
    ...missing.map((key) => ({ path, message: `${nameOf(path)} lacks the key \`${key}\``, hint: `add \`${key}:\`` })),
  ];
}

function unknownKey(schema: Schema, key: string, path: Path): Finding {
  const known = Object.keys(schema.properties ?? {});
  if (known.length === 0) {
    return { path, message: `\`${key}\` is no name that Compose takes`, hint: "use letters, digits, `.`, `_` and `-`" };
  }
  const near = closest(key, known);
  return {
    path,
    message: `unknown key \`${key}\``,
    hint: near ? `did you mean \`${near}\`?` : "Compose knows no such key here: look at the indentation",
  };
}

function explainScalar(schema: Schema, value: unknown): string | undefined {
  if (schema.enum && !schema.enum.includes(value)) return `must be one of ${schema.enum.join(", ")}`;
  if (typeof value === "string" && schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value))
    return `\`${value}\` does not fit \`${schema.pattern}\``;
  if (typeof value !== "number") return undefined;
  if (schema.minimum !== undefined && value < schema.minimum) return `must be ${schema.minimum} or more`;
  return schema.maximum !== undefined && value > schema.maximum ? `must be ${schema.maximum} or less` : undefined;
}
