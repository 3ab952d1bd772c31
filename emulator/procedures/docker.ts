import { z } from "zod";
import { mutation, type Procedures, query } from "../rpc/procedure.ts";

const name = z
  .string()
  .min(1)
  .regex(/^[a-zA-Z0-9.\-_]+$/, "Invalid container id.");
const volumeName = z
  .string()
  .min(1)
  .regex(/^[a-zA-Z0-9.\-_]+$/, "Invalid volume name.");
const serverId = z.string().optional();

export const dockerProcedures: Procedures = {
  "docker.getContainersByAppNameMatch": query(
    z.object({ appType: z.enum(["stack", "docker-compose"]).optional(), appName: name, serverId }),
    ({ appName }, call) => call.dokploy.containers.list(appName),
  ),
  "docker.getConfig": query(z.object({ containerId: name, serverId }), ({ containerId }, call) =>
    // Dokploy swallows what docker says about an unknown container: the answer is empty.
    call.dokploy.containers.inspect(containerId),
  ),
  // Dokploy's own are left out, and with them whatever is called like them (packages/server/src/services/docker.ts, getContainers).
  "docker.getContainers": query(z.object({ serverId }), async (_input, call) =>
    ((await call.dokploy.containers.listAll()) ?? []).filter(
      (row) => !row.name.includes("dokploy") || row.name.includes("dokploy-monitoring"),
    ),
  ),
  "docker.stopContainer": mutation(z.object({ containerId: name, serverId }), async ({ containerId }, call) =>
    refuse(await call.dokploy.containers.stopContainer(containerId)),
  ),
  "docker.removeContainer": mutation(z.object({ containerId: name, serverId }), async ({ containerId }, call) =>
    refuse(await call.dokploy.containers.removeContainer(containerId)),
  ),
  "dockerVolume.getVolumes": query(z.object({ serverId }), async (_input, call) => {
    const { containers } = call.dokploy;
    const all = await Promise.all((await containers.volumes()).map((volume) => containers.inspectVolume(volume)));
    return all.flatMap((volume) => (volume ? [toListed(volume)] : []));
  }),
  "dockerVolume.getVolumeConfig": query(z.object({ volumeName, serverId }), async (input, call) => {
    const volume = await call.dokploy.containers.inspectVolume(input.volumeName);
    return volume ?? refuse(`Error response from daemon: get ${input.volumeName}: no such volume`);
  }),
  "dockerVolume.removeVolume": mutation(z.object({ volumeName, serverId }), async (input, call) =>
    refuse(await call.dokploy.containers.removeVolume(input.volumeName)),
  ),
  "docker.getServiceContainersByAppName": query(z.object({ appName: name, serverId }), () => []),
};

/** What docker refused is an error of the server, in docker's words. */
function refuse(said: string | undefined): void {
  if (said !== undefined) throw new Error(said);
}

/** A row of `docker volume ls --format json`. */
function toListed({ Name, Driver, Mountpoint, Labels }: Record<string, unknown>) {
  const labels = Object.entries((Labels ?? {}) as Record<string, string>).map(([key, value]) => `${key}=${value}`);
  const none = { Availability: "N/A", Group: "N/A", Links: "N/A", Size: "N/A", Status: "N/A" };
  return { ...none, Driver, Labels: labels.join(","), Mountpoint, Name, Scope: "local" };
}
