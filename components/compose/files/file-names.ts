import { takenPorts } from "../house/fixed-ports.ts";
import type { ComposeFile, ComposeService } from "../model.ts";
import type { Path, Problem } from "../problem.ts";
import type { LookUp } from "../variables.ts";

/** Where a name is written, or what it is made of. */
export type NamePlace = Pick<Problem, "file" | "line" | "column">;

/** A name that a compose file makes outside of its own project. */
export interface FileName {
  kind: "container" | "host name" | "volume" | "network" | "port of the host";
  name: string;
  /** Of a host name: the network that it is heard on. */
  network?: string;
  /** What of the file is named so, e.g. "container `db`". */
  what: string;
  place: NamePlace;
}

/**
 * Every name outside of its own project that a finished compose file makes: of containers, volumes and networks, the host names that
 * other projects hear, and the ports that it takes of the host. What is `external` is made elsewhere and shared on purpose.
 *
 * `keyOf` is the key that the file's author gave a container; `locate` finds where that stands; `lookUp` is the value of a variable.
 */
export function namesInFile(
  compose: ComposeFile,
  keyOf: (service: string) => string,
  locate: (path: Path) => NamePlace,
  lookUp: LookUp,
): FileName[] {
  const networks = Object.entries(compose.networks ?? {});
  const shared = new Map(networks.flatMap(([key, network]) => (network?.name ? [[key, network.name]] : [])));
  return [
    ...Object.entries(compose.services).flatMap(([service, definition]) => {
      const key = keyOf(service);
      const made = { what: `container \`${key}\``, place: locate(["services", key]) };
      const { container_name: name = service, hostname } = definition;
      const heard = networksOf(definition).flatMap(({ key: network, aliases }) => {
        const full = shared.get(network);
        if (full === undefined) return [];
        const names = new Set([service, name, ...(hostname === undefined ? [] : [String(hostname)]), ...aliases]);
        return [...names].map((each): FileName => ({ kind: "host name", name: each, network: full, ...made }));
      });
      // Of several containers each has a number at its end, but all answer to the service's key.
      const ports = takenPorts(definition, lookUp).map(
        (port): FileName => ({ kind: "port of the host", name: port, ...made }),
      );
      return [{ kind: "container" as const, name, ...made }, ...heard, ...ports];
    }),
    ...Object.entries(compose.volumes ?? {}).flatMap(([key, volume]): FileName[] =>
      volume?.name === undefined || volume.external
        ? []
        : [{ kind: "volume", name: volume.name, what: `volume \`${key}\``, place: locate(["volumes", key]) }],
    ),
    ...networks.flatMap(([key, network]): FileName[] =>
      network?.name === undefined || network.external
        ? []
        : [{ kind: "network", name: network.name, what: `network \`${key}\``, place: locate(["networks", key]) }],
    ),
  ];
}

/** The networks that a container joins, by key, and its further names there. */
function networksOf({ networks, network_mode }: ComposeService): { key: string; aliases: string[] }[] {
  if (network_mode !== undefined) return [];
  if (networks === undefined) return [{ key: "default", aliases: [] }];
  if (Array.isArray(networks)) return networks.map((key) => ({ key, aliases: [] }));
  return Object.entries(networks).map(([key, how]) => {
    const { aliases = [] } = (how ?? {}) as { aliases?: unknown[] };
    return { key, aliases: aliases.map(String) };
  });
}
