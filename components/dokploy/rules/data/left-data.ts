import type { Held, Layout } from "./held-data.ts";

/** A container with data that would start without it, or be gone with nobody left who has it. */
export interface LeftData {
  /** What it has. */
  had: Held;
  /** The container that takes its place: itself, or the new one that it seems to be renamed to. Undefined when none does. */
  successor?: string;
  /** What would be at the path instead; undefined when nothing is mounted there. */
  instead?: Held;
  /** Where the successor would have the same volume instead. */
  movedTo?: string;
  /** Path below the mount that something new would hide; the volume itself stays where it is. */
  hidden?: string;
}

/** What there is before a change. */
export interface Before {
  /** Data as the last deployment of ours gave it to the containers; undefined where nobody knows, and `live` is all there is. */
  deployed?: readonly Held[] | undefined;
  /** The text that is on the server, which somebody may have edited since. */
  live?: Layout | undefined;
}

/**
 * Which data the containers of a service would start without. Compares with what was deployed last and with what is live. What was
 * only there since an edit by hand may be left, when the container gets back what the last deployment gave it: the way back stays open.
 */
export function findLeftData({ deployed, live }: Before, wanted: Layout): LeftData[] {
  const last = deployed ?? live?.data ?? [];
  const known = new Set([...(live?.containers.keys() ?? []), ...last.map(({ container }) => container)]);
  const lost = leftOf(last, known, wanted);
  if (live === undefined || deployed === undefined) return lost;
  const kept = last.filter((had) => !lost.some((left) => left.had === had));
  const since = leftOf(live.data, known, wanted).filter(
    ({ had }) => !last.some((other) => isSame(other, had) && other.container === had.container),
  );
  return [...lost, ...since.filter(({ had }) => !comesBack(had, kept, live, wanted))];
}

/** Whether a container that was changed by hand gets back what it had before. */
function comesBack(had: Held, kept: readonly Held[], live: Layout, wanted: Layout): boolean {
  if (wanted.containers.has(had.container)) {
    return kept.some(
      ({ container, path, name }) => container === had.container && (path === had.path || name === had.name),
    );
  }
  return kept.some(({ container, path }) => path === had.path && !live.containers.has(container));
}

function leftOf(data: readonly Held[], known: ReadonlySet<string>, wanted: Layout): LeftData[] {
  const gone = data.filter(({ container }) => !wanted.started.has(container));
  return data.flatMap((had) => {
    const { container } = had;
    const still = wanted.mounts.find((mount) => mount.container === container && isSame(mount, had));
    const hidden = still?.covered?.find((path) => !had.covered?.includes(path));
    if (hidden !== undefined) return [{ had, successor: container, hidden }];
    if (still === undefined && wanted.containers.has(container)) return [explain(had, container, wanted)];
    return still !== undefined && wanted.started.has(container) ? [] : leftByGone(had, gone, data, known, wanted);
  });
}

/**
 * A container that is gone, or does not run any more, was renamed, merged, removed or stopped for a while. Renamed ones are known by
 * their image or by what is mounted at the same path; as many of them as there were before must have the volume again. Without any,
 * somebody must still have it.
 */
function leftByGone(
  had: Held,
  gone: readonly Held[],
  data: readonly Held[],
  known: ReadonlySet<string>,
  wanted: Layout,
): LeftData[] {
  const like = gone.filter((other) => isSame(other, had));
  const holders = wanted.mounts.filter((mount) => isSame(mount, had) && seesAll(mount, had));
  const successors = successorsOf(like, known, wanted);
  if (successors.length === 0) {
    const others = data.filter((other) => isSameVolume(other, had) && wanted.containers.has(other.container));
    const keeps = others.some((other) =>
      wanted.mounts.some(
        (mount) => mount.container === other.container && isSame(mount, other) && seesAll(mount, other),
      ),
    );
    return holders.length > 0 || keeps ? [] : [{ had }];
  }
  const held = new Set(holders.map(({ container }) => container).filter((name) => successors.includes(name)));
  if (held.size >= Math.min(like.length, successors.length)) return [];
  const successor = successors.find((name) => !held.has(name)) ?? had.container;
  return [explain(had, successor, wanted)];
}

/** New containers that run and may be what the gone ones became: the likeliest first. */
function successorsOf(like: readonly Held[], known: ReadonlySet<string>, wanted: Layout): string[] {
  const fresh = [...wanted.started].filter((name) => !known.has(name));
  const atPath = fresh.filter((name) =>
    wanted.mounts.some((mount) => mount.container === name && like.some(({ path }) => path === mount.path)),
  );
  const ofImage = fresh.filter((name) =>
    like.some(({ image }) => image !== "" && image === wanted.containers.get(name)),
  );
  return [...new Set([...atPath, ...ofImage])];
}

function explain(had: Held, successor: string, wanted: Layout): LeftData {
  const own = wanted.mounts.filter(({ container }) => container === successor);
  const instead = own.find(({ path }) => path === had.path);
  const movedTo = own.find((mount) => isSameVolume(mount, had) && mount.path !== had.path)?.path;
  return { had, successor, ...(instead && { instead }), ...(movedTo !== undefined && { movedTo }) };
}

function isSameVolume(a: Held, b: Held): boolean {
  return a.kind === b.kind && a.name === b.name && a.subpath === b.subpath;
}

function isSame(a: Held, b: Held): boolean {
  return a.path === b.path && isSameVolume(a, b);
}

function seesAll(mount: Held, had: Held): boolean {
  return (mount.covered ?? []).every((path) => had.covered?.includes(path));
}
