import { parse } from "yaml";

/** Every text that was read, so that an update reads each once: reading one takes longer than all else that is done with it. */
const documents = new Map<string, unknown>();

/** Texts remembered at once; more than a stack has. */
const LIMIT = 2000;

/** One top-level section of a compose file as a mapping, not to be changed; empty when it is none. */
export function section(composeFile: string, name: string): Readonly<Record<string, unknown>> {
  const document = read(composeFile);
  const found = isRecord(document) ? document[name] : undefined;
  return isRecord(found) ? found : {};
}

function read(composeFile: string): unknown {
  const known = documents.get(composeFile);
  if (known !== undefined) return known;
  let document: unknown = null;
  try {
    document = parse(composeFile, { maxAliasCount: -1, merge: true, logLevel: "silent" });
  } catch {
    // No YAML: it has no sections.
  }
  if (documents.size >= LIMIT) documents.clear();
  documents.set(composeFile, document);
  return document;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a service of a compose file has an empty label of this name, however it is written. */
export function isMarked({ labels }: Record<string, unknown>, label: string): boolean {
  return Array.isArray(labels) ? labels.includes(`${label}=`) : isRecord(labels) && Object.hasOwn(labels, label);
}
