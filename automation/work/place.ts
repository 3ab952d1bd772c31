import { existsSync } from "node:fs";
import { chmod, chown, lchown, lstat, mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prepareHome } from "../../tools/shortcuts/engine-home.ts";
import { takesShortcuts } from "../../tools/shortcuts/switch.cjs";
import { backendFolder, type StackPlace } from "../state/backend.ts";
import { lendState, takeAllBack, takeStateBack } from "../state/ownership.ts";
import { stateCopies } from "../state/state-copies.ts";
import { clearOpenFolders, watchDisk } from "./disk.ts";
import type { WorkContext, WorkSpec } from "./perform.ts";
import { giveBack, killUser, type RunUser, type RunUsers, removeAs } from "./users.ts";

/** Names of the copies of a state that a recovery makes in a run's folder, by attempt. */
const COPY = /^(\d{1,6})\.json$/;

/** Largest copy that is kept, in bytes: it is read as a whole when the worker starts. A state of 800 services has 10 MB. */
const LARGEST_COPY = 64 * 1024 ** 2;

/** Folder of the runs' own folders, each named `<stack>.<run>`. */
export function runFolders(dataDir: string): string {
  return join(dataDir, "runs");
}

/** A run's own folder below that of all. */
const FOLDER = /^([a-z][a-z0-9-]{0,62})\.([\w-]+)$/;

/** Where one run has its files, and as whom it runs. */
export interface Place {
  worktree: string;
  /** Where its dependencies are installed when nobody has them yet. */
  dependencies: string;
  /** Who owns checkout and dependencies; undefined: this process's own user. */
  files: RunUser | undefined;
  /** Who its engine, its program and all that they start run as. */
  user: RunUser | undefined;
  /** Its own folders, by the variable that names them to its processes; none where it shares the worker's. */
  env: Record<string, string>;
  pulumiHome: string;
  /** Folder of code that was compiled once. */
  compiled: string;
  /** What npm sees beside its environment. */
  npm: Record<string, string>;
  /** Lets the run write its stack's state, where that needs a word, until `settle`. */
  lend(place: StackPlace | undefined): Promise<void>;
  /** Ends whatever its user still runs, and takes the state back. */
  settle(): Promise<void>;
  /** Why the run was ended from here; undefined: it was not. */
  refusal(): string | undefined;
  /** A folder of the run's that its processes may write. */
  make(name: string): Promise<string>;
  /** A file in a folder of its own that the run's processes may write; answers its path. */
  write(name: string, content: Buffer): Promise<string>;
  /** Settles, and removes what is its own. Its copies of the state are kept. */
  leave(): Promise<void>;
}

/**
 * The place of a run. Where the worker may change users, each run has a user and all folders of its own; where it may not, what main
 * contains shares the worker's, and only what was not merged has its own. Waits for a user that is free.
 */
export async function takePlace(context: PlaceContext, spec: PlaceSpec, stop: AbortSignal): Promise<Place> {
  const { users } = context;
  const user = await users?.take(stop);
  try {
    return await makePlace(context, spec, user);
  } catch (error) {
    // A full disk ends this run, and takes no user from those that come when there is room again.
    if (users && user) await giveBack(users, user);
    throw error;
  }
}

type PlaceContext = Pick<WorkContext, "config" | "users" | "programEnvironment">;
type PlaceSpec = Pick<WorkSpec, "run" | "merged">;

