import { homedir } from "node:os";
import type { ComposeUp, Containers } from "./containers.ts";
import { runDocker } from "./engine/run-docker.ts";
import { splitCommandLine } from "./simulation/read/command-line.ts";

export interface DockerContainersOptions {
  /**
   * Environment of every `docker`. Default: `PATH` and `HOME` only, as Dokploy's `env -i`, and `DOCKER_HOST` where
   * this process needs it to find the engine.
   */
  environment?: Record<string, string>;
}

interface DockerNetwork {
  Name: string;
  Driver: string;
  IPAM?: { Config?: { Subnet?: string }[] | null };
}

function defaultEnvironment(): Record<string, string> {
  const { PATH = "", DOCKER_HOST } = process.env;
  return { PATH, HOME: homedir(), ...(DOCKER_HOST === undefined ? {} : { DOCKER_HOST }) };
}

/** Real containers: what Dokploy runs, run the same way. The network that Dokploy's installation makes is made when it is missing. */
export function createDockerContainers(options: DockerContainersOptions = {}): Containers {
  const environment = options.environment ?? defaultEnvironment();
  const closed = new AbortController();

  // A folder without a compose file in it or above: Compose then goes by labels alone, as in Dokploy's folder of a service.
  const byLabels = "/";
  const ask = async (words: readonly string[], folder = byLabels) => {
    const lines: string[] = [];
    const code = await runDocker({
      words,
      folder,
      environment,
      onLine: (line) => lines.push(line),
      signal: closed.signal,
    });
    return { ok: code === 0, lines };
  };

  const refusal = async (words: readonly string[]): Promise<string | undefined> => {
    const { ok, lines } = await ask(words);
    return ok ? undefined : lines.join("\n");
  };

  let network: Promise<unknown> | undefined;
  const ensureNetwork = async (): Promise<unknown> => {
    const { ok } = await ask(["network", "inspect", "dokploy-network"]);
    return ok || ask(["network", "create", "dokploy-network"]);
  };

  const up = async ({ folder, command, log, signal }: Omit<ComposeUp, "appName">): Promise<{ ok: boolean }> => {
    network ??= ensureNetwork();
    await network;
    for (const words of splitCommandLine(command)) {
      const either = AbortSignal.any([signal, closed.signal]);
      if ((await runDocker({ words, folder, environment, onLine: log, signal: either })) !== 0) return { ok: false };
    }
    return { ok: true };
  };

  return {
    up,
    stop: async (appName) => {
      const { ok, lines } = await ask(["compose", "-p", appName, "stop"]);
      return { ok, message: lines.join("\n") };
    },
    start: async (appName, folder) => {
      const { ok, lines } = await ask(["compose", "-p", appName, "-f", "docker-compose.yml", "up", "-d"], folder);
      return { ok, message: lines.join("\n") };
    },
    down: async (appName, _folder, volumes) => {
      await ask(["compose", "-p", appName, "down", ...(volumes ? ["--volumes"] : [])]);
    },
    list: async (appName) => {
      const format = "{{.ID}}\t{{.Names}}\t{{.State}}\t{{.Status}}";
      const { ok, lines } = await ask([
        ...["ps", "-a", "--filter", `label=com.docker.compose.project=${appName}`, "--format", format],
      ]);
      if (!ok) return [];
      return lines
        .filter((line) => line !== "")
        .map((line) => {
          const [containerId = "", name = "", state = "", status = ""] = line.split("\t");
          return { containerId, name, state, status };
        });
    },
    listAll: async () => {
      const format = "{{.ID}}\t{{.Names}}\t{{.Image}}\t{{.Ports}}\t{{.State}}\t{{.Status}}";
      const { ok, lines } = await ask(["ps", "-a", "--format", format]);
      if (!ok) return undefined;
      return lines
        .filter((line) => line !== "")
        .map((line) => {
          const [containerId = "", name = "", image = "", ports = "", state = "", status = ""] = line.split("\t");
          return { containerId, name, image, ports, state, status };
        });
    },
    inspect: async (containerId) => {
      const { ok, lines } = await ask(["inspect", "--type", "container", containerId]);
      if (!ok) return undefined;
      const [container] = JSON.parse(lines.join("\n")) as Record<string, unknown>[];
      return container;
    },
    logs: async (containerId, tail) => {
      const { ok, lines } = await ask(["logs", "-t", "--tail", String(tail), containerId]);
      if (!ok) return undefined;
      // Standard output and error come on two pipes; the time stamps bring their lines back in order.
      return lines
        .filter((line) => line !== "")
        .sort((a, b) => (a.slice(0, 30) < b.slice(0, 30) ? -1 : 1))
        .map((line) => `${line}\n`)
        .join("");
    },
    volumes: async () => {
      const { lines } = await ask(["volume", "ls", "-q"]);
      return lines.filter((line) => line !== "");
    },
    stopContainer: (containerId) => refusal(["stop", containerId]),
    removeContainer: (containerId) => refusal(["rm", "-f", containerId]),
    inspectVolume: async (name) => {
      const { ok, lines } = await ask(["volume", "inspect", name]);
      if (!ok) return undefined;
      const [volume] = JSON.parse(lines.join("\n")) as Record<string, unknown>[];
      return volume;
    },
    removeVolume: (name) => refusal(["volume", "rm", name]),
    networks: async () => {
      const { lines: ids } = await ask(["network", "ls", "-q"]);
      const { lines } = await ask(["network", "inspect", ...ids.filter((id) => id !== "")]);
      const found = JSON.parse(lines.join("\n")) as DockerNetwork[];
      return found.map(({ Name, Driver, IPAM }) => ({
        name: Name,
        driver: Driver,
        subnets: (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []),
      }));
    },
    createNetwork: async (name, driver) => {
      const { ok, lines } = await ask(["network", "create", "--driver", driver, name]);
      const taken = lines.some((line) => line.includes("already exists"));
      // As Docker's API words it, which Dokploy asks without its command line.
      const message = taken
        ? `(HTTP code 409) unexpected - network with name ${name} already exists `
        : lines.join("\n");
      return { ok, message };
    },
    removeNetwork: async (name) => {
      const { ok, lines } = await ask(["network", "rm", name]);
      const gone = lines.some((line) => /not found|no such network/i.test(line));
      return { ok: ok || gone, message: lines.join("\n") };
    },
    close: async () => closed.abort(),
  };
}
