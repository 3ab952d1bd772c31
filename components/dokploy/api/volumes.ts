import { ServiceError } from "../rules/service-error.ts";
import { isRecord, section } from "./sections.ts";

/** A volume that a compose file makes. */
export interface MadeVolume {
  /** In the file. */
  key: string;
  /** On the server. */
  name: string;
  /** As text, equal for equal ones. */
  definition: string;
}

/** The volumes that a compose file makes. External ones are not made by it, and a text that is no YAML mapping makes none. */
export function listVolumes(composeFile: string, appName: string): MadeVolume[] {
  return Object.entries(section(composeFile, "volumes")).flatMap(([key, value]) => {
    const { name, external, ...definition } = isRecord(value) ? value : {};
    if (external) return [];
    return [{ key, name: typeof name === "string" ? name : `${appName}_${key}`, definition: stable(definition) }];
  });
}

/** The same by real name → definition. */
export function volumesOf(composeFile: string, appName: string): Record<string, string> {
  return Object.fromEntries(listVolumes(composeFile, appName).map(({ name, definition }) => [name, definition]));
}

/**
 * Throws when a volume that may exist is defined in another way: Compose would ask whether to recreate it and lose its data,
 * nobody could answer, and Dokploy's whole queue would wait for ever.
 */
export function refuseVolumeChanges(existing: Record<string, string>, wanted: Record<string, string>): void {
  for (const [name, definition] of Object.entries(wanted)) {
    if (!Object.hasOwn(existing, name) || existing[name] === definition) continue;
    throw new ServiceError(
      "config_invalid",
      `the definition of volume ${name} changed from ${existing[name]} to ${definition}, which Compose does only by deleting its data`,
      "keep the definition, or give the volume another name and copy the data",
    );
  }
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
