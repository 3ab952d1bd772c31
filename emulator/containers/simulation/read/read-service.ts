import { createHash } from "node:crypto";
import { ComposeError, SchemaError } from "./compose-error.ts";
import { isTreeMap, type Tree } from "./compose-tree.ts";
import { healthCheckKeys, serviceKeys } from "./known-keys.ts";
import type { Dependency, DependencyCondition, FileUse, HealthCheck, Service, ServiceVolume } from "./project.ts";
import {
  checkKeys,
  isNull,
  toFlag,
  toList,
  toLooseText,
  toMap,
  toNumber,
  toPairs,
  toText,
  toTexts,
  toWords,
} from "./tree-reader.ts";

const conditions: readonly string[] = ["service_started", "service_healthy", "service_completed_successfully"];

function readDependencies(tree: Tree | undefined, path: string): Map<string, Dependency> {
  if (Array.isArray(tree))
    return new Map(
      toTexts(tree, path).map((key) => [key, { condition: "service_started", restart: false, required: true }]),
    );
  const result = new Map<string, Dependency>();
  for (const [key, value] of toMap(tree, path)) {
    const entry = toMap(value, `${path}.${key}`);
    if (!entry.has("condition")) throw new SchemaError(`${path}.${key} missing property 'condition'`);
    const condition = toText(entry.get("condition"), `${path}.${key}.condition`);
    if (!conditions.includes(condition))
      throw new SchemaError(
        `${path}.${key}.condition value must be one of ${conditions.map((name) => `'${name}'`).join(", ")}`,
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
  checkKeys(map, path, healthCheckKeys);
  const duration = (key: string, fallback: number) =>
    map.has(key) ? parseDuration(toText(map.get(key), `${path}.${key}`)) : fallback;
  const given = map.get("test");
  const test = Array.isArray(given)
    ? toTexts(given, `${path}.test`)
    : given === undefined
      ? []
      : ["CMD-SHELL", toText(given, `${path}.test`)];
  if (toFlag(map.get("disable"), `${path}.disable`) || test[0] === "NONE") return "disabled";
  if (Array.isArray(given) && test[0] !== "CMD" && test[0] !== "CMD-SHELL")
    throw new ComposeError('healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"');
  return {
    test,
    interval: duration("interval", 30_000),
    timeout: duration("timeout", 30_000),
    retries: map.has("retries") ? toNumber(map.get("retries"), `${path}.retries`) : 3,
    startPeriod: duration("start_period", 0),
    ...(map.has("start_interval") ? { startInterval: duration("start_interval", 0) } : {}),
  };
}

/** `source:target:mode`; with a one-letter source Compose sees a Windows drive, and the whole is a target. */
function readVolume(tree: Tree, path: string): ServiceVolume {
  if (isTreeMap(tree)) {
    const type = toText(tree.get("type"), `${path}.type`);
    if (type !== "volume" && type !== "bind" && type !== "tmpfs")
      throw new SchemaError(`${path}.type value must be one of 'bind', 'volume', 'tmpfs'`);
    return {
      type,
      source: tree.has("source") ? toText(tree.get("source"), `${path}.source`) : "",
      target: toText(tree.get("target"), `${path}.target`),
      readOnly: toFlag(tree.get("read_only"), `${path}.read_only`),
    };
  }
  const text = toText(tree, path);
  const [source = "", target, mode = ""] = /^[A-Za-z]:/.test(text) ? [text] : text.split(":");
  if (target === undefined) return { type: "volume", source: "", target: source, readOnly: false };
  return { type: /^[./~]/.test(source) ? "bind" : "volume", source, target, readOnly: mode.split(",").includes("ro") };
}

function readFileUse(tree: Tree, path: string, defaultFolder: string): FileUse {
  if (!isTreeMap(tree)) {
    const source = toText(tree, path);
    return { source, target: defaultFolder + source };
  }
  const source = toText(tree.get("source"), `${path}.source`);
  const target = tree.has("target") ? toText(tree.get("target"), `${path}.target`) : source;
  const mode = tree.has("mode") ? toLooseText(tree.get("mode"), `${path}.mode`) : undefined;
  return {
    source,
    target: target.startsWith("/") ? target : defaultFolder + target,
    ...(mode === undefined ? {} : { mode }),
  };
}

function readNetworks(map: Map<string, Tree>, path: string): Map<string, string[]> {
  if (map.has("network_mode")) return new Map();
  const tree = map.get("networks");
  if (tree === undefined) return new Map([["default", []]]);
  if (Array.isArray(tree)) return new Map(toTexts(tree, path).map((key) => [key, []]));
  return new Map(
    [...toMap(tree, path)].map(([key, value]) => [
      key,
      toTexts(toMap(value, `${path}.${key}`).get("aliases") ?? [], `${path}.${key}.aliases`),
    ]),
  );
}

/** `container:alias`, or the container's own name. */
function readExternalLinks(map: Map<string, Tree>, path: string): Map<string, string> {
  return new Map(
    toTexts(map.get("external_links") ?? [], path).map((link) => {
      const [container = "", alias = container] = link.split(":");
      return [alias, container];
    }),
  );
}

/** What Compose leaves out of a service's hash (pkg/compose/hash.go). */
const notHashed = new Set(["build", "pull_policy", "scale", "depends_on", "profiles"]);
const byKey = <T>([a]: [string, T], [b]: [string, T]) => (a < b ? -1 : 1);

function plain(tree: Tree): unknown {
  if (Array.isArray(tree)) return tree.map(plain);
  if (isTreeMap(tree)) return [...tree].map(([key, value]): [string, unknown] => [key, plain(value)]).sort(byKey);
  return tree.kind === "null" ? null : tree.text;
}

/** `normalised` replaces what may be written in several ways that mean the same. */
function hashService(map: Map<string, Tree>, normalised: Record<string, unknown>): string {
  const rest = [...map]
    .filter(([key]) => !notHashed.has(key) && !key.startsWith("x-") && !(key in normalised))
    .map(([key, value]): [string, unknown] => [key, plain(value)]);
  const parts = [...rest, ...Object.entries(normalised)].sort(byKey);
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Reads one entry of `services`. */
export function readService(
  key: string,
  tree: Tree,
  context: {
    /** Value of an `environment` key that has none of its own. */
    inherit(name: string): string | undefined;
    /** The variables in an `env_file`. */
    readEnvFile(path: string, required: boolean): ReadonlyMap<string, string>;
  },
): Omit<Service, "image"> & { image: string | undefined; builds: boolean } {
  const path = `services.${key}`;
  if (!isTreeMap(tree)) throw new SchemaError(`${path} must be a mapping`);
  checkKeys(tree, path, serviceKeys);
  for (const unknown of ["extends", "provider", "volumes_from"])
    if (tree.has(unknown))
      throw new ComposeError(`${path}.${unknown} is not simulated: use real containers (--containers docker) for it`);
  const text = (name: string) => (tree.has(name) ? toText(tree.get(name), `${path}.${name}`) : undefined);
  const containerName = text("container_name");
  if (containerName !== undefined && !/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(containerName))
    throw new SchemaError(
      `${path}.container_name '${containerName}' does not match pattern '[a-zA-Z0-9][a-zA-Z0-9_.-]+'`,
    );
  const environment = new Map(
    (isTreeMap(tree.get("env_file")) || !tree.has("env_file") || Array.isArray(tree.get("env_file"))
      ? toList(tree.get("env_file"), `${path}.env_file`)
      : [tree.get("env_file") as Tree]
    ).flatMap((item) => {
      const required = isTreeMap(item) ? toFlag(item.get("required"), `${path}.env_file.required`, true) : true;
      return [...context.readEnvFile(toText(isTreeMap(item) ? item.get("path") : item, `${path}.env_file`), required)];
    }),
  );
  for (const [name, value] of toPairs(tree.get("environment"), `${path}.environment`, context.inherit))
    environment.set(name, value);
  const labels = toPairs(tree.get("labels"), `${path}.labels`, () => "");
  const tmpfs = tree.get("tmpfs");
  const command = toWords(tree.get("command"), `${path}.command`);
  const entrypoint = toWords(tree.get("entrypoint"), `${path}.entrypoint`);
  const healthCheck = readHealthCheck(tree.get("healthcheck"), `${path}.healthcheck`);
  const uses = (name: "secrets" | "configs", folder: string) =>
    toList(tree.get(name), `${path}.${name}`).map((item, index) =>
      readFileUse(item, `${path}.${name}.${index}`, folder),
    );
  const sorted = (map: Map<string, string>) => [...map].sort(byKey);
  return {
    key,
    image: text("image"),
    builds: tree.has("build"),
    environment,
    labels,
    dependsOn: readDependencies(tree.get("depends_on"), `${path}.depends_on`),
    restart: text("restart") ?? "no",
    readOnly: toFlag(tree.get("read_only"), `${path}.read_only`),
    volumes: toList(tree.get("volumes"), `${path}.volumes`).map((item, index) =>
      readVolume(item, `${path}.volumes.${index}`),
    ),
    tmpfs: (tmpfs === undefined || isNull(tmpfs)
      ? []
      : Array.isArray(tmpfs)
        ? toTexts(tmpfs, `${path}.tmpfs`)
        : [toText(tmpfs, `${path}.tmpfs`)]
    ).map((target) => target.split(":")[0] ?? ""),
    secrets: uses("secrets", "/run/secrets/"),
    configs: uses("configs", "/"),
    networks: readNetworks(tree, `${path}.networks`),
    externalLinks: readExternalLinks(tree, `${path}.external_links`),
    configHash: hashService(tree, {
      environment: sorted(environment),
      labels: sorted(labels),
      command,
      entrypoint,
      env_file: [],
    }),
    profiles: toTexts(tree.get("profiles") ?? [], `${path}.profiles`),
    ...(containerName === undefined ? {} : { containerName }),
    ...(command === undefined ? {} : { command }),
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(healthCheck === undefined ? {} : { healthCheck }),
  };
}

const units: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * A Compose duration (`1m30s`, `500ms`) in milliseconds.
 * @throws ComposeError when it is none.
 */
function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) throw new ComposeError(`time: invalid duration "${text}"`);
  let total = 0;
  for (const [, amount = "0", unit = "s"] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    total += Number(amount) * (units[unit] ?? 0);
  return total;
}
