import type { Dokploy } from "../../../components/dokploy/api/client.ts";
import { DokployError } from "../../../components/dokploy/api/errors.ts";
import { type VolumeOwners, volumesOfService } from "../../../components/platform/names/volumes-of-service.ts";

/** What became of a service's volumes. */
export interface ClearedVolumes {
  removed: string[];
  /** What is still there or may be, and why, as the end of a sentence about it. */
  left: { name: string; why: string }[];
}

/** What clearing volumes needs of a Dokploy. */
type Volumes = Pick<Dokploy, "volumes" | "hasVolume" | "removeVolume">;

/** The service's volumes that are on the server, by name; `unseen` where Dokploy does not say. */
export async function findVolumes(
  dokploy: Volumes,
  owners: VolumeOwners,
): Promise<{ there: string[]; unseen: string[]; shared: string[] }> {
  const { own, shared } = volumesOfService(owners, (await told(dokploy.volumes())) ?? []);
  const looks = await Promise.all(own.map(async (name) => ({ name, there: await told(dokploy.hasVolume(name)) })));
  const seen = (wanted: boolean | undefined) => looks.filter(({ there }) => there === wanted).map(({ name }) => name);
  return { there: seen(true), unseen: seen(undefined), shared };
}

/** Removes volumes by name, each that Docker lets go, and looks afterwards what is left. */
export async function clearVolumes(dokploy: Volumes, names: readonly string[]): Promise<ClearedVolumes> {
  const cleared: ClearedVolumes = { removed: [], left: [] };
  for (const name of names) {
    const refused = (await told(dokploy.hasVolume(name))) === false ? undefined : await remove(dokploy, name);
    const there = await told(dokploy.hasVolume(name));
    if (there === false) cleared.removed.push(name);
    else if (there) cleared.left.push({ name, why: `is still there${refused ? `: ${refused}` : ""}` });
    else cleared.left.push({ name, why: "may still be there: this Dokploy does not tell volumes, v0.30.0 does" });
  }
  return cleared;
}

/** Why it does not go. */
async function remove(dokploy: Volumes, name: string): Promise<string | undefined> {
  try {
    await dokploy.removeVolume(name);
    return undefined;
  } catch (error) {
    if (!answered(error)) throw error;
    return error.kind === "unknown" ? "this Dokploy cannot remove volumes: v0.30.0 can" : error.message;
  }
}

/** Undefined where Dokploy does not tell: before v0.30.0, or without the right. */
async function told<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!answered(error)) throw error;
    return undefined;
  }
}

/** Whether Dokploy said no; else nobody answered. */
function answered(error: unknown): error is DokployError {
  return error instanceof DokployError && error.cause === undefined;
}
