import { existsSync } from "node:fs";
import { join } from "node:path";
import type { StackPlace } from "../state/backend.ts";

// Where a `file://` backend keeps what (pulumi/pulumi, pkg/backend/diy/store.go of v3.259.0).

/** Folder of what the backend keeps of a project's stacks: `stacks`, `history`, `backups`. */
export function below({ folder, project }: StackPlace, kind: string): string {
  return join(folder, ".pulumi", kind, project);
}

/** A stack's state. */
export function stateFile(place: StackPlace): string {
  return join(below(place, "stacks"), `${place.stack}.json`);
}

/** The journal of an update under way: beside the state, so that it is copied and moved with it. */
export function journalFile(place: StackPlace): string {
  return join(below(place, "journals"), `${place.stack}.jsonl`);
}

/** Whether there is a journal of an update that runs, or was cut off. */
export function hasJournal(place: StackPlace): boolean {
  return existsSync(journalFile(place));
}
