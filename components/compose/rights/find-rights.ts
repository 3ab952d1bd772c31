import { posix } from "node:path";
import type { Context } from "../context.ts";
import type { ComposeFile, ComposeService, ComposeVolume } from "../model.ts";
import { readMount } from "../mount.ts";
import { volumeName } from "../names.ts";
import type { Path } from "../problem.ts";
import {
  CAPABILITIES,
  HOST_PATHS,
  KNOWN_PARTS,
  LOG_DRIVERS,
  OWN_KEYS,
  OWN_NAMESPACES,
  REFUSED_ANYWAY,
  SECURITY_OPTIONS,
  STEERING_LABELS,
} from "./allow-list.ts";

/** Something that a part of a file gets of the server, or of others on it, beyond what is its own. */
export interface Right {
  /** How it is allowed: `privileged`, `SYS_ADMIN`, `/srv/media`. The first is the one that people are told. */
  names: readonly [string, ...string[]];
  path: Path;
  message: string;
  /** What to do instead. */
  instead: string;
}

type Judge = (value: unknown, path: Path) => Right[];

/** Every right that a file takes. `seen`: as Compose sees it, with the values of its variables. */
export function findRights(
  { services, volumes, ...rest }: ComposeFile,
  context: Pick<Context, "service" | "suffix">,
): Right[] {
  const parts = Object.keys(rest).filter((key) => !key.startsWith("x-") && !KNOWN_PARTS.has(key));
  return [
    ...parts.flatMap((key) => wholeKey(key, rest[key], [key])),
    ...Object.entries(services).flatMap(([key, service]) => rightsOf(service, ["services", key])),
    ...Object.entries(volumes ?? {}).flatMap(([key, volume]) => judgeVolume(key, volume ?? {}, context)),
  ];
}

function rightsOf(service: ComposeService, path: Path): Right[] {
  return Object.entries(service).flatMap(([key, value]) =>
    key.startsWith("x-") ? [] : judge(key, key, value, [...path, key]),
  );
}

/** `key` is the place in the container, indexes as `*`; `name` the key at which a right is looked for. */
function judge(key: string, name: string, value: unknown, path: Path): Right[] {
  if (isNothing(value) || OWN_KEYS.has(key) || REFUSED_ANYWAY.has(key)) return [];
  const own = JUDGES[key];
  if (own) return own(value, path);
  const isAbove = [...OWN_KEYS, ...Object.keys(JUDGES)].some((known) => known.startsWith(`${key}.`));
  if (!isAbove || typeof value !== "object" || value === null) return wholeKey(name, value, path);
  return Object.entries(value).flatMap(([step, item]) => {
    if (Array.isArray(value)) return judge(`${key}.*`, name, item, [...path, Number(step)]);
    return step.startsWith("x-") ? [] : judge(`${key}.${step}`, step, item, [...path, step]);
  });
}

/** Whether a key says no more than one that is not there. */
function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (typeof value === "object") return Object.keys(value).length === 0;
  return /^(?:false|n|no|off)$/i.test(String(value));
}

const LEAVE_OUT = "leave it out";

function wholeKey(name: string, value: unknown, path: Path): Right[] {
  if (isNothing(value)) return [];
  const message = `\`${name}\` gives more of the server than is the container's own`;
  return [{ names: [name], path, message, instead: LEAVE_OUT }];
}

/** What is looked into. Every other key is allowed or not as a whole. */
const JUDGES: Readonly<Record<string, Judge>> = {
  volumes: (value, path) => entriesOf(value).flatMap(([index, mount]) => judgeMount(mount, [...path, index])),
  cap_add: (value, path) => entriesOf(value).flatMap(([index, word]) => judgeCapability(word, [...path, index])),
  security_opt: (value, path) => entriesOf(value).flatMap(([index, word]) => judgeOption(word, [...path, index])),
  devices: (value, path) => entriesOf(value).flatMap(([index, device]) => judgeDevice(device, [...path, index])),
  labels: (value, path) => named(value, path).flatMap(({ name, at }) => judgeLabel(name, at)),
  "deploy.labels": (value, path) => named(value, path).flatMap(({ name, at }) => judgeLabel(name, at)),
  logging: (value, path) => {
    const { driver } = value as { driver?: unknown };
    return isNothing(driver) || LOG_DRIVERS.has(String(driver)) ? [] : wholeKey("logging", value, path);
  },
  runtime: (value, path) => (value === "runc" ? [] : wholeKey("runtime", value, path)),
  ...Object.fromEntries(
    ["pid", "ipc", "uts", "cgroup", "userns_mode"].map((key): [string, Judge] => [
      key,
      (value, path) =>
        OWN_NAMESPACES.has(String(value)) || /^service:/.test(String(value)) ? [] : wholeKey(key, value, path),
    ]),
  ),
};

