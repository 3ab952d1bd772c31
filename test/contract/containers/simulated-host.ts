import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSimulatedContainers } from "../../../emulator/containers/simulated.ts";
import type { TestHost } from "./host.ts";

export function openSimulatedHost(): TestHost {
  const folder = mkdtempSync(join(tmpdir(), "simulated-"));
  const speed = 1000;
  const containers = createSimulatedContainers({ stateFile: join(folder, "host.json"), speed });
  return {
    containers,
    speed,
    managesSwarm: async () => true,
    readFile: async (container, path) => containers.readFile(container, path),
    environmentOf: async (container) => containers.environmentOf(container) ?? {},
    resolve: async (from, name) => containers.resolve(from, name).sort(),
    writeData: async (_container, volume, file, content) => containers.writeVolume(volume, file, content),
    removeLeftovers: async () => {},
    close: async () => {
      await containers.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
