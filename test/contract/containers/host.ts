import type { Containers } from "../../../emulator/containers/containers.ts";

/** A host with containers, and ways to look into them that differ between a real and a simulated one. */
export interface TestHost {
  containers: Containers;
  /** Compose's own times pass this many times as fast as the wall clock. */
  speed: number;
  /** Whether its engine manages a swarm, as the one under Dokploy always does. */
  managesSwarm(): Promise<boolean>;
  /** A file as the container sees it; undefined when there is none. */
  readFile(container: string, path: string): Promise<string | undefined>;
  environmentOf(container: string): Promise<Record<string, string>>;
  /** Names of the containers that a name leads to, sorted, looked up from inside a container. */
  resolve(fromContainer: string, hostName: string): Promise<string[]>;
  /** Puts a file into a volume that a container has mounted at `/data`. */
  writeData(container: string, volume: string, file: string, content: string): Promise<void>;
  /** Removes volumes and networks with this in their name, which Compose leaves behind. */
  removeLeftovers(id: string): Promise<void>;
  close(): Promise<void>;
}
