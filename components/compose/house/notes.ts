import type { ComposeFile } from "../model.ts";
import type { Path, Problem } from "../problem.ts";

/** What can be said of a file that is accepted, and what it means. The name silences it: `x-dockmaster: {allow: [{note: …, why: …}]}`. */
export const NOTES = {
  "image-health-check": "a container goes by the health check of its image",
  "no-health-check": "a container counts as well as soon as it runs",
  "slow-health-check": "a health check comes later than 5 s after the start, and every deployment waits for it",
  "unversioned-image": "the tag of an image names no version",
  "clear-password": "a password stands in clear in `environment`",
  "volume-not-in-data": "a volume is not named in the service's `data`",
} as const;

/** Name of a note. */
export type NoteName = keyof typeof NOTES;

/** What the file allows itself beyond its containers is always said: it has no place among those that can be silenced. */
export type SaidName = NoteName | "allowed";

/** Something people should know of a file that is accepted. */
export interface NoteProblem extends Problem {
  note: SaidName;
}

/** What the file allows itself, in one line for everybody who looks at a preview; nothing of any other note. */
export function printAllowed({ note, file, line, column, message }: NoteProblem): string[] {
  return note === "allowed" ? [`${file}:${line}:${column}  ${message}`] : [];
}

/** Notes something of this kind at a place. */
export type Note = (name: SaidName, path: Path, message: string, hint: string) => void;

/** Which notes a file silences, by the place below which it does. */
export interface Allowed {
  path: Path;
  note: NoteName;
}

/** Whether a note at a place is silenced there, or above it. */
export function isAllowed(allowed: readonly Allowed[], note: SaidName, path: Path): boolean {
  return allowed.some(
    (entry) => entry.note === note && entry.path.every((step, index) => String(step) === String(path[index])),
  );
}

/** `x-dockmaster` of a container: how the deployment knows that it is well, where its file has no `healthcheck` with a test. */
export type Health = "image" | "running";

/** Every part of a file that may hold `x-dockmaster`, with its place. */
export function* settingsIn(compose: ComposeFile): Generator<{ path: Path; settings: unknown; ofService: boolean }> {
  if (compose["x-dockmaster"] !== undefined) yield { path: [], settings: compose["x-dockmaster"], ofService: false };
  for (const [kind, ofService] of [
    ["services", true],
    ["volumes", false],
  ] as const) {
    for (const [key, part] of Object.entries((compose[kind] ?? {}) as Record<string, Record<string, unknown> | null>)) {
      const settings = part?.["x-dockmaster"];
      if (settings !== undefined) yield { path: [kind, key], settings, ofService };
    }
  }
}
