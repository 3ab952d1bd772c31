import type { Path } from "../problem.ts";
import { matches } from "./cast.ts";
import { type Finding, kindOf } from "./finding.ts";
import { parseMount } from "./short-mount.ts";

type KeyOf = (entry: unknown, path: Path) => string | Finding;

/**
 * Lists of which Compose keeps the last of the entries with one key, before it looks at the schema: the schema's `uniqueItems` does not
 * see the others. https://github.com/compose-spec/compose-go/blob/v2.9.0/override/uncity.go
 */
const LISTS: readonly [path: string, keyOf: KeyOf][] = [
  ["networks.*.labels", assigned],
  ["networks.*.ipam.options", assigned],
  ...[
    "annotations",
    "build.args",
    "build.additional_contexts",
    "build.tags",
    "build.labels",
    "cap_add",
    "cap_drop",
    "deploy.labels",
    "dns",
    "dns_opt",
    "dns_search",
    "environment",
    "labels",
    "links",
    "networks.*.aliases",
    "networks.*.link_local_ips",
    "profiles",
    "sysctls",
    "tmpfs",
  ].map(service(assigned)),
  ...["configs", "secrets"].map(service(granted)),
  ...["env_file"].map(service(envFile)),
  ...["expose"].map(service(exposed)),
  ...["ports"].map(service(published)),
  ...["volumes"].map(service(mounted)),
  ...["devices"].map(service(device)),
];

function service(keyOf: KeyOf): (key: string) => [string, KeyOf] {
  return (key) => [`services.*.${key}`, keyOf];
}

const PATTERNS = LISTS.map(([path, keyOf]) => ({ steps: path.split("."), keyOf }));

/** A copy without the entries that Compose drops, and what it refuses while it looks for them. */
export function withoutRepeats(value: unknown): { value: unknown; problems: Finding[] } {
  const problems: Finding[] = [];
  const copy = (part: unknown, path: Path): unknown => {
    if (Array.isArray(part)) {
      const keyOf = PATTERNS.find(({ steps }) => matches(steps, path))?.keyOf;
      const list = part.map((item, index) => copy(item, [...path, index]));
      return keyOf ? lastOfEach(list, path, keyOf, problems) : list;
    }
    // A date is of no type of JSON's; a `Date` would pass for a map.
    if (part instanceof Date) return Symbol("date");
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, copy(item, [...path, key])]));
  };
  return { value: copy(value, []), problems };
}

function lastOfEach(list: readonly unknown[], path: Path, keyOf: KeyOf, problems: Finding[]): unknown[] {
  const kept = new Map<unknown, unknown>();
  for (const [index, entry] of list.entries()) {
    const key = keyOf(entry, [...path, index]);
    if (typeof key !== "string") problems.push(key);
    kept.set(typeof key === "string" ? key : Symbol("no key"), entry);
  }
  return [...kept.values()];
}

function wrong(path: Path, entry: unknown, wanted: string): Finding {
  return {
    path,
    message: `this must be ${wanted}, not ${kindOf(entry)}`,
    hint: "see https://docs.docker.com/reference/compose-file/",
  };
}

function assigned(entry: unknown, path: Path): string | Finding {
  if (typeof entry !== "string") return wrong(path, entry, "a text");
  return entry.split("=", 1)[0] ?? entry;
}

function isMap(entry: unknown): entry is Record<string, unknown> {
  return entry !== null && typeof entry === "object" && !Array.isArray(entry) && !(entry instanceof Date);
}

function granted(entry: unknown, path: Path): string | Finding {
  if (typeof entry === "string") return `/${entry}`;
  if (!isMap(entry)) return wrong(path, entry, "a name or a map");
  const { target, source } = entry;
  if (target === undefined) return `/${String(source)}`;
  return typeof target === "string" ? target : wrong([...path, "target"], target, "a text");
}

function envFile(entry: unknown, path: Path): string | Finding {
  if (typeof entry === "string") return entry;
  if (!isMap(entry)) return "";
  return typeof entry.path === "string" ? entry.path : wrong(path, entry, "a path, or a map with one");
}

function exposed(entry: unknown, path: Path): string | Finding {
  if (typeof entry === "string") return entry;
  return Number.isInteger(entry) ? String(entry) : wrong(path, entry, "a port");
}

function published(entry: unknown, path: Path): string | Finding {
  if (typeof entry === "string") return entry;
  if (typeof entry === "number") return Number.isInteger(entry) ? String(entry) : "";
  if (!isMap(entry)) return "";
  const { target, published: host = "", host_ip = "0.0.0.0", protocol = "tcp" } = entry;
  if (target === undefined)
    return { path, message: "a port without `target`", hint: "write the container's port as `target`" };
  return `${host_ip}:${host}:${target}/${protocol}`;
}

function mounted(entry: unknown, path: Path): string | Finding {
  if (typeof entry === "string") {
    const { mount, problem } = parseMount(entry);
    return problem ? { path, ...problem } : (mount.target ?? "");
  }
  if (!isMap(entry)) return "";
  return typeof entry.target === "string" ? entry.target : NO_TARGET(path);
}

function device(entry: unknown, path: Path): string | Finding {
  if (typeof entry === "string") return entry.split(":")[1] ?? entry;
  if (!isMap(entry)) return "";
  return typeof entry.target === "string" ? entry.target : NO_TARGET(path);
}

const NO_TARGET = (path: Path): Finding => ({
  path,
  message: "a mount without `target`",
  hint: "say where in the container it goes",
});
