import { z } from "zod";
import { DOKPLOY_VERSION } from "../dokploy.ts";
import { RpcError } from "../rpc/error.ts";
import { bareMutation, bareQuery, mutation, type Procedures } from "../rpc/procedure.ts";
import { isOutsider } from "./access.ts";

export const settingsProcedures: Procedures = {
  "settings.getDokployVersion": bareQuery(() => DOKPLOY_VERSION),
  "settings.getReleaseTag": bareQuery(() => "latest"),
  "settings.isCloud": bareQuery(() => false),
  "settings.health": { ...bareQuery(() => ({ status: "ok" })), open: true },
  "settings.getWebServerSettings": bareQuery(({ dokploy }) => webServerSettings(dokploy.server())),
  "settings.updateBuildsConcurrency": mutation(
    z.object({ buildsConcurrency: z.number().int().min(1).max(100) }),
    ({ buildsConcurrency }, { dokploy: { db, server, queue } }) => {
      db.servers.update(server().organizationId, { buildsConcurrency });
      queue.pump();
      return true;
    },
  ),
  "settings.updateDockerCleanup": mutation(
    z.object({ enableDockerCleanup: z.boolean(), serverId: z.string().optional() }),
    ({ enableDockerCleanup }, { dokploy: { db, server } }) => {
      db.servers.update(server().organizationId, { enableDockerCleanup });
      return true;
    },
  ),
  "settings.cleanAllDeploymentQueue": bareMutation(({ dokploy }) => {
    dokploy.queue.clean();
    return true;
  }),
  "server.all": bareQuery((call) => {
    if (isOutsider(call)) throw new RpcError("UNAUTHORIZED", 'unauthorized to access resource "server"');
    return [];
  }),
  "server.count": bareQuery(() => 0),
  "tag.all": bareQuery(() => []),
};

function webServerSettings(server: { buildsConcurrency: number; enableDockerCleanup: boolean; createdAt: string }) {
  return {
    serverIp: null,
    certificateType: "none",
    https: false,
    host: null,
    letsEncryptEmail: null,
    sshPrivateKey: null,
    enableDockerCleanup: server.enableDockerCleanup,
    remoteServersOnly: false,
    buildsConcurrency: server.buildsConcurrency,
    createdAt: server.createdAt,
  };
}