async function makePlace(
  { config: { dataDir, backendUrl, logLevel }, users, programEnvironment }: PlaceContext,
  { run, merged }: PlaceSpec,
  user: RunUser | undefined,
): Promise<Place> {
  const name = `${run.stack}.${run.id}`;
  if (!FOLDER.test(name)) throw new Error(`"${run.stack}" is no stack name`);
  const folder = join(runFolders(dataDir), name);
  // Left by a try that was killed; a copy of the state is kept.
  await removePlace(dataDir, name, users?.all ?? []);
  await mkdir(folder, { recursive: true, mode: 0o711 });
  if (users) await chmod(runFolders(dataDir), 0o711);
  const make = async (name: string) => {
    const path = join(folder, name);
    await mkdir(path, { recursive: true, mode: 0o700 });
    if (user) await chown(path, user.id, user.id);
    return path;
  };
  let written = 0;
  const write = async (name: string, content: Buffer) => {
    written += 1;
    const path = join(folder, `file-${written}`);
    await mkdir(path, { mode: 0o700 });
    await writeFile(join(path, name), content, { mode: 0o600 });
    // The folder last: this process may not look into those of others.
    if (user) for (const each of [join(path, name), path]) await chown(each, user.id, user.id);
    return join(path, name);
  };
  let lent: StackPlace | undefined;
  const lend = async (place: StackPlace | undefined) => {
    if (!place || !user) return;
    lent = place;
    const all = users?.all.map(({ id }) => id) ?? [];
    await lendState(place, user.id, all);
  };
  const settle = async () => {
    if (!user) return;
    await killUser(user);
    if (lent) await takeStateBack(lent, user.id);
    lent = undefined;
  };
  let refused: string | undefined;
  let disk: ReturnType<typeof watchDisk> | undefined;
  const leave = async () => {
    disk?.stop();
    try {
      await settle();
      if (user) await clearOpenFolders(user);
      await removePlace(dataDir, name, users && user ? [users.files, user] : []);
    } finally {
      if (users && user) await giveBack(users, user);
    }
  };
  const isOwn = users !== undefined || !merged;
  const given = programEnvironment();
  const pulumiHome = isOwn ? join(folder, "pulumi") : join(dataDir, "pulumi");
  await prepareHome(pulumiHome, logLevel === "debug" || !takesShortcuts(given));
  // Code that was compiled once is as good as the code: what a run may write no other may use.
  const shared = users ? join(dataDir, "compiled") : (given.NODE_COMPILE_CACHE ?? join(pulumiHome, "node"));
  const compiled = merged ? shared : join(pulumiHome, "node");
  const own = async () => ({
    HOME: await make("home"),
    // The engine looks for a name, and none of these users has one.
    ...(user ? { USER: `run-${user.id}` } : {}),
    TMPDIR: await make("tmp"),
    PULUMI_HOME: await make("pulumi"),
    NODE_COMPILE_CACHE: compiled,
  });
  const cache = merged ? join(dataDir, "npm") : await make("npm");
  const env = isOwn ? await own() : {};
  if (user) {
    const states = backendFolder(backendUrl);
    disk = watchDisk(user, states === undefined ? [folder] : [folder, join(states, ".pulumi")], (why) => {
      refused = why;
      killUser(user).catch(() => {});
    });
  }
  return {
    worktree: isOwn ? join(folder, "worktree") : join(dataDir, "worktrees", run.stack),
    dependencies: merged ? join(dataDir, "dependencies") : join(folder, "dependencies"),
    files: merged ? users?.files : user,
    user,
    env,
    pulumiHome,
    compiled,
    npm: isOwn ? { npm_config_cache: cache, HOME: cache } : {},
    lend,
    settle,
    refusal: () => refused,
    make,
    write,
    leave,
  };
}

/**
 * Removes a run's folder; the copies of the state that are in it go where they are kept. None of its processes runs. `users` are those
 * that may own something in it.
 */
export async function removePlace(dataDir: string, name: string, users: readonly RunUser[]): Promise<void> {
  const folder = join(runFolders(dataDir), name);
  if (!existsSync(folder)) return;
  const [, stack, run] = FOLDER.exec(name) ?? [];
  if (stack && run) await keepCopies(join(folder, "copies"), { dataDir, prefix: `${stack}-${run}` });
  await removeAs(folder, users);
}

/** Takes nothing but files of the names that a recovery gives, each the only link to its content. */
async function keepCopies(from: string, { dataDir, prefix }: { dataDir: string; prefix: string }): Promise<void> {
  const own = process.getuid?.() ?? -1;
  const folder = await lstat(from).catch(() => undefined);
  if (!folder?.isDirectory()) return;
  if (folder.uid !== own) await lchown(from, own, own);
  // Its user may have closed it, also to its owner.
  await chmod(from, 0o700);
  for (const name of await readdir(from)) {
    const [, attempt] = COPY.exec(name) ?? [];
    const facts = await lstat(join(from, name));
    if (!attempt || !facts.isFile() || facts.nlink !== 1 || facts.size > LARGEST_COPY) continue;
    const kept = join(stateCopies(dataDir), `${prefix}-${attempt}.json`);
    await mkdir(stateCopies(dataDir), { recursive: true, mode: 0o700 });
    await rename(join(from, name), kept);
    if (facts.uid !== own) await lchown(kept, own, own);
  }
}

/**
 * Removes what runs left that were cut off with the worker, and takes back what they were lent. Nobody else works in this folder. Answers
 * what could not be removed, and why: that keeps no worker from its work.
 */
export async function clearPlaces(dataDir: string, backendUrl: string, users: RunUsers): Promise<unknown[]> {
  for (const user of users.all) await killUser(user);
  const backend = backendFolder(backendUrl);
  if (backend) await takeAllBack(backend);
  const errors: unknown[] = [];
  for (const name of await readdir(runFolders(dataDir)).catch(() => [])) {
    await removePlace(dataDir, name, users.all).catch((error: unknown) => errors.push(error));
  }
  return errors;
}
