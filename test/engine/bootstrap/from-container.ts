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

/** Paths in the containers, and where they are here. */
export function placesBelow(folder: string): [inside: string, here: string][] {
  return [
    ["/run/secrets/vault_", join(folder, "sign-in/vault_")],
    ["/run/secrets", join(folder, "secrets/runner")],
    ["/secrets/", join(folder, "secrets/")],
    ["/etc/dockmaster", join(folder, "etc")],
    ["/tmp/rendered", join(folder, "rendered")],
  ];
}

/** Writes what a container finds at these paths to where they are here. */
export function copyFiles(containers: SimulatedContainers, container: string, folder: string, paths: string[]): void {
  for (const path of paths) {
    const here = moved(path, folder);
    mkdirSync(dirname(here), { recursive: true });
    writeFileSync(here, adapted(containers.readFile(container, path) ?? "", folder));
  }
}

/** Starts what a container runs, with the environment that it has. */
export async function startFrom(
  containers: SimulatedContainers,
  container: string,
  { folder, cwd, env }: { folder: string; cwd: string; env: Record<string, string | undefined> },
): Promise<Started> {
  const { Path, Args } = (await containers.inspect(container)) as { Path: string; Args: string[] };
  const words = [Path, ...Args].map((word) => moved(word, folder));
  const own = Object.entries(containers.environmentOf(container) ?? {}).map(([key, value]) => [
    key,
    moved(value, folder),
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

function moved(text: string, folder: string): string {
  const places = placesBelow(folder);
  // In one pass, so that what was moved is not moved again.
  return text.replaceAll(
    /\/run\/secrets\/vault_|\/run\/secrets|(?<![\w])\/secrets\/|\/etc\/dockmaster|\/tmp\/rendered/g,
    (found) => {
      return places.find(([inside]) => inside === found)?.[1] ?? found;
    },
  );
}

/** The agent's configuration for here: looks more often, and gives files away only where that is allowed. */
function adapted(text: string, folder: string): string {
  const { uid, gid } = userInfo();
  const quick = moved(text, folder).replace('"30s"', '"1s"');
  return uid === 0
    ? quick
    : quick.replaceAll('"1000"', (_id, at) => `"${quick.slice(0, at).endsWith('"user": ') ? uid : gid}"`);
}
