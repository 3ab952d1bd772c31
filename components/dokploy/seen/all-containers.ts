import type { Dokploy } from "../api/client.ts";
import { DokployError } from "../api/errors.ts";
import type { ContainerRow } from "../api/schema.ts";

/** All containers of a server, as one answer told them. */
export interface Listing {
  rows: ContainerRow[];
  /** When it was asked for and when it was there, in milliseconds since the epoch: what it says was so in between. */
  began: number;
  at: number;
}

/** How old a listing may be that serves a read beside others, in milliseconds. */
const FRESH = 2_000;

interface Shared {
  /** Reads under way. */
  reads: number;
  asked?: { listing: Promise<Listing>; began: number };
  /** The key may not ask for it, so every service is asked for by itself. */
  refused?: boolean;
}

const shared = new WeakMap<Dokploy, Shared>();

/**
 * Runs one of several reads of a server at once. They share one question for all its containers while it is fresh; whoever comes when
 * none is under way asks anew, so that nothing is told of a time before the reads began.
 */
export async function beside<T>(dokploy: Dokploy, read: () => Promise<T>): Promise<T> {
  const ours = shared.get(dokploy) ?? { reads: 0 };
  shared.set(dokploy, ours);
  ours.reads += 1;
  try {
    return await read();
  } finally {
    ours.reads -= 1;
    if (ours.reads === 0) delete ours.asked;
  }
}

/** The containers of the server; undefined where the key has no right to see them all. Only within {@link beside} is the answer shared. */
export async function listContainers(dokploy: Dokploy, now = Date.now): Promise<Listing | undefined> {
  const ours = shared.get(dokploy);
  if (ours?.refused) return undefined;
  try {
    if (ours === undefined || ours.reads === 0) return await ask(dokploy, now);
    if (ours.asked === undefined || now() - ours.asked.began > FRESH) {
      ours.asked = { listing: ask(dokploy, now), began: now() };
    }
    return await ours.asked.listing;
  } catch (error) {
    if (!(error instanceof DokployError && error.kind === "permission")) throw error;
    shared.set(dokploy, Object.assign(ours ?? { reads: 0 }, { refused: true }));
    return undefined;
  }
}

/** The containers of one project, by its label. */
export async function askForContainers(dokploy: Dokploy, appName: string): Promise<Listing> {
  const began = Date.now();
  const rows = await dokploy.containers(appName);
  return { rows, began, at: Date.now() };
}

async function ask(dokploy: Dokploy, now: () => number): Promise<Listing> {
  const began = now();
  const rows = await dokploy.allContainers();
  return { rows, began, at: now() };
}
