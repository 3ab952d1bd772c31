import type { ComposeDocument, ComposeService, Names } from "./compose-document.ts";

type Rename = (name: string) => string;

/** `randomize`: every service, volume, network, config and secret of the file gets `-suffix`, and so do references. */
export function randomize(document: ComposeDocument, suffix: string): ComposeDocument {
  const rename: Rename = (name) => `${name}-${suffix}`;
  const services = renameKeys(document.services, rename);
  for (const service of Object.values(services ?? {})) renameIn(service, rename);
  return suffixVolumes(
    {
      ...document,
      ...(services && { services }),
      ...(document.networks && { networks: renameKeys(document.networks, (n) => (n === "default" ? n : rename(n))) }),
      ...(document.configs && { configs: renameKeys(document.configs, rename) }),
      ...(document.secrets && { secrets: renameKeys(document.secrets, rename) }),
    } as ComposeDocument,
    suffix,
  );
}

/** Named volumes only: paths and bind mounts stay as they are. */
export function suffixVolumes(document: ComposeDocument, suffix: string): ComposeDocument {
  const rename: Rename = (name) => `${name}-${suffix}`;
  for (const service of Object.values(document.services ?? {})) {
    service.volumes = service.volumes?.map((volume) => {
      if (typeof volume !== "string") {
        return volume.type === "volume" && volume.source ? { ...volume, source: rename(volume.source) } : volume;
      }
      const [source = "", ...rest] = volume.split(":");
      return rest.length === 0 || /^[./~$]/.test(source) ? volume : [rename(source), ...rest].join(":");
    });
    if (service.volumes === undefined) delete service.volumes;
  }
  return document.volumes ? { ...document, volumes: renameKeys(document.volumes, rename) } : document;
}

function renameIn(service: ComposeService, rename: Rename): void {
  if (service.container_name !== undefined) service.container_name = rename(service.container_name);
  if (service.depends_on !== undefined) service.depends_on = renameNames(service.depends_on, rename);
  if (service.networks !== undefined) {
    service.networks = renameNames(service.networks, (name) => (name === "default" ? name : rename(name)));
  }
  if (service.configs !== undefined) service.configs = service.configs.map((use) => renameSource(use, rename));
  if (service.secrets !== undefined) service.secrets = service.secrets.map((use) => renameSource(use, rename));
  if (service.links !== undefined) service.links = service.links.map(rename);
  if (service.volumes_from !== undefined) service.volumes_from = service.volumes_from.map(rename);
  if (typeof service.extends === "string") service.extends = rename(service.extends);
}

function renameSource(use: string | { source?: string }, rename: Rename): string | { source?: string } {
  if (typeof use === "string") return rename(use);
  return use.source === undefined ? use : { ...use, source: rename(use.source) };
}

function renameNames(names: Names, rename: Rename): Names {
  return Array.isArray(names) ? names.map(rename) : (renameKeys(names, rename) ?? {});
}

function renameKeys<T>(record: Record<string, T> | undefined, rename: Rename): Record<string, T> | undefined {
  if (record === undefined) return undefined;
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [rename(key), value]));
}
