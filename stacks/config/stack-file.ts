import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseYaml } from "../../components/compose/parse.ts";
import type { Problem } from "../../components/compose/problem.ts";
import type { RawConfig } from "./raw-config.ts";

/** Stands for an encrypted value: as long as a key has to be, so that it passes where the real one would. */
const ENCRYPTED = "encrypted".repeat(8);

/** The text of a stack's file in this checkout, undefined when there is none. */
export function readStackFile(stack: string): string | undefined {
  const file = join(import.meta.dirname, "..", "..", `Pulumi.${stack}.yaml`);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Every stack that has a file in a folder, in order of their names. */
export function stacksOf(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((name) => /^Pulumi\.(.+)\.yaml$/.exec(name)?.[1] ?? [])
    .sort();
}

/** Reads `Pulumi.<stack>.yaml` without the engine. Encrypted values are replaced by a text that tells nothing. */
export function fromStackFile(stack: string, text: string): { raw?: RawConfig; problems: Problem[] } {
  const file = `Pulumi.${stack}.yaml`;
  const { source, problems } = parseYaml(file, text);
  if (!source) return { problems };
  const config = isMap(source.value) && isMap(source.value.config) ? source.value.config : {};
  const secrets: (string | number)[][] = [];
  const values = Object.entries(config).map(([key, value]) => [
    key,
    withoutCiphers(value, [key], (place) => secrets.push(place)),
  ]);
  return {
    problems,
    raw: {
      file,
      values: Object.fromEntries(values),
      secretKeys: new Set(secrets.map(([key]) => String(key))),
      isSecret: (key, path) => secrets.some((place) => place.every((part, depth) => part === [key, ...path][depth])),
      locate: (key, path) => (key in config ? source.locate(["config", key, ...path]) : {}),
    },
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function withoutCiphers(
  value: unknown,
  place: readonly (string | number)[],
  found: (place: (string | number)[]) => void,
): unknown {
  if (Array.isArray(value)) return value.map((item, index) => withoutCiphers(item, [...place, index], found));
  if (!isMap(value)) return value;
  if (typeof value.secure === "string" && Object.keys(value).length === 1) {
    found([...place]);
    return ENCRYPTED;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutCiphers(item, [...place, key], found)]),
  );
}