function entriesOf(list: unknown): [number, unknown][] {
  return Array.isArray(list) ? [...list.entries()] : [[0, list]];
}

/** Names of a map, or of a list of `name=value`. */
function named(value: unknown, path: Path): { name: string; at: Path }[] {
  if (!Array.isArray(value)) return Object.keys(Object(value)).map((name) => ({ name, at: [...path, name] }));
  return value.map((entry, index) => ({ name: String(entry).split("=", 1)[0] ?? "", at: [...path, index] }));
}

/** Sockets of what runs containers: who can write to one has the server, and a read-only mount does not keep from that. */
const ENGINE_SOCKETS = ["docker.sock", "containerd.sock", "podman.sock", "crio.sock"];

function judgeMount(mount: unknown, path: Path): Right[] {
  const { kind, source, readOnly } = readMount(mount as Parameters<typeof readMount>[0]);
  const { type } = Object(mount) as { type?: unknown };
  if (kind === "other" && type !== "tmpfs" && type !== "image") return wholeKey(String(type), mount, path);
  if (kind !== "host") return [];
  const place = toPath(source);
  const socket = ENGINE_SOCKETS.find((name) => posix.basename(place) === name);
  if (socket !== undefined) {
    const message = `\`${source}\` gives the container the whole server, read-only as well`;
    return [{ names: [socket, place], path, message, instead: LEAVE_OUT }];
  }
  if (readOnly && HOST_PATHS.has(place)) return [];
  const message = `\`${source}\` on the host is shared by all environments`;
  return [{ names: [place], path, message, instead: "use a named volume" }];
}

/** A path as Docker goes it. */
export function toPath(text: string): string {
  const path = posix.normalize(text);
  return path.length > 1 ? path.replace(/^\/+/, "/").replace(/\/+$/, "") : path;
}

function judgeCapability(word: unknown, path: Path): Right[] {
  const name = String(word).toUpperCase().replace(/^CAP_/, "");
  // Docker refuses what cannot be one; the shortest is BPF.
  if (CAPABILITIES.has(name) || name.length < 3) return [];
  const message = `\`${name}\` is none of the capabilities that Docker gives every container`;
  return [{ names: [name], path, message, instead: LEAVE_OUT }];
}

function judgeOption(word: unknown, path: Path): Right[] {
  const option = String(word).replace("=", ":");
  if (SECURITY_OPTIONS.has(option)) return [];
  const message = `\`${option}\` takes away what keeps the container from the server`;
  return [{ names: [option], path, message, instead: LEAVE_OUT }];
}

function judgeDevice(device: unknown, path: Path): Right[] {
  const { source } = Object(device) as { source?: unknown };
  const name = toPath(typeof device === "string" ? (device.split(":/", 1)[0] ?? "") : String(source));
  const message = `\`${name}\` is a device of the server`;
  return [{ names: [name], path, message, instead: LEAVE_OUT }];
}

function judgeLabel(name: string, path: Path): Right[] {
  const [, first] = /^([\w-]+)/.exec(name.trim().toLowerCase()) ?? [];
  if (!STEERING_LABELS.test(name.trim().toLowerCase())) return [];
  const message = `the label \`${name}\` steers what runs besides the service`;
  const instead = first === "traefik" ? "leave it out: `routes` in the service's definition makes routes" : LEAVE_OUT;
  return [{ names: first === undefined || first === "com" ? [name] : [first, name], path, message, instead }];
}

/**
 * A volume with a name of its own choice is whoever's: Compose takes one that is there, `external` or not. The environment's suffix
 * tells that it was made for this one. Names of the platform are compared with all others, but for those that are external.
 */
function judgeVolume(key: string, volume: ComposeVolume, { service, suffix }: Pick<Context, "service" | "suffix">) {
  const external = volume.external as { name?: unknown } | boolean | string | null | undefined;
  const isExternal = !isNothing(external);
  const older = typeof external === "object" && external !== null ? external.name : undefined;
  const own = volumeName(service, key, suffix);
  const name = String(volume.name ?? older ?? own);
  const isPlatforms = name.startsWith(`platform-${service}-`) && name.endsWith(suffix);
  const isMarked = suffix !== "" && name.endsWith(suffix) && !(isExternal && name.startsWith("platform-"));
  if (name === own || isMarked || (isPlatforms && !isExternal)) return [];
  const message = `the volume \`${name}\` may be that of something else on the server`;
  return [{ names: [name], path: ["volumes", key], message, instead: "leave the name out" } satisfies Right];
}
