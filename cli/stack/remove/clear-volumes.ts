import type { DokployServer } from "../dokploy.ts";
import { type VolumeOwners, volumesOfService } from "./left-volumes.ts";

/** What became of a service's volumes. */
export interface ClearedVolumes {
  removed: string[];
  /** What is still there or may be, and why, as the end of a sentence about it. */
  left: { name: string; why: string }[];
}

/** The service's volumes that are on the server, by name; `unseen` where Dokploy does not say. */
export async function findVolumes(
  dokploy: DokployServer,
  owners: VolumeOwners,
): Promise<{ there: string[]; unseen: string[]; shared: string[] }> {
  const { own, shared } = volumesOfService(owners, (await dokploy.volumes()) ?? []);
  const looks = await Promise.all(own.map(async (name) => ({ name, look: await dokploy.lookAtVolume(name) })));
  const seen = (wanted: string) => looks.filter(({ look }) => look === wanted).map(({ name }) => name);
  return { there: seen("there"), unseen: seen("unknown"), shared };
}

/** Removes volumes by name, each that Docker lets go, and looks afterwards what is left. */
export async function clearVolumes(dokploy: DokployServer, names: readonly string[]): Promise<ClearedVolumes> {
  const cleared: ClearedVolumes = { removed: [], left: [] };
  for (const name of names) {
    const refused = (await dokploy.lookAtVolume(name)) === "gone" ? undefined : await dokploy.removeVolume(name);
    const look = await dokploy.lookAtVolume(name);
    if (look === "gone") cleared.removed.push(name);
    else if (look === "there") cleared.left.push({ name, why: `is still there${refused ? `: ${refused}` : ""}` });
    else cleared.left.push({ name, why: "may still be there: this Dokploy does not tell volumes, v0.30.0 does" });
  }
  return cleared;
}
