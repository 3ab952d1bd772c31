import { isTrue } from "./is-true.ts";
import type { ComposeService, Mount } from "./model.ts";
import { parseMount } from "./reading/short-mount.ts";

/** A mount, whichever form it was written in. `kind` says where its source is. */
export interface ReadMount {
  kind: "file" | "host" | "volume" | "anonymous" | "other";
  source: string;
  target: string;
  readOnly: boolean;
}

/** Reads the short form (`./users.xml:/etc/users.xml:ro`) and the long one. `mount`: as Compose sees it, without variables. */
export function readMount(mount: string | Mount): ReadMount {
  const long = typeof mount === "string" ? parseMount(mount).mount : mount;
  const source = long.source ?? "";
  return {
    kind: kindOf(long.type, source),
    source,
    target: long.target ?? "",
    readOnly: isTrue(long.read_only),
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
