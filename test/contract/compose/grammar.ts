// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like that
import spec from "../../../components/compose/spec/compose-spec.json" with { type: "json" };
import { emit, isMap, Raw, type Tree, type TreeMap } from "./emit.ts";
import { Random } from "./random.ts";
import { ODD_TEXTS, ODDITIES, POOLS, TEXTS } from "./values.ts";

interface Schema {
  $ref?: string;
  type?: string | string[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  enum?: Tree[];
}

/** How a file is made. `faults`: how often something is wrong. `keys`: which keys a container may have, all when it is absent. */
export interface Manner {
  faults: number;
  /** Whether the platform's own rules are held to as well. Default false. */
  tame?: boolean;
  keys?: ReadonlySet<string>;
}

/** A random compose file over the whole specification: every key of its schema, in every form, with good values and bad ones. */
export function randomFile(seed: number, manner: Manner): string {
  const random = new Random(seed);
  return emit(shareParts(new Grammar(random, manner).file(), random), random);
}

const ROOT = spec as unknown as Schema & { definitions: Record<string, Schema> };

function resolve(schema: Schema): Schema {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : resolve({ ...ROOT.definitions[name], ...schema, $ref: undefined } as Schema);
}

class Grammar {
  readonly #random: Random;
  readonly #manner: Manner;

  constructor(random: Random, manner: Manner) {
    this.#random = random;
    this.#manner = manner;
  }

