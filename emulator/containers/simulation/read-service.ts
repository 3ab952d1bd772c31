import { createHash } from "node:crypto";
import { ComposeError } from "./compose-error.ts";
import { isTreeMap, type Tree } from "./compose-tree.ts";
import { parseDuration } from "./duration.ts";
import type { Dependency, DependencyCondition, FileUse, HealthCheck, Service, ServiceVolume } from "./project.ts";
import { toFlag, toList, toLooseText, toMap, toPairs, toText, toWords } from "./tree-reader.ts";

const conditions: readonly string[] = ["service_started", "service_healthy", "service_completed_successfully"];

function readDependencies(tree: Tree | undefined, path: string): Map<string, Dependency> {
  const result = new Map<string, Dependency>();
  if (Array.isArray(tree)) {
    for (const item of tree)
      result.set(toText(item, `${path}.[]`), { condition: "service_started", restart: false, required: true });
    return result;
  }
  for (const [key, value] of toMap(tree, path)) {
    const entry = toMap(value, `${path}.${key}`);
    const condition = entry.has("condition") ? toText(entry.get("condition"), `${path}.${key}.condition`) : "";
    if (!conditions.includes(condition))
      throw new ComposeError(
        `validating docker-compose.yml: ${path}.${key}.condition must be one of the following: ${conditions.map((name) => `"${name}"`).join(", ")}`,
      );
    result.set(key, {
      condition: condition as DependencyCondition,
      restart: toFlag(entry.get("restart"), `${path}.${key}.restart`),
      required: toFlag(entry.get("required"), `${path}.${key}.required`, true),
    });
  }
  return result;
}

function readHealthCheck(tree: Tree | undefined, path: string): HealthCheck | "disabled" | undefined {
  if (tree === undefined) return undefined;
  const map = toMap(tree, path);
  const duration = (key: string, fallback: number) =>
    map.has(key) ? parseDuration(toLooseText(map.get(key), `${path}.${key}`), `${path}.${key}`) : fallback;
  if (toFlag(map.get("disable"), `${path}.disable`)) return "disabled";
  const given = map.get("test");
  const test = Array.isArray(given)
    ? given.map((item) => toText(item, `${path}.test.[]`))
    : given === undefined
      ? []
      : ["CMD-SHELL", toText(given, `${path}.test`)];
  if (test[0] === "NONE") return "disabled";
  if (Array.isArray(given) && test[0] !== "CMD" && test[0] !== "CMD-SHELL")
    throw new ComposeError(`${path}.test: first element must be NONE, CMD or CMD-SHELL`);
  return {
    test,
    interval: duration("interval", 30_000),
    timeout: duration("timeout", 30_000),
    retries: map.has("retries") ? Number(toLooseText(map.get("retries"), `${path}.retries`)) : 3,
    startPeriod: duration("start_period", 0),
    ...(map.has("start_interval") ? { startInterval: duration("start_interval", 0) } : {}),
  };
}

/** `source:target:mode`; a one-letter source before a slash is taken for a Windows drive, as Compose does. */
function readVolume(tree: Tree, path: string): ServiceVolume {
  if (isTreeMap(tree)) {
    const type = toText(tree.get("type"), `${path}.type`);
    if (type !== "volume" && type !== "bind" && type !== "tmpfs")
      throw new ComposeError(`${path}.type must be one of volume, bind, tmpfs`);
    return {
      type,
      source: tree.has("source") ? toText(tree.get("source"), `${path}.source`) : "",
      target: toText(tree.get("target"), `${path}.target`),
      readOnly: toFlag(tree.get("read_only"), `${path}.read_only`),
    };
  }
  const text = toText(tree, path);
  const drive = /^[A-Za-z]:[\\/]/.test(text);
  const [source = "", target, mode = ""] = drive ? [text] : text.split(":");
  if (drive) return { type: "bind", source: text, target: "", readOnly: false };
  if (target === undefined) return { type: "volume", source: "", target: source, readOnly: false };
  return { type: /^[./~]/.test(source) ? "bind" : "volume", source, target, readOnly: mode.split(",").includes("ro") };
}

