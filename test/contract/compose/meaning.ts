import { isDeepStrictEqual } from "node:util";
import type { ComposedService, Project } from "./reader.ts";

/** What is known of a file's rendering. */
export interface Rendering {
  /** Container → its full name. */
  containers: Readonly<Record<string, string>>;
  /** Env on the server. */
  env: Readonly<Record<string, string>>;
  /** Text of a file beside the compose file. */
  readFile(path: string): string;
}

const LOGGING = { driver: "json-file", options: { "max-file": "3", "max-size": "10m" } };

/**
 * In what the project of the rendered text means something else than the file's own, once the changes in `CHANGED` are taken back.
 * Empty when they mean the same.
 */
export function compareMeaning(own: Project, rendered: Project, rendering: Rendering): string[] {
  const found: string[] = [];
  const names = Object.keys(own.services);
  const expected = names.map((name) => rendering.containers[name] ?? name).sort();
  differ(expected, Object.keys(rendered.services).sort(), "services", found);
  for (const name of names) {
    const full = rendering.containers[name] ?? name;
    const before = meaningOf(own.services[name] ?? {}, own, rendering, rendering.containers);
    const after = withDefaultsTaken(
      before,
      meaningOf(rendered.services[full] ?? {}, rendered, rendering, {}),
      rendering,
    );
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      differ(before[key], after[key], `services.${name}.${key}`, found);
  }
  differ(Object.keys(own.volumes ?? {}).sort(), Object.keys(rendered.volumes ?? {}).sort(), "volumes", found);
  return found;
}

function differ(before: unknown, after: unknown, path: string, found: string[]): void {
  if (!isDeepStrictEqual(before, after)) found.push(`${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`);
}

type FileUse = { source: string; target?: string; [key: string]: unknown };
type Mount = { type: string; source?: string; target: string; [key: string]: unknown };

/** A container without what the platform names, and with each of its configs as a file with a text. */
function meaningOf(
  service: ComposedService,
  project: Project,
  rendering: Rendering,
  renamed: Readonly<Record<string, string>>,
): ComposedService {
  const { name: _name, container_name: _container, networks: _networks, ...rest } = service;
  const full = (key: string) => renamed[key] ?? key;
  const shared = (mode: unknown) =>
    typeof mode === "string" ? mode.replace(/^service:(.*)$/, (_all, key) => `service:${full(key)}`) : mode;
  const mounts = (service.volumes ?? []) as Mount[];
  const isFile = ({ type, source = "" }: Mount) => type === "bind" && source.startsWith(".");
  const inlined = mounts
    .filter(isFile)
    .map(({ source = "", target }) => ({ target, text: rendering.readFile(source) }));
  const configs = ((service.configs ?? []) as FileUse[]).map(({ source, target = `/${source}`, ...how }) => ({
    ...how,
    target,
    text: configText(project.configs?.[source] ?? {}, rendering),
  }));
  const secrets = ((service.secrets ?? []) as FileUse[]).map(({ source, ...how }) => ({
    ...how,
    from: project.secrets?.[source]?.environment,
    source,
  }));
  const labels = Object.entries((service.labels ?? {}) as Record<string, string>).filter(
    ([key]) => !key.startsWith("dockmaster."),
  );
  const waits = Object.entries((service.depends_on ?? {}) as Record<string, unknown>).map(([key, how]) => [
    full(key),
    how,
  ]);
  return withoutEmpty({
    ...rest,
    network_mode: shared(service.network_mode),
    pid: shared(service.pid),
    ipc: shared(service.ipc),
    environment: sameNumbers((service.environment ?? {}) as Record<string, string | null>),
    labels: sameNumbers(Object.fromEntries(labels)),
    depends_on: Object.fromEntries(waits.sort()),
    volumes: mounts.filter((mount) => !isFile(mount)),
    files: [...inlined, ...configs].sort((a, b) => (a.target < b.target ? -1 : 1)),
    secrets,
  });
}

function configText(config: Record<string, unknown>, { env, readFile }: Rendering): unknown {
  if (typeof config.file === "string") return readFile(config.file);
  return typeof config.environment === "string" ? env[config.environment] : config.content;
}

/** `1.10` and `1.1` are one number, and so are `1_000` and `1000`. */
function sameNumbers(values: Readonly<Record<string, string | null>>): Record<string, string | null> {
  const entries = Object.entries(values).map(([key, value]): [string, string | null] => {
    const plain = value?.replaceAll("_", "") ?? "";
    return [key, /^[-+]?\d+(\.\d+)?$/.test(plain) ? String(Number(plain)) : value];
  });
  return Object.fromEntries(entries);
}

function withoutEmpty(service: ComposedService): ComposedService {
  const isEmpty = (key: string, value: unknown) =>
    value === undefined ||
    (key !== "command" &&
      key !== "entrypoint" &&
      value !== null &&
      typeof value === "object" &&
      Object.keys(value).length === 0);
  const entries = Object.entries(service).filter(([key, value]) => !isEmpty(key, value) && key !== "configs");
  return Object.fromEntries(entries);
}

/** The rendered container without what the platform adds where the file says nothing. */
function withDefaultsTaken(
  before: ComposedService,
  after: ComposedService,
  { containers }: Rendering,
): ComposedService {
  const taken = { ...after };
  const siblings = Object.entries(containers).map(([key, full]) => `${full}:${key}`);
  const links = (after.external_links ?? []) as string[];
  if (before.external_links === undefined && links.every((link) => siblings.includes(link)))
    delete taken.external_links;
  if (before.logging === undefined && isDeepStrictEqual(after.logging, LOGGING)) delete taken.logging;
  if (before.restart === undefined && after.restart === "unless-stopped") delete taken.restart;
  const own = before.healthcheck as Record<string, unknown> | undefined;
  const { interval, ...check } = (after.healthcheck ?? {}) as Record<string, unknown>;
  if (own?.interval === undefined && interval === "5s") taken.healthcheck = check;
  // `healthcheck: {}` and the image's own check are one thing.
  if (own === undefined && Object.keys(check).length === 0) delete taken.healthcheck;
  return taken;
}
