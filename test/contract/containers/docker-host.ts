import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createDockerContainers } from "../../../emulator/containers/docker.ts";
import type { TestHost } from "./host.ts";

const run = promisify(execFile);
const docker = async (...words: string[]): Promise<string> => (await run("docker", words)).stdout;

interface Inspected {
  /** With a slash before it. */
  Name: string;
  Config: { Env: string[] };
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
}

export function openDockerHost(): TestHost {
  const containers = createDockerContainers();
  const inspect = async (container: string) => (await containers.inspect(container)) as unknown as Inspected;
  return {
    containers,
    speed: 1,
    managesSwarm: async () => (await docker("info", "--format", "{{.Swarm.ControlAvailable}}")).trim() === "true",
    readFile: async (container, path) => docker("exec", container, "cat", path).catch(() => undefined),
    environmentOf: async (container) => {
      const { Env } = (await inspect(container)).Config;
      const pairs = Env.map((line): [string, string] => [line.split("=")[0] ?? "", line.slice(line.indexOf("=") + 1)]);
      return Object.fromEntries(pairs.filter(([key]) => key !== "PATH"));
    },
    resolve: async (from, hostName) => {
      const answer = await docker("exec", from, "nslookup", "-type=a", hostName, "127.0.0.11").catch(() => "");
      const addresses = [...answer.matchAll(/^Address: *([\d.]+)$/gm)].map(([, address]) => address);
      const names = (await docker("ps", "--format", "{{.Names}}")).trim().split("\n");
      const all = JSON.parse(await docker("inspect", ...names)) as Inspected[];
      const found = all.filter(({ NetworkSettings }) =>
        Object.values(NetworkSettings.Networks).some(({ IPAddress }) => addresses.includes(IPAddress)),
      );
      return found.map(({ Name }) => Name.slice(1)).sort();
    },
    writeData: async (container, _volume, file, content) => {
      await docker("exec", container, "sh", "-c", 'printf %s "$2" > "/data/$1"', "sh", file, content);
    },
    removeLeftovers: async (id) => {
      for (const kind of ["volume", "network"]) {
        const names = (await docker(kind, "ls", "--format", "{{.Name}}"))
          .split("\n")
          .filter((name) => name.includes(id));
        if (names.length > 0) await docker(kind, "rm", ...names);
      }
    },
    close: () => containers.close(),
  };
}