function readFileUse(tree: Tree, path: string, defaultTarget: (source: string) => string): FileUse {
  if (!isTreeMap(tree)) {
    const source = toText(tree, path);
    return { source, target: defaultTarget(source) };
  }
  const source = toText(tree.get("source"), `${path}.source`);
  const given = tree.has("target") ? toText(tree.get("target"), `${path}.target`) : source;
  const mode = tree.has("mode") ? toLooseText(tree.get("mode"), `${path}.mode`) : undefined;
  return {
    source,
    target: given.startsWith("/") ? given : defaultTarget(given),
    ...(mode === undefined ? {} : { mode }),
  };
}

function readNetworks(map: Map<string, Tree>, path: string): Map<string, string[]> {
  if (map.has("network_mode")) return new Map();
  const tree = map.get("networks");
  if (tree === undefined) return new Map([["default", []]]);
  if (Array.isArray(tree)) return new Map(tree.map((item) => [toText(item, `${path}.[]`), []]));
  return new Map(
    [...toMap(tree, path)].map(([key, value]) => [
      key,
      toList(toMap(value, `${path}.${key}`).get("aliases"), `${path}.${key}.aliases`).map((item) =>
        toText(item, `${path}.${key}.aliases.[]`),
      ),
    ]),
  );
}

/** What Compose leaves out of a service's hash (pkg/compose/hash.go). */
const notHashed = new Set(["build", "pull_policy", "scale", "depends_on", "profiles"]);

function plain(tree: Tree): unknown {
  if (Array.isArray(tree)) return tree.map(plain);
  if (isTreeMap(tree))
    return [...tree].map(([key, value]) => [key, plain(value)]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return tree.kind === "null" ? null : tree.text;
}

function hashService(map: Map<string, Tree>, normalised: Partial<Record<string, unknown>>): string {
  const rest = [...map]
    .filter(([key]) => !notHashed.has(key) && !(key in normalised))
    .map(([key, value]) => [key, plain(value)]);
  const parts = [...rest, ...Object.entries(normalised)].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

const sorted = (map: Map<string, string>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** Reads one entry of `services`. `inherit` gives the value of an `environment` key that has none of its own. */
export function readService(
  key: string,
  tree: Tree,
  inherit: (name: string) => string | undefined,
): Omit<Service, "image"> & { image: string | undefined; builds: boolean } {
  const path = `services.${key}`;
  const map = toMap(tree, path);
  const text = (name: string) => (map.has(name) ? toText(map.get(name), `${path}.${name}`) : undefined);
  const environment = toPairs(map.get("environment"), `${path}.environment`, inherit);
  const labels = toPairs(map.get("labels"), `${path}.labels`, () => "");
  const tmpfs = map.get("tmpfs");
  const containerName = text("container_name");
  const command = toWords(map.get("command"), `${path}.command`);
  const entrypoint = toWords(map.get("entrypoint"), `${path}.entrypoint`);
  const healthCheck = readHealthCheck(map.get("healthcheck"), `${path}.healthcheck`);
  const uses = (name: "secrets" | "configs", folder: string) =>
    toList(map.get(name), `${path}.${name}`).map((item) =>
      readFileUse(item, `${path}.${name}.[]`, (source) => `${folder}${source}`),
    );
  return {
    key,
    image: text("image"),
    builds: map.has("build"),
    environment,
    labels,
    dependsOn: readDependencies(map.get("depends_on"), `${path}.depends_on`),
    restart: text("restart") ?? "no",
    readOnly: toFlag(map.get("read_only"), `${path}.read_only`),
    volumes: toList(map.get("volumes"), `${path}.volumes`).map((item) => readVolume(item, `${path}.volumes.[]`)),
    tmpfs:
      tmpfs === undefined
        ? []
        : (Array.isArray(tmpfs) ? tmpfs : [tmpfs]).map((item) => toText(item, `${path}.tmpfs`).split(":")[0] ?? ""),
    secrets: uses("secrets", "/run/secrets/"),
    configs: uses("configs", "/"),
    networks: readNetworks(map, `${path}.networks`),
    configHash: hashService(map, { environment: sorted(environment), labels: sorted(labels), command, entrypoint }),
    ...(containerName === undefined ? {} : { containerName }),
    ...(command === undefined ? {} : { command }),
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(healthCheck === undefined ? {} : { healthCheck }),
  };
}
