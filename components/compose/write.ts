import { parse, stringify } from "yaml";
import type { Context } from "./context.ts";
import type { PlainFile } from "./normalise.ts";

/** Largest sum of the re-written file and its `.env` that Dokploy carries safely, in bytes (the files travel in one shell argument). */
export const MAX_BYTES = 92_160;

const TOP = ["networks", "volumes", "secrets", "configs"];
const SERVICE = [
  "image",
  "container_name",
  "entrypoint",
  "command",
  "user",
  "environment",
  "secrets",
  "configs",
  "volumes",
  "depends_on",
  "healthcheck",
  "restart",
];

/** Fields that earlier steps leave empty; an empty `command` means something. */
const DROPPED_WHEN_EMPTY = ["environment", "labels", "secrets", "configs", "volumes", "depends_on", "tmpfs"];

/** The text that Dokploy gets. Same content, same bytes: keys in a fixed order, no comments, no anchors, nothing of the release. */
export function writeCompose(compose: PlainFile, context: Context): string {
  const { services, ...rest } = compose;
  const written = Object.entries(services)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, service]) => [key, inOrder(withoutEmpty(service, DROPPED_WHEN_EMPTY), SERVICE)]);
  const content = { services: Object.fromEntries(written), ...inOrder(withoutEmpty(rest, TOP), TOP) };
  const header = `# Made from ${context.file} by Dockmaster. Change it there: changes made here are drift.\n`;
  return header + stringify(content, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Bytes of what Dokploy writes to disk: the text after its own YAML round trip, and the env with its escapes. */
export function bytesOnServer(text: string, env: Readonly<Record<string, string>>): number {
  const rewritten = stringify(parse(text), { lineWidth: 1000 });
  const lines = Object.entries(env).map(([key, value]) => `${key}="${value.replaceAll(/[\\"$]/g, "\\$&")}"\n`);
  return Buffer.byteLength(rewritten) + Buffer.byteLength(lines.join(""));
}

function withoutEmpty(map: object, keys: readonly string[]): object {
  return Object.fromEntries(
    Object.entries(map).filter(
      ([key, value]) => !keys.includes(key) || (value !== undefined && Object.keys(Object(value)).length > 0),
    ),
  );
}

/** A copy with the keys in `first` leading, all others by name, at every depth; undefined fields are left out. */
function inOrder(map: object, first: readonly string[] = []): Record<string, unknown> {
  const rank = (key: string) => (first.includes(key) ? first.indexOf(key) : first.length);
  const entries = Object.entries(map)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, deepen(value)]));
}

function deepen(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(deepen);
  return value !== null && typeof value === "object" ? inOrder(value) : value;
}
