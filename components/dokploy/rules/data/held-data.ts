import { posix } from "node:path";
import type { Mount } from "../../../compose/model.ts";
import { type ReadMount, readMount } from "../../../compose/mount.ts";
import { PROBE_LABEL } from "../../../compose/probes.ts";
import { interpolate } from "../../../compose/variables.ts";
import { mapStrings } from "../../../compose/walk.ts";
import { isMarked, isRecord, section } from "../../api/sections.ts";

/** A compose file and all that decides which volumes its containers really have. */
export interface DeployedText {
  composeFile: string;
  env: Readonly<Record<string, string>>;
  /** Compose project name: begins the names of volumes that have none of their own. */
  appName: string;
}

/** Something that a container has at a path. */
export interface Held {
  /** Key of the service in the compose file. */
  container: string;
  /** Repository of its image, without tag and digest: by it a renamed container is known. "" when the file names none. */
  image: string;
  path: string;
  /** `memory` is a tmpfs, or a volume that is one. */
  kind: "volume" | "bind" | "anonymous" | "memory";
  /** Full name of the volume or path on the host; of an anonymous volume, which Compose hands on to the next container, `<container>:<path>`. */
  name: string;
  /** Folder of the volume that is mounted instead of all of it. */
  subpath?: string;
  /** Paths below `path` where something else is mounted, so that what `name` holds there cannot be seen. */
  covered?: string[];
}

/** What the containers of a compose file have where. */
export interface Layout {
  /** Every service → repository of its image. */
  containers: ReadonlyMap<string, string>;
  /** Those that run: neither scaled to none nor behind a profile. */
  started: ReadonlySet<string>;
  mounts: readonly Held[];
  /** The mounts that hold data of the platform. */
  data: readonly Held[];
}

/** Host paths that are the machine's own, not data of a service. */
const SYSTEM = /^\/(dev|proc|sys|run|var\/run|etc\/(localtime|timezone|hosts|resolv\.conf))(\/|$)|\.sock$/;

interface Mounted extends Held {
  readOnly: boolean;
}

/**
 * Reads which volume each container has at which path, by the names that they have on the host. Data is what is in a volume, and
 * what is in a folder of the host that the container may write to. A text that is no compose file has no containers.
 */
export function readLayout({ composeFile, env, appName }: DeployedText): Layout {
  const lookUp = (name: string) => (Object.hasOwn(env, name) ? env[name] : undefined);
  const expand = (value: unknown) => mapStrings(value, (text) => interpolate(text, lookUp));
  const volumes = expand(section(composeFile, "volumes")) as Record<string, unknown>;
  // What is there for a check has no data, and takes nobody's place.
  const services = Object.entries(section(composeFile, "services")).filter(
    (entry): entry is [string, Service] => isRecord(entry[1]) && !isMarked(entry[1], PROBE_LABEL),
  );
  const parts = new Map(
    services.map(([key, service]) => {
      const { image, volumes: own, tmpfs, volumes_from } = service;
      return [key, expand({ image, volumes: own, tmpfs, volumes_from }) as Service];
    }),
  );
  const mounts = [...parts.keys()].flatMap((key) => withCovers(mountsOf(key, parts, volumes, appName)));
  return {
    containers: new Map([...parts].map(([key, { image }]) => [key, repository(image)])),
    started: new Set(services.filter(([, service]) => isStarted(service)).map(([key]) => key)),
    mounts: mounts.map(withoutMode),
    data: mounts.filter(isData).map(withoutMode),
  };
}

type Service = Record<string, unknown>;

