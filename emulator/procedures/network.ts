import { z } from "zod";
import { badRequest, notFound } from "../rpc/error.ts";
import { type Call, mutation, type Procedures, query } from "../rpc/procedure.ts";
import { newId } from "../state/ids.ts";
import type { NetworkRow } from "../state/records.ts";

// As packages/server/src/services/network.ts of Dokploy v0.30.2: rows of its own beside Docker's networks, found by name.

const networkId = z.string().min(1);
const serverId = z.string().optional();
const ipam = z.object({
  driver: z.string().optional(),
  config: z
    .array(z.object({ subnet: z.string().optional(), gateway: z.string().optional(), ipRange: z.string().optional() }))
    .optional(),
});

/** Networks that Dokploy neither imports nor lists. */
const RESERVED = new Set(["bridge", "host", "none", "ingress", "docker_gwbridge", "dokploy-network"]);

export const networkProcedures: Procedures = {
  "network.all": query(z.object({ serverId }), (_input, { dokploy }) => dokploy.db.networks.all().reverse()),
  "network.one": query(z.object({ networkId }), ({ networkId }, call) => findNetwork(call, networkId)),
  "network.create": mutation(
    z.object({
      name: z.string().min(1),
      driver: z.enum(["bridge", "overlay"]).optional(),
      internal: z.boolean().optional(),
      attachable: z.boolean().optional(),
      enableIPv4: z.boolean().optional(),
      enableIPv6: z.boolean().optional(),
      mtu: z.number().int().min(68).max(65_535).nullish(),
      ipam: ipam.optional(),
      serverId: z.string().nullish(),
    }),
    async (input, call) => {
      const row: NetworkRow = {
        networkId: newId(),
        name: input.name,
        driver: input.driver ?? "bridge",
        internal: input.internal ?? false,
        attachable: input.attachable ?? false,
        enableIPv4: input.enableIPv4 ?? true,
        enableIPv6: input.enableIPv6 ?? false,
        mtu: input.mtu ?? null,
        ipam: input.ipam ?? {},
        createdAt: call.dokploy.now().toISOString(),
        organizationId: call.dokploy.server().organizationId,
        serverId: input.serverId ?? null,
      };
      // The row is rolled back when Docker refuses.
      await makeNetwork(call, row);
      return call.dokploy.db.networks.insert(row);
    },
  ),
  "network.networksToSync": query(z.object({ serverId }), async (_input, { dokploy }) => {
    const live = await dokploy.containers.networks();
    const rows = dokploy.db.networks.all();
    const known = new Set(rows.map(({ name }) => name));
    const names = new Set(live.map(({ name }) => name));
    return {
      importable: live
        .filter(({ name, driver }) => !RESERVED.has(name) && !known.has(name) && ["bridge", "overlay"].includes(driver))
        .map(({ name, driver, subnets }) => ({ name, driver, internal: false, attachable: false, subnets })),
      missing: rows.filter(({ name }) => !names.has(name)).map(({ networkId, name }) => ({ networkId, name })),
    };
  }),
  "network.recreate": mutation(z.object({ networkId }), async ({ networkId }, call) => {
    const row = findNetwork(call, networkId);
    await makeNetwork(call, row);
    return row;
  }),
  "network.remove": mutation(z.object({ networkId }), async ({ networkId }, call) => {
    const row = findNetwork(call, networkId);
    const { ok, message } = await call.dokploy.containers.removeNetwork(row.name);
    if (!ok) throw badRequest(message);
    call.dokploy.db.networks.remove(networkId);
    return row;
  }),
};

function findNetwork({ dokploy }: Call, networkId: string): NetworkRow {
  const row = dokploy.db.networks.get(networkId);
  if (row === undefined) throw notFound("Network");
  return row;
}

async function makeNetwork({ dokploy }: Call, { name, driver }: NetworkRow): Promise<void> {
  const { ok, message } = await dokploy.containers.createNetwork(name, driver);
  if (!ok) throw badRequest(message);
}
