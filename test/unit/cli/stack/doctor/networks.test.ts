import { expect, it } from "vitest";
import { assessNetworks } from "../../../../../cli/stack/doctor/networks.ts";
import type { NetworkRow, NetworksToSync } from "../../../../../components/dokploy/api/schema.ts";

const bridges = (count: number, subnet = (index: number) => `172.${18 + (index % 14)}.0.0/16`) =>
  Array.from({ length: count }, (_, index) => ({
    name: `n${index}`,
    driver: "bridge",
    subnets: [subnet(index)],
  }));
const none = { importable: [], missing: [], rows: [] };

it.each<[string, Partial<NetworksToSync & { rows: NetworkRow[] }>, string, string]>([
  ["two of Docker's own on an empty server", {}, "ok", "2 of the 31"],
  ["all of them while there is room", { importable: bridges(24) }, "ok", "26 of the 31"],
  ["few places left", { importable: bridges(25) }, "warning", "27 of the 31"],
  ["no place left", { importable: bridges(29) }, "warning", "31 of the 31 that Docker's address pools hold: the next"],
  [
    "those that Dokploy knows, but not those that Docker has lost",
    {
      rows: [
        { networkId: "1", name: "a", driver: "bridge" },
        { networkId: "2", name: "b", driver: "bridge" },
      ],
      missing: [{ networkId: "2", name: "b" }],
    },
    "ok",
    "3 of the 31",
  ],
  [
    "no overlay networks",
    { importable: [{ name: "o", driver: "overlay", subnets: ["10.0.1.0/24"] }] },
    "ok",
    "2 of the 31",
  ],
  [
    "without a limit where other pools are set",
    { importable: bridges(40, (index) => `10.1.${index}.0/24`) },
    "ok",
    "42, from address pools of their own",
  ],
])("counts %s", (_name, networks, state, found) => {
  const { rows, ...sync } = { ...none, ...networks };
  const finding = assessNetworks(sync, rows);
  expect(finding).toMatchObject({ state, found: expect.stringContaining(found) });
  expect(finding.fix?.includes("default-address-pools") ?? false).toBe(state === "warning");
});