  file(): TreeMap {
    const random = this.#random;
    const names = random.chance(0.6) ? ["web", "db"] : ["web", "db", "job"];
    const file: TreeMap = { services: Object.fromEntries(names.map((name) => [name, this.service(name)])) };
    if (this.#manner.tame) return this.#tame(file);
    file.volumes = { data: this.#volume(), more: this.#volume() };
    file.secrets = { one: { environment: "S1" }, two: this.#part("secret", "secrets.two", { environment: "S2" }) };
    file.configs = { one: this.#part("config", "configs.one", { content: "x" }), two: { content: "y\nz\n" } };
    if (random.chance(0.1))
      file.networks = { default: this.value({ $ref: "#/definitions/network" }, "networks.default") };
    if (random.chance(0.05)) file.name = "project";
    if (random.chance(0.05)) file.version = "3.8";
    if (random.chance(0.1)) file["x-more"] = this.value({ type: "object", additionalProperties: {} }, "x-more");
    if (this.#wrong())
      file[random.pick(["service", "include", "networks", "models", "x-y"])] = random.pick([null, {}, [], "a"]);
    return file;
  }

  service(name: string): TreeMap {
    const random = this.#random;
    const service: TreeMap = { image: this.#pooled(`services.${name}.image`) ?? "x:1" };
    const { properties = {} } = resolve({ $ref: "#/definitions/service" });
    const keys = Object.keys(properties).filter((key) => this.#manner.keys?.has(key) ?? true);
    for (let left = random.below(7); left > 0; left--) {
      const key = random.pick(keys);
      if (key === "depends_on" && name === "db") continue;
      const schema = properties[key];
      if (schema && key !== "image") service[key] = this.value(schema, `services.${name}.${key}`);
    }
    const check: TreeMap = { test: random.pick<Tree>(["x", ["CMD", "x"]]) };
    if (random.chance(0.8) || this.#manner.tame) service.healthcheck ??= check;
    if (this.#wrong()) service[random.pick(["restrat", "x-own", "enviroment"])] = random.pick<Tree>([1, "a", {}]);
    if (this.#wrong()) delete service.image;
    return service;
  }

  /** What the containers use is there, and what is there is used. */
  #tame(file: TreeMap): TreeMap {
    const random = this.#random;
    const { db } = file.services as { db: TreeMap };
    db.volumes = [...([db.volumes ?? []].flat() as Tree[]), "data:/use1", "more:/use2"];
    db.secrets = ["one", { source: "two", target: random.pick(["/run/secrets/x", "y"]) }];
    db.configs = [random.pick<Tree>(["one", { source: "one", target: "/t" }]), "two"];
    delete db.read_only;
    const volume = () => random.pick<Tree>([null, {}, { driver: "local" }, { name: "own${SUFFIX:-}" }]);
    file.volumes = { data: volume(), more: volume() };
    file.secrets = { one: { environment: "S1" }, two: { environment: "S2" } };
    file.configs = { one: { content: random.pick(["x", "${A} $$b $(c)", "a\nb\n"]) }, two: { file: "./a" } };
    return file;
  }

  #volume(): Tree {
    const random = this.#random;
    if (random.chance(0.7)) return random.pick<Tree>([null, {}, { driver: "local" }]);
    return this.value({ $ref: "#/definitions/volume" }, "volumes.data");
  }

  #part(definition: string, path: string, usual: TreeMap): Tree {
    return this.#random.chance(0.8) ? usual : this.value({ $ref: `#/definitions/${definition}` }, path);
  }

  /** Whether something is to be wrong here. */
  #wrong(): boolean {
    return this.#random.chance(this.#manner.faults);
  }

  #pooled(path: string): Tree | undefined {
    const pool = POOLS.find(({ at }) => at.test(path));
    if (!pool) return undefined;
    if (this.#wrong() && pool.bad.length > 0) return this.#random.pick(pool.bad);
    return this.#random.pick((this.#manner.tame ? pool.tame : undefined) ?? pool.good);
  }

  value(given: Schema, path: string): Tree {
    const random = this.#random;
    if (random.chance(this.#manner.faults / 4)) return random.pick(ODDITIES);
    const schema = resolve(given);
    const pooled = this.#fromPool(schema, path);
    if (pooled !== undefined) return pooled;
    if (schema.oneOf) return this.value(random.pick(schema.oneOf), path);
    if (schema.enum) return this.#wrong() ? "another" : random.pick(schema.enum);
    switch (random.pick([schema.type ?? "string"].flat())) {
      case "object":
        return this.#map(schema, path);
      case "array":
        return Array.from({ length: random.below(4) }, (_, index) =>
          this.value(schema.items ?? {}, `${path}.${index}`),
        );
      case "boolean":
        return random.chance(0.5);
      case "null":
        return null;
      case "integer":
        return random.below(20);
      case "number":
        return random.chance(0.8) ? random.below(20) : 1.5;
      default:
        return this.#wrong() ? random.pick(ODD_TEXTS) : random.pick(TEXTS);
    }
  }

  /** Lists and maps are made from the schema, so that the pool's whole values stand beside them and not for them. */
  #fromPool(schema: Schema, path: string): Tree | undefined {
    const isDeep = (part: Schema): boolean => {
      const below = resolve(part);
      return below.oneOf
        ? below.oneOf.some(isDeep)
        : [below.type ?? []].flat().some((type) => type === "object" || type === "array");
    };
    return isDeep(schema) && this.#random.chance(0.4) ? undefined : this.#pooled(path);
  }

  #map(schema: Schema, path: string): TreeMap {
    const random = this.#random;
    const map: TreeMap = {};
    const known = Object.entries(schema.properties ?? {});
    for (const [key, below] of known) {
      const wanted = schema.required?.includes(key) ? 1 - this.#manner.faults : Math.min(0.5, 2.5 / known.length);
      if (random.chance(wanted)) map[key] = this.value(below, `${path}.${key}`);
    }
    const open = Object.entries(schema.patternProperties ?? {}).find(([pattern]) => pattern !== "^x-")?.[1];
    const free = open ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
    if (free) {
      const names = path.endsWith("depends_on") ? ["db"] : ["A", "b", "c.d", "default", "nofile"];
      for (let left = random.below(3); left > 0; left--) {
        const key = this.#wrong() ? random.pick(["nobody", "1", "a b", "${A}", ""]) : random.pick(names);
        map[key] = this.value(free, `${path}.${key}`);
      }
    }
    if (schema.additionalProperties === false && this.#wrong()) map[random.pick(["other", "x-other"])] = "a";
    return map;
  }
}

/** Now and then a map stands as an anchor at the top, and where it was as an alias or a merge: of one map, or of several. */
function shareParts(file: TreeMap, random: Random): TreeMap {
  if (!random.chance(0.3)) return file;
  const services = file.services as TreeMap;
  const shared: Record<string, Tree> = {};
  for (const [name, service] of Object.entries(services)) {
    if (!isMap(service) || !random.chance(0.5)) continue;
    const keys = Object.keys(service);
    const parts = [0, 1].map((part) => keys.filter((_, index) => index % 3 === part));
    const anchors = parts.map((moved) => {
      const anchor = `s${Object.keys(shared).length}`;
      shared[`x-${anchor}`] = { "<anchor>": anchor, ...pickKeys(service, moved) };
      return anchor;
    });
    const kept = keys.filter((_, index) => index % 3 === 2);
    if (random.chance(0.5)) {
      services[name] = {
        ...pickKeys(service, kept),
        "<<": new Raw(`[${anchors.map((anchor) => `*${anchor}`).join(", ")}]`),
      };
    } else services[name] = { "<<": new Raw(`*${anchors[0]}`), ...pickKeys(service, [...kept, ...(parts[1] ?? [])]) };
  }
  const anchors = Object.entries(shared).map(([key, value]): [string, Tree] => {
    const { "<anchor>": anchor, ...rest } = value as TreeMap;
    return [key, new Raw(`&${String(anchor)} ${emitFlow(rest, random)}`)];
  });
  return { ...Object.fromEntries(anchors), ...file };
}

function pickKeys(map: TreeMap, keys: readonly string[]): TreeMap {
  return Object.fromEntries(keys.map((key) => [key, map[key] as Tree]));
}

function emitFlow(map: TreeMap, random: Random): string {
  return emit({ a: [map] }, random)
    .replace(/^a: \[/, "")
    .replace(/\]\n$/, "");
}
