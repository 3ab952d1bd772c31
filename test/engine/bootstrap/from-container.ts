import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import type { SimulatedContainers } from "../../../emulator/containers/simulated.ts";

/** A program of a container, started here without one: what it was to run, with its files below a folder. */
export interface Started {
  child: ChildProcess;
  log(): string;
  /** Resolves with the exit code. */
  ended: Promise<number | null>;
  end(): Promise<void>;
}

/** A container's place here: below a folder, which an agent shares with the one that it brings secrets to. */
export interface Place {
  folder: string;
  /** Key of the container that has the secrets. */
  consumer: string;
}

/** Paths in the containers, and where they are here. */
function placesBelow({ folder, consumer }: Place): [inside: string, here: string][] {
  return [
    ["/run/secrets/vault_", join(folder, "sign-in/vault_")],
    ["/run/secrets", join(folder, "secrets", consumer)],
    ["/secrets/", join(folder, "secrets/")],
    ["/etc/dockmaster", join(folder, "etc")],
    ["/tmp/rendered", join(folder, "rendered")],
  ];
}

/** Writes what a container finds at these paths to where they are here. */
export function copyFiles(containers: SimulatedContainers, container: string, place: Place, paths: string[]): void {
  mkdirSync(join(place.folder, "secrets", place.consumer), { recursive: true });
  for (const path of paths) {
    const here = moved(path, place);
    mkdirSync(dirname(here), { recursive: true });
    writeFileSync(here, adapted(containers.readFile(container, path) ?? "", place));
  }
}

/** Starts what a container runs, with the environment that it has. */
export async function startFrom(
  containers: SimulatedContainers,
  container: string,
  { place, cwd, env }: { place: Place; cwd: string; env: Record<string, string | undefined> },
): Promise<Started> {
  const { Path, Args } = (await containers.inspect(container)) as { Path: string; Args: string[] };
  const words = [Path, ...Args].map((word) => moved(word, place));
  const own = Object.entries(containers.environmentOf(container) ?? {}).map(([key, value]) => [
    key,
    moved(value, place),
  ]);
  const [program = "", ...args] = words;
  const child = spawn(program, args, {
    cwd,
    env: { ...Object.fromEntries(own), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log += chunk));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    child,
    log: () => log,
    ended,
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await ended;
    },
  };
}

/** A folder with `bao` in it, for the agent's PATH. */
export function programFolder(folder: string, program: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(program, join(bin, "bao"));
  return bin;
}

function moved(text: string, place: Place): string {
  const places = placesBelow(place);
  // In one pass, so that what was moved is not moved again.
  return text.replaceAll(
    /\/run\/secrets\/vault_|\/run\/secrets|(?<![\w])\/secrets\/|\/etc\/dockmaster|\/tmp\/rendered/g,
    (found) => {
      return places.find(([inside]) => inside === found)?.[1] ?? found;
    },
  );
}

/** The agent's configuration for here: looks more often, and gives files away only where that is allowed. */
function adapted(text: string, place: Place): string {
  const { uid, gid } = userInfo();
  const quick = moved(text, place).replace('"30s"', '"1s"');
  return uid === 0
    ? quick
    : quick.replaceAll(/"(?:1000|0)"/g, (_id, at) => `"${quick.slice(0, at).endsWith('"user": ') ? uid : gid}"`);
}
