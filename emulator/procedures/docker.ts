import { z } from "zod";
import { bareQuery, type Call, type Procedures, query } from "../rpc/procedure.ts";

const name = z
  .string()
  .min(1)
  .regex(/^[a-zA-Z0-9.\-_]+$/, "Invalid container id.");
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
  "docker.getContainers": bareQuery(async (call) => {
    const rows = await Promise.all(call.dokploy.db.composes.all().map(({ appName }) => containersOf(call, appName)));
    return rows.flat();
  }),
  "docker.getServiceContainersByAppName": query(z.object({ appName: name, serverId }), () => []),
};

async function containersOf({ dokploy: { containers } }: Call, appName: string) {
  const rows = await containers.list(appName);
  return await Promise.all(
    rows.map(async ({ containerId, name, state, status }) => {
      const config = (await containers.inspect(containerId))?.Config as { Image?: string } | undefined;
      return { containerId, name, image: config?.Image ?? "", ports: "", state, status };
    }),
  );
}
