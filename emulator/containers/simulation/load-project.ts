import { createHash } from "node:crypto";
import { ComposeError } from "./compose-error.ts";
import { isTreeMap, readTree, type Tree } from "./compose-tree.ts";
import type { FileSource, NetworkDefinition, Project, Service, VolumeDefinition } from "./project.ts";
import { readService } from "./read-service.ts";
import { toFlag, toMap, toPairs, toText } from "./tree-reader.ts";

/** The files and variables that one `docker compose` process sees. */
export interface ProjectInput {
  name: string;
  text: string;
  /** `.env` below what the process inherited. */
  variables: ReadonlyMap<string, string>;
  /** Reads a file named by the compose file, relative to its folder; undefined when there is none. */
  readFile(path: string): string | undefined;
}

function isExternal(map: Map<string, Tree>, path: string): boolean {
  return toFlag(map.get("external"), `${path}.external`);
}

function nameOf(map: Map<string, Tree>, path: string, fallback: string): string {
  return map.has("name") ? toText(map.get("name"), `${path}.name`) : fallback;
}

function readVolumeDefinition(project: string, key: string, tree: Tree): VolumeDefinition {
  const path = `volumes.${key}`;
  const map = toMap(tree, path);
  const external = isExternal(map, path);
  const name = nameOf(map, path, external ? key : `${project}_${key}`);
  const driver = map.has("driver") ? toText(map.get("driver"), `${path}.driver`) : "";
  const driverOptions = toPairs(map.get("driver_opts"), `${path}.driver_opts`, () => "");
  const labels = toPairs(map.get("labels"), `${path}.labels`, () => "");
  const sorted = (pairs: Map<string, string>) => [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
  const definition = JSON.stringify([name, driver, sorted(driverOptions), sorted(labels)]);
  return {
    name,
    external,
    driver,
    driverOptions,
    labels,
    definitionHash: createHash("sha256").update(definition).digest("hex"),
  };
}

function readNetworkDefinition(project: string, key: string, tree: Tree): NetworkDefinition {
  const map = toMap(tree, `networks.${key}`);
  const external = isExternal(map, `networks.${key}`);
  return { name: nameOf(map, `networks.${key}`, external ? key : `${project}_${key}`), external };
}

function readFileSource(kind: "secrets" | "configs", key: string, tree: Tree, input: ProjectInput): FileSource {
  const path = `${kind}.${key}`;
  const map = toMap(tree, path);
  if (isExternal(map, path)) return { kind: "external", from: nameOf(map, path, key) };
  const withContent = (kindOfSource: FileSource["kind"], from: string, content: string | undefined): FileSource =>
    content === undefined ? { kind: kindOfSource, from } : { kind: kindOfSource, from, content };
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
  const kinds = kind === "configs" ? "file|environment|content" : "file|environment";
  throw new ComposeError(`validating docker-compose.yml: ${path} one of ${kinds} must be set`);
}

function mapValues<T>(tree: Tree | undefined, path: string, read: (key: string, value: Tree) => T): Map<string, T> {
  return new Map([...toMap(tree, path)].map(([key, value]) => [key, read(key, value)]));
}

function checkReferences(project: Project): void {
  for (const service of project.services.values()) {
    for (const dependency of service.dependsOn.keys())
      if (!project.services.has(dependency) && service.dependsOn.get(dependency)?.required)
        throw new ComposeError(
          `service "${service.key}" depends on undefined service "${dependency}": invalid compose project`,
        );
    for (const network of service.networks.keys())
      if (network !== "default" && !project.networks.has(network))
        throw new ComposeError(
          `service "${service.key}" refers to undefined network ${network}: invalid compose project`,
        );
    for (const volume of service.volumes)
      if (volume.type === "volume" && volume.source !== "" && !project.volumes.has(volume.source))
        throw new ComposeError(
          `service "${service.key}" refers to undefined volume ${volume.source}: invalid compose project`,
        );
    for (const { source } of service.secrets)
      if (!project.secrets.has(source))
        throw new ComposeError(
          `service "${service.key}" refers to undefined secret ${source}: invalid compose project`,
        );
    for (const { source } of service.configs)
      if (!project.configs.has(source))
        throw new ComposeError(
          `service "${service.key}" refers to undefined config ${source}: invalid compose project`,
        );
  }
}

function checkCycles(project: Project): void {
  const state = new Map<string, "open" | "done">();
  const visit = (key: string, trail: string[]): void => {
    if (state.get(key) === "done") return;
    if (state.get(key) === "open")
      throw new ComposeError(
        `dependency cycle detected: ${[...trail.slice(trail.indexOf(key)), key].join(" -> ")}: invalid compose project`,
      );
    state.set(key, "open");
    for (const dependency of project.services.get(key)?.dependsOn.keys() ?? []) visit(dependency, [...trail, key]);
    state.set(key, "done");
  };
  for (const key of project.services.keys()) visit(key, []);
}

function checkContainerNames(project: Project): void {
  const owners = new Map<string, string>();
  for (const { key, containerName } of project.services.values()) {
    if (containerName === undefined) continue;
    const other = owners.get(containerName);
    if (other !== undefined)
      throw new ComposeError(
        `services.${key}: container name "${containerName}" is already in use by service ${other}: invalid compose project`,
      );
    owners.set(containerName, key);
  }
}

/**
 * Loads a compose file as `docker compose config` does.
 * @throws ComposeError with the reason that Compose would give.
 */
export function loadProject(input: ProjectInput): Project {
  const unset = new Set<string>();
  const tree = readTree(input.text, {
    lookup: (name) => input.variables.get(name),
    missing: (name) => unset.add(name),
  });
  const networks = mapValues(tree.get("networks"), "networks", (key, value) =>
    readNetworkDefinition(input.name, key, value),
  );
  if (!networks.has("default")) networks.set("default", { name: `${input.name}_default`, external: false });
  const services = mapValues(tree.get("services"), "services", (key, value): Service => {
    if (!isTreeMap(value)) throw new ComposeError(`services.${key} must be a mapping`);
    const { image, builds, ...service } = readService(key, value, (name) => input.variables.get(name));
    if (image === undefined && !builds)
      throw new ComposeError(
        `service "${key}" has neither an image nor a build context specified: invalid compose project`,
      );
    return { ...service, image: image ?? `${input.name}-${key}` };
  });
  const project: Project = {
    name: input.name,
    services,
    networks,
    volumes: mapValues(tree.get("volumes"), "volumes", (key, value) => readVolumeDefinition(input.name, key, value)),
    secrets: mapValues(tree.get("secrets"), "secrets", (key, value) => readFileSource("secrets", key, value, input)),
    configs: mapValues(tree.get("configs"), "configs", (key, value) => readFileSource("configs", key, value, input)),
    warnings: [...unset].map((name) => `The "${name}" variable is not set. Defaulting to a blank string.`),
  };
  checkReferences(project);
  checkCycles(project);
  checkContainerNames(project);
  return project;
}
