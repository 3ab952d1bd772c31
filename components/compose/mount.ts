import { isTrue } from "./is-true.ts";
import type { ComposeService, Mount } from "./model.ts";

/** A mount, whichever form it was written in. `kind` says where its source is. */
export interface ReadMount {
  kind: "file" | "host" | "volume" | "anonymous" | "other";
  source: string;
  target: string;
  readOnly: boolean;
}

/** Reads the short form (`./users.xml:/etc/users.xml:ro`) and the long one. */
export function readMount(mount: string | Mount): ReadMount {
  const long = typeof mount === "string" ? fromShort(mount) : mount;
  const source = long.source ?? "";
  return {
    kind: kindOf(long.type, source),
    source,
    target: long.target ?? "",
    readOnly: isTrue(long.read_only),
  };
}

function fromShort(text: string): Mount {
  const parts = text.split(":");
  const [first = "", second, mode = ""] = parts;
  if (second === undefined) return { type: "volume", target: first };
  return {
    type: /^[./~]/.test(first) ? "bind" : "volume",
    source: first,
    target: second,
    read_only: mode.split(",").includes("ro"),
  };
}

function kindOf(type: string, source: string): ReadMount["kind"] {
  if (type === "bind") return source.startsWith(".") ? "file" : "host";
  if (type === "volume") return source === "" ? "anonymous" : "volume";
  return "other";
}

/** Paths of a service that a tmpfs or any other mount covers. */
export function mountTargets(service: ComposeService): string[] {
  const tmpfs = typeof service.tmpfs === "string" ? [service.tmpfs] : (service.tmpfs ?? []);
  return [
    ...tmpfs.map((entry) => entry.split(":")[0] ?? ""),
    ...(service.volumes ?? []).map((mount) => readMount(mount).target),
  ];
}
