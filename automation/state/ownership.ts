import { chmod, lchown, lstat, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { StackPlace } from "./backend.ts";
import { lockFolder } from "./locks.ts";

/** Folders below `.pulumi` that hold one folder for each stack of a project, history first, and the one that holds one file for each. */
function placesOf(place: StackPlace): { folders: string[]; states: string } {
  const { folder, project, stack } = place;
  const root = join(folder, ".pulumi");
  const folders = [join(root, "history", project, stack), join(root, "backups", project, stack), lockFolder(place)];
  return { folders, states: join(root, "stacks", project) };
}

/** Whether a file of the folder of states belongs to a stack: the state itself, its last but one, and what the engine writes on the way. */
function isStates(name: string, stack: string): boolean {
  return name === `${stack}.json` || name.startsWith(`${stack}.json.`);
}

/**
 * Lets a user write one stack's state in a `file://` backend, and no other's: what is the stack's becomes its own. The folder of states
 * is sticky, so that nobody removes or replaces a file of somebody else there. Whoever calls this is root, holds the stack's lease, and
 * no process of the user runs. The folder of its history is the first that becomes the user's and the last that is taken back: as long as
 * it is, anything of the stack may be, whenever this process was killed. `users` are all that runs are carried out as.
 */
export async function lendState(place: StackPlace, user: number, users: readonly number[]): Promise<void> {
  const { folders, states } = placesOf(place);
  await mkdir(join(place.folder, ".pulumi"), { recursive: true });
  await chmod(place.folder, 0o711);
  // The engine makes this file where there is none (pulumi/pulumi, pkg/backend/diy/meta.go); here it may not.
  const meta = join(place.folder, ".pulumi", "meta.yaml");
  await writeFile(meta, "version: 1\n", { flag: "wx", mode: 0o644 }).catch(unlessThere);
  await chmod(meta, 0o644);
  for (const folder of [...folders, states]) {
    await mkdir(folder, { recursive: true });
    for (let at = dirname(folder); at.length > place.folder.length; at = dirname(at)) await chmod(at, 0o755);
  }
  // Left by a run that could not tidy up.
  const left = (await lstat(folders[0] ?? "")).uid;
  if (left !== process.getuid?.()) await takeStateBack(place, left);
  // So that this process sees, by its group, which lock the engine took.
  await chmod(lockFolder(place), 0o750);
  for (const folder of folders) await giveFolder(folder, user);
  await lchown(lockFolder(place), user, process.getgid?.() ?? 0);
  await chmod(states, 0o1777);
  for (const name of await readdir(states)) {
    if (!isStates(name, place.stack)) continue;
    const file = join(states, name);
    const facts = await lstat(file).catch(() => undefined);
    if (!facts) continue;
    // No run has files of this stack while it is not lent: this one was made in advance, by a run of another stack.
    if (users.includes(facts.uid)) await remove(file, process.getuid?.() ?? 0);
    else await lchown(file, user, user);
  }
}

/** Takes a stack's state back, and removes whatever else the user left beside it. None of its processes runs. */
export async function takeStateBack(place: StackPlace, user: number): Promise<void> {
  const { folders, states } = placesOf(place);
  const root = process.getuid?.() ?? 0;
  for (const name of await readdir(states).catch(() => [])) {
    const file = join(states, name);
    // Another run may be at work on another stack here.
    const facts = await lstat(file).catch(() => undefined);
    if (facts?.uid !== user) continue;
    if (isStates(name, place.stack) && facts.isFile() && facts.nlink === 1) await takeFile(file, root);
    else await remove(file, root);
  }
  for (const folder of [...folders].reverse()) await takeFolder(folder, root);
}

/**
 * Takes back every state that was lent when the worker was killed, also to users that it does not have any more. No process of theirs
 * runs.
 */
export async function takeAllBack(backend: string): Promise<void> {
  const root = join(backend, ".pulumi");
  const stacks: StackPlace[] = [];
  for (const project of await readdir(join(root, "stacks")).catch(() => [])) {
    const owned = await Promise.all(
      [
        join(root, "history", project),
        join(root, "backups", project),
        dirname(lockFolder({ folder: backend, project, stack: "any" })),
      ].map(async (folder) => await readdir(folder).catch(() => [])),
    );
    for (const stack of new Set(owned.flat())) stacks.push({ folder: backend, project, stack });
  }
  for (const place of stacks) {
    const { folders } = placesOf(place);
    const owner = await lstat(folders[0] ?? "").catch(() => undefined);
    if (owner && owner.uid !== process.getuid?.()) await takeStateBack(place, owner.uid);
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

/** A folder that root owns, with all that is in it, becomes the user's: from inside out, so that root may still look into it. */
export async function giveFolder(folder: string, user: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await giveFolder(path, user);
    else await lchown(path, user, user);
  }
  await lchown(folder, user, user);
}

/** The other way round: from outside in, without following a link, and nothing stays that is no file of its own. */
async function takeFolder(folder: string, root: number): Promise<void> {
  const facts = await lstat(folder).catch(() => undefined);
  if (!facts) return;
  if (!facts.isDirectory()) return remove(folder, root);
  await lchown(folder, root, root);
  await chmod(folder, 0o700);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const entry = await lstat(path);
    if (entry.isDirectory()) await takeFolder(path, root);
    else if (entry.isFile() && entry.nlink === 1) await takeFile(path, root);
    else await rm(path, { force: true });
  }
}

async function takeFile(file: string, root: number): Promise<void> {
  await lchown(file, root, root);
  await chmod(file, 0o600);
}

/** Removes what a user left in a folder of root's: a folder first has to be root's to be looked into. */
async function remove(path: string, root: number): Promise<void> {
  const facts = await lstat(path).catch(() => undefined);
  if (!facts) return;
  if (facts.isDirectory()) {
    await lchown(path, root, root);
    await chmod(path, 0o700);
    for (const name of await readdir(path)) await remove(join(path, basename(name)), root);
  }
  await rm(path, { recursive: true, force: true });
}