function mountsOf(
  key: string,
  parts: ReadonlyMap<string, Service>,
  volumes: Record<string, unknown>,
  appName: string,
  above: readonly string[] = [],
): Mounted[] {
  const service = parts.get(key);
  if (service === undefined || above.includes(key)) return [];
  const common = { container: key, image: repository(service.image) };
  const own = list(service.volumes).flatMap((mount): Mounted[] => {
    if (typeof mount !== "string" && !isRecord(mount)) return [];
    const read = readMount(typeof mount === "string" ? mount : longMount(mount));
    const path = cleanPath(read.target);
    if (path === ".") return [];
    const named = nameOf(read, mount, volumes, appName, `${key}:${path}`);
    const subpath = named.kind === "volume" ? subpathOf(mount) : undefined;
    return [{ ...common, path, ...named, ...(subpath && { subpath }), readOnly: read.readOnly }];
  });
  const memory = list(service.tmpfs).map(
    (entry): Mounted => ({
      ...common,
      path: cleanPath(String(entry).split(":")[0] ?? ""),
      kind: "memory",
      name: "",
      readOnly: false,
    }),
  );
  const taken = new Set([...own, ...memory].map(({ path }) => path));
  const borrowed = list(service.volumes_from)
    .flatMap((from) => mountsOf(String(from).split(":")[0] ?? "", parts, volumes, appName, [...above, key]))
    .filter(({ path, kind }) => kind !== "memory" && !taken.has(path));
  return [...own, ...memory, ...borrowed.map((mount) => ({ ...mount, ...common }))];
}

/** Whoever wrote it by hand in Dokploy may have written anything. */
function longMount({ type, source, target, read_only }: Record<string, unknown>): Mount {
  const [from, to] = [source, target].map((value) => (value === undefined || value === null ? "" : String(value)));
  return {
    type: String(type),
    source: from ?? "",
    target: to ?? "",
    read_only: read_only === true || read_only === "true",
  };
}

function nameOf(
  { kind, source }: Pick<ReadMount, "kind" | "source">,
  mount: unknown,
  volumes: Record<string, unknown>,
  appName: string,
  anonymous: string,
): Pick<Held, "kind" | "name"> {
  if (kind === "volume") return volumeNamed(source, volumes[source], appName);
  if (kind === "anonymous") return { kind: "anonymous", name: anonymous };
  if (kind === "file" || kind === "host") return { kind: "bind", name: cleanPath(source) };
  return { kind: "memory", name: isRecord(mount) ? String(mount.source ?? "") : source };
}

function volumeNamed(key: string, definition: unknown, appName: string): Pick<Held, "kind" | "name"> {
  const { name, external, driver_opts: options } = isRecord(definition) ? definition : {};
  // `external: {name: …}` is how older files say it.
  const given = name ?? (isRecord(external) ? external.name : undefined);
  const full = typeof given === "string" && given !== "" ? given : external ? key : `${appName}_${key}`;
  return { kind: isRecord(options) && options.type === "tmpfs" ? "memory" : "volume", name: full };
}

function subpathOf(mount: unknown): string | undefined {
  const options = isRecord(mount) && isRecord(mount.volume) ? mount.volume : {};
  const path = typeof options.subpath === "string" ? posix.normalize(options.subpath).replace(/^\/|\/$/g, "") : "";
  return path === "" || path === "." ? undefined : path;
}

/** Names what is mounted below each mount, and leaves out mounts that a later one at the same path replaces. */
function withCovers(mounts: Mounted[]): Mounted[] {
  const last = mounts.filter(({ path }, index) => mounts.findLastIndex((other) => other.path === path) === index);
  return last.map((mount) => {
    const inside = mount.path === "/" ? "/" : `${mount.path}/`;
    const covered = last.map(({ path }) => path).filter((path) => path !== mount.path && path.startsWith(inside));
    return covered.length > 0 ? { ...mount, covered: covered.sort() } : mount;
  });
}

function isData({ kind, name, readOnly }: Mounted): boolean {
  if (kind === "bind") return !readOnly && !SYSTEM.test(name);
  return kind !== "memory";
}

function withoutMode({ readOnly: _, ...held }: Mounted): Held {
  return held;
}

function isStarted(service: Service): boolean {
  const replicas = isRecord(service.deploy) ? (service.deploy.replicas ?? service.scale) : service.scale;
  return list(service.profiles).length === 0 && Number(replicas ?? 1) !== 0;
}

function repository(image: unknown): string {
  return typeof image === "string" ? image.replace(/@.*$/, "").replace(/:[^:/]*$/, "") : "";
}

function cleanPath(path: string): string {
  const clean = posix.normalize(path.trim());
  return clean.length > 1 ? clean.replace(/\/$/, "") : clean;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}
