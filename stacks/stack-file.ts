import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseYaml } from "../components/compose/parse.ts";
import type { Problem } from "../components/compose/problem.ts";
import type { RawConfig } from "./raw-config.ts";

/** Stands for an encrypted value: as long as a key has to be, so that it passes where the real one would. */
const ENCRYPTED = "encrypted".repeat(8);

/** The text of a stack's file in this checkout, undefined when there is none. */
export function readStackFile(stack: string): string | undefined {
  const file = join(import.meta.dirname, "..", `Pulumi.${stack}.yaml`);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Reads `Pulumi.<stack>.yaml` without the engine. Encrypted values are replaced by a text that tells nothing. */
export function fromStackFile(stack: string, text: string): { raw?: RawConfig; problems: Problem[] } {
  const file = `Pulumi.${stack}.yaml`;
  const { source, problems } = parseYaml(file, text);
  if (!source) return { problems };
  const config = isMap(source.value) && isMap(source.value.config) ? source.value.config : {};
  const secretKeys = new Set<string>();
  const values = Object.entries(config).map(([key, value]) => [key, withoutCiphers(value, () => secretKeys.add(key))]);
  return {
    problems,
    raw: {
      file,
      values: Object.fromEntries(values),
      secretKeys,
      locate: (key, path) => (key in config ? source.locate(["config", key, ...path]) : {}),
    },
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function withoutCiphers(value: unknown, found: () => void): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutCiphers(item, found));
  if (!isMap(value)) return value;
  if (typeof value.secure === "string" && Object.keys(value).length === 1) {
    found();
    return ENCRYPTED;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutCiphers(item, found)]));
}
