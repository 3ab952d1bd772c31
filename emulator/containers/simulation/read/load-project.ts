import { createHash } from "node:crypto";
import { checkProject } from "./check-project.ts";
import { ComposeError, SchemaError } from "./compose-error.ts";
import { readTree, type Tree } from "./compose-tree.ts";
import { configKeys, networkKeys, secretKeys, topLevelKeys, volumeKeys } from "./known-keys.ts";
import type { FileSource, NetworkDefinition, Project, Service, VolumeDefinition } from "./project.ts";
import { readService } from "./read-service.ts";
import { checkKeys, toFlag, toMap, toPairs, toText } from "./tree-reader.ts";

/** The files and variables that one `docker compose` process sees. */
export interface ProjectInput {
  name: string;
  /** Path of the compose file, for messages. */
  file: string;
  text: string;
  /** `.env` below what the process inherited. */
  variables: ReadonlyMap<string, string>;
  /** Reads a file named by the compose file, relative to its folder; undefined when there is none. */
  readFile(path: string): string | undefined;
  readEnvFile(path: string, required: boolean): ReadonlyMap<string, string>;
}

function nameOf(map: Map<string, Tree>, path: string, fallback: string): string {
  return map.has("name") ? toText(map.get("name"), `${path}.name`) : fallback;
}

function readVolumeDefinition(project: string, key: string, tree: Tree): VolumeDefinition {
  const path = `volumes.${key}`;
  const map = toMap(tree, path);
  checkKeys(map, path, volumeKeys);
  const external = toFlag(map.get("external"), `${path}.external`);
  const name = nameOf(map, path, external ? key : `${project}_${key}`);
  const driver = map.has("driver") ? toText(map.get("driver"), `${path}.driver`) : "local";
  const driverOptions = toPairs(map.get("driver_opts"), `${path}.driver_opts`, () => "");
  const labels = toPairs(map.get("labels"), `${path}.labels`, () => "");
  const sorted = (pairs: Map<string, string>) => [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
  const definition = JSON.stringify([name, driver, sorted(driverOptions), sorted(labels)]);
  const definitionHash = createHash("sha256").update(definition).digest("hex");
  return { name, external, driver, driverOptions, labels, definitionHash };
}

function readNetworkDefinition(project: string, key: string, tree: Tree): NetworkDefinition {
  const path = `networks.${key}`;
  const map = toMap(tree, path);
  checkKeys(map, path, networkKeys);
  const external = toFlag(map.get("external"), `${path}.external`);
  return { name: nameOf(map, path, external ? key : `${project}_${key}`), external };
}

function readFileSource(kind: "secrets" | "configs", key: string, tree: Tree, input: ProjectInput): FileSource {
  const path = `${kind}.${key}`;
  const map = toMap(tree, path);
  checkKeys(map, path, kind === "secrets" ? secretKeys : configKeys);
  if (toFlag(map.get("external"), `${path}.external`)) return { kind: "external", from: nameOf(map, path, key) };
  const withContent = (source: FileSource["kind"], from: string, content: string | undefined): FileSource =>
    content === undefined ? { kind: source, from } : { kind: source, from, content };
  if (map.has("environment")) {
    const variable = toText(map.get("environment"), `${path}.environment`);
    return withContent("environment", variable, input.variables.get(variable));
  }
  if (map.has("file")) {
    const file = toText(map.get("file"), `${path}.file`);
    return withContent("file", file, input.readFile(file));
  }
  if (kind === "configs" && map.has("content"))
    return { kind: "content", from: "", content: toText(map.get("content"), `${path}.content`) };
  throw new ComposeError(
    `${path}: one of ${kind === "configs" ? "file|environment|content" : "file|environment"} must be set`,
  );
}

function mapValues<T>(tree: Tree | undefined, path: string, read: (key: string, value: Tree) => T): Map<string, T> {
  return new Map([...toMap(tree, path)].map(([key, value]) => [key, read(key, value)]));
}

function readServices(tree: Tree | undefined, input: ProjectInput): Map<string, Service> {
  const services = mapValues(tree, "services", (key, value): Service => {
    if (!/^[a-zA-Z0-9._-]+$/.test(key)) throw new SchemaError(`services additional properties '${key}' not allowed`);
    const context = { inherit: (name: string) => input.variables.get(name), readEnvFile: input.readEnvFile };
    const { image, builds, ...service } = readService(key, value, context);
    if (image === undefined && !builds)
      throw new ComposeError(
        `service "${key}" has neither an image nor a build context specified: invalid compose project`,
      );
    return { ...service, image: image ?? `${input.name}-${key}` };
  });
  return new Map([...services].filter(([, { profiles }]) => profiles.length === 0));
}

function read(input: ProjectInput, unset: Set<string>): Project {
  const tree = readTree(input.text, {
    lookup: (name) => input.variables.get(name),
    missing: (name) => unset.add(name),
  });
  checkKeys(tree, "", topLevelKeys);
  if (tree.has("include"))
    throw new ComposeError("include is not simulated: use real containers (--containers docker) for it");
  const section = <T>(name: string, readOne: (key: string, value: Tree) => T) =>
    mapValues(tree.get(name), name, readOne);
  const networks = section("networks", (key, value) => readNetworkDefinition(input.name, key, value));
  if (!networks.has("default")) networks.set("default", { name: `${input.name}_default`, external: false });
  return {
    name: input.name,
    services: readServices(tree.get("services"), input),
    networks,
    volumes: section("volumes", (key, value) => readVolumeDefinition(input.name, key, value)),
    secrets: section("secrets", (key, value) => readFileSource("secrets", key, value, input)),
    configs: section("configs", (key, value) => readFileSource("configs", key, value, input)),
    warnings: [],
  };
}

/**
 * Loads a compose file as `docker compose config` does.
 * @throws ComposeError with the reason that Compose would give.
 */
export function loadProject(input: ProjectInput): Project {
  const unset = new Set<string>();
  try {
    const project = read(input, unset);
    checkProject(project);
    return {
      ...project,
      warnings: [...unset].map((name) => `The "${name}" variable is not set. Defaulting to a blank string.`),
    };
  } catch (error) {
    if (error instanceof SchemaError) throw new ComposeError(`validating ${input.file}: ${error.message}`);
    if (error instanceof ComposeError && error.message.startsWith("yaml: "))
      throw new ComposeError(`failed to parse ${input.file}: ${error.message}`);
    throw error;
  }
}
