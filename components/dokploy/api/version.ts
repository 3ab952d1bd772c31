import { DokployError } from "./errors.ts";

export type ServerVersion = readonly [major: number, minor: number, patch: number];

/** The oldest server with everything that is needed: environments, `deployment.readLogs`, `deployment.queueList`. */
const OLDEST: ServerVersion = [0, 29, 6];

/** From here on Dokploy writes env values escaped, so that Compose reads back what was meant. */
const ESCAPES: ServerVersion = [0, 30, 0];

/** From here on Dokploy makes networks and lists them. */
const NETWORKS: ServerVersion = [0, 30, 0];

/** Reads `"v0.30.2"`; undefined for builds without a number (canary), which count as newest. */
export function parseVersion(answer: unknown): ServerVersion | undefined {
  const found = /(\d+)\.(\d+)\.(\d+)/.exec(String(answer));
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : undefined;
}

/** Throws when the server is older than what is supported. */
export function requireSupported(version: ServerVersion | undefined): void {
  if (!older(version, OLDEST)) return;
  const hint = `update Dokploy to v${OLDEST.join(".")} or newer`;
  throw new DokployError("unsupported", `Dokploy v${version?.join(".")} is too old`, hint);
}

/** Whether this server writes env values escaped. */
export function escapesEnv(version: ServerVersion | undefined): boolean {
  return !older(version, ESCAPES);
}

/** Whether this server makes networks. */
export function makesNetworks(version: ServerVersion | undefined): boolean {
  return !older(version, NETWORKS);
}

function older(version: ServerVersion | undefined, than: ServerVersion): boolean {
  if (version === undefined) return false;
  for (const [place, wanted] of than.entries()) {
    const difference = (version[place] ?? 0) - wanted;
    if (difference !== 0) return difference < 0;
  }
  return false;
}
