import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { placeOf } from "./backend.ts";
import { lockFolder, readLocks } from "./locks.ts";
import { readPostgresMark } from "./postgres-mark.ts";
import { readS3Mark } from "./s3-mark.ts";

/** What a backend tells of a stack's state without an engine. */
export type StateMark =
  /**
   * Another text has another mark, whoever wrote it; nobody is at work on it. `writtenAt`: when, by this machine's clock, in milliseconds
   * since the epoch; a little later where a database tells, and up to two seconds earlier where a bucket does.
   */
  | { mark: string; writtenAt: number }
  /** Somebody is at work on it. */
  | { locked: true }
  /** This backend tells nothing without an engine, or does not have the stack. */
  | { unknown: string };

/** What signs in at a backend, as the engine finds it. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Reads which state a stack has now. Throws where the backend is away. */
export async function readStateMark(
  backendUrl: string,
  project: string,
  stack: string,
  env: Environment,
): Promise<StateMark> {
  const place = placeOf(backendUrl, project, stack);
  if (place) {
    if ((await readLocks(lockFolder(place))).length > 0) return { locked: true };
    const states = join(place.folder, ".pulumi", "stacks", project);
    for (const name of [`${stack}.json`, `${stack}.json.gz`, `${stack}.json.zst`]) {
      const file = join(states, name);
      const facts = await stat(file).catch(() => undefined);
      if (!facts) continue;
      const mark = createHash("sha256")
        .update(await readFile(file))
        .digest("hex");
      return { mark, writtenAt: facts.mtimeMs };
    }
    return { unknown: "its state is not where it was" };
  }
  if (/^postgres(ql)?:/.test(backendUrl)) return readPostgresMark(backendUrl, project, stack);
  if (/^s3:/.test(backendUrl)) return readS3Mark(backendUrl, project, stack, env);
  return { unknown: "of a state in this backend only an engine can tell whether it is the one that was left" };
}

/** How a mark is kept, with the project that its state is found by. */
export function toState(project: string, mark: string): string {
  return `${project}/${mark}`;
}

/** Why the state may be another one than `state` tells; undefined: it is that one. */
export async function refuseState(
  backendUrl: string,
  stack: string,
  state: string | null | undefined,
  env: Environment,
): Promise<string | undefined> {
  const slash = state?.lastIndexOf("/") ?? -1;
  if (!state || slash < 0)
    return "of a state in this backend only an engine can tell whether it is the one that was left";
  const found: StateMark | Error = await readStateMark(backendUrl, state.slice(0, slash), stack, env).catch(
    (error: Error) => error,
  );
  if (found instanceof Error) return "the state cannot be read";
  if ("locked" in found) return "somebody is at work on the stack";
  if ("unknown" in found) return found.unknown;
  return found.mark === state.slice(slash + 1) ? undefined : "the state was written since by somebody else";
}

/** Whether the state that was just read is as an engine left it that ended at `endedAt`: nobody wrote it since. */
export function isOf(endedAt: number, found: StateMark): boolean {
  return "mark" in found && found.writtenAt <= endedAt;
}
