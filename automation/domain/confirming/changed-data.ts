/** What Git tells of one service at a commit. */
export interface ServiceFiles {
  /** Its compose file, read; undefined: there is none, or it cannot be read. */
  compose: unknown;
  /** The text of its definition; null: there is none. */
  definition: string | null;
  /** Id of its folder's tree. */
  tree: string;
  /** Its settings in the stack's file as text; null: they cannot be read. */
  settings: string | null;
  /** Ids of all that services have in common; what stands elsewhere than in a service's own files comes from there. */
  shared: string;
}

/**
 * Whether going back could bring a service with data to another image than wrote that data. What cannot be told counts as a yes: a file
 * that cannot be read, an image that is put together or built of what differs. Pure.
 */
export function findChangedData(from: ServiceFiles, to: ServiceFiles): boolean {
  const [before, after] = [readContainers(from.compose), readContainers(to.compose)];
  const isOwn = before !== undefined && !Object.values(before).some(isIndirect);
  if (areEqual(from, to) && (isOwn || (from.shared !== "" && from.shared === to.shared))) return false;
  if (!before || !after) return true;
  if (![before, after].some(holdsData) && ![from, to].some(asksForData)) return false;
  if (JSON.stringify(imagesOf(before)) !== JSON.stringify(imagesOf(after))) return true;
  // An image whose name, or whose making, stands elsewhere: all of the service would have to be equal, and is not.
  return [before, after].some((containers) => Object.values(containers).some(isIndirect));
}

/** Whether a service may have written something that outlives it. Pure. */
export function mayHoldData(files: ServiceFiles): boolean {
  const containers = readContainers(files.compose);
  return !containers || holdsData(containers) || asksForData(files);
}

function areEqual(from: ServiceFiles, to: ServiceFiles): boolean {
  return from.tree !== "" && from.tree === to.tree && from.settings !== null && from.settings === to.settings;
}

type Containers = Record<string, Record<string, unknown>>;

function readContainers(compose: unknown): Containers | undefined {
  if (!isMap(compose) || !isMap(compose.services)) return undefined;
  // Files that a compose file takes in are not looked into.
  if (compose.include !== undefined) return undefined;
  const entries = Object.entries(compose.services);
  if (!entries.every(([, container]) => isMap(container) && container.extends === undefined)) return undefined;
  return Object.fromEntries(entries) as Containers;
}

function imagesOf(containers: Containers): [string, unknown][] {
  return Object.entries(containers)
    .map(([name, { image = null }]): [string, unknown] => [name, image])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function isIndirect({ image, build }: Record<string, unknown>): boolean {
  return build !== undefined || typeof image !== "string" || image.includes("$");
}

/** Whether a container writes to something that outlives it. */
function holdsData(containers: Containers): boolean {
  return Object.values(containers).some(({ volumes, volumes_from: from }) => {
    if (from !== undefined) return true;
    if (volumes === undefined || volumes === null) return false;
    return !Array.isArray(volumes) || !volumes.every(isNoData);
  });
}

/** A mount that is only read, or memory. */
function isNoData(mount: unknown): boolean {
  if (typeof mount === "string") {
    const options = mount.split(":").at(2)?.split(",") ?? [];
    return options.includes("ro");
  }
  return isMap(mount) && (mount.type === "tmpfs" || mount.read_only === true);
}

/** Databases and buckets of a service are kept by others, and what it writes there is its data too. */
function asksForData({ definition }: ServiceFiles): boolean {
  return definition === null || /\b(databases|buckets|data)\b\s*[:,}]/.test(definition);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
