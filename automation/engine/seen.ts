import { readFileSync, rmSync, statSync } from "node:fs";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";
import { LEFT_FORMAT, type LeftResource, leftResource } from "../../components/look/left.ts";

/** The file that the providers of a release tell what they saw. */
export const SEEN = "DOCKMASTER_SEEN";

/** Largest such file, in bytes: a platform of 800 services tells 4 MB. */
const LARGEST = 48 * 1024 ** 2;

/** Types of resources that a look can see, by what they are in it. */
const TYPES: Record<string, LeftResource["type"]> = {
  "pulumi-nodejs:dynamic/dokploy:Compose": "service",
  "pulumi-nodejs:dynamic/dokploy:Environment": "environment",
  "pulumi-nodejs:dynamic/vault:Secrets": "secret",
  // What the provider of Vault makes; the program tells how it is.
  "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId": "secret",
};

/** Types that are nowhere but in the state: no refresh reads anything for them. */
const NOWHERE = new Set(["command:local:Command"]);

/** Whether every resource of a stack was seen as it was left, and how. */
export type Seen = { resources: LeftResource[] } | { missing: string };

/** Keeps count of the resources that an engine's command leaves in the state. */
export function countResources(): { event(event: EngineEvent): void; left(): Map<string, Custom> } {
  const custom = new Map<string, Custom>();
  return {
    event: ({ resOutputsEvent }) => {
      if (!resOutputsEvent) return;
      const { op, urn, type, old, new: made } = resOutputsEvent.metadata;
      const state = made ?? old;
      if (GONE.has(op)) return void custom.delete(urn);
      if (!state?.custom || type.startsWith("pulumi:providers:") || NOWHERE.has(type)) return;
      custom.set(urn, { type, id: state.id });
    },
    left: () => custom,
  };
}

/** Operations after which a resource is not in the state any more. */
const GONE = new Set(["delete", "delete-replaced", "discard", "discard-replaced", "remove-pending-replace"]);

/** What the engine says of one resource that something outside of the state stands for. */
export interface Custom {
  type: string;
  id: string;
}

const forgotten = z.object({ format: z.number(), type: z.string(), id: z.string(), forget: z.literal(true) });
const line = z.union([forgotten, z.intersection(z.object({ format: z.number() }), leftResource)]);

/** What names a resource among those of its type, as the engine does too. */
function idOf(resource: LeftResource): string {
  return resource.type === "service" ? resource.composeId : resource.id;
}

/**
 * What the providers told, one JSON line for each time that they saw a resource as it is to be: the last about each counts. Only whole:
 * one that is missing, or in a form of another release, makes all of it worth nothing. Pure.
 */
export function judgeSeen(text: string, custom: ReadonlyMap<string, Custom>): Seen {
  const told = new Map<string, LeftResource>();
  for (const each of text.split("\n")) {
    if (each === "") continue;
    const read = line.safeParse(readJson(each));
    if (!read.success) return { missing: "a provider told what no look reads" };
    if (read.data.format !== LEFT_FORMAT) return { missing: "the release's providers tell it in another form" };
    if ("forget" in read.data) told.delete(`${read.data.type} ${read.data.id}`);
    else {
      const { format: _, ...resource } = read.data;
      told.set(`${resource.type} ${idOf(resource)}`, resource);
    }
  }
  const resources: LeftResource[] = [];
  for (const [urn, { type, id }] of custom) {
    const kind = TYPES[type];
    if (kind === undefined) return { missing: `only an engine reads ${type}` };
    const resource = told.get(`${kind} ${id}`);
    if (!resource) return { missing: `the release's provider did not tell how it left ${urn.split("::").at(-1)}` };
    resources.push(resource);
  }
  return resources.length > 0 ? { resources } : { missing: "the stack has no resource" };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads and removes the file that the providers told. */
export function readSeen(file: string, custom: ReadonlyMap<string, Custom>): Seen {
  const facts = statSync(file, { throwIfNoEntry: false });
  if (!facts?.isFile()) return { missing: "the release's providers tell nothing: it is older than the look" };
  if (facts.size > LARGEST) return { missing: "the release's providers told too much" };
  try {
    return judgeSeen(readFileSync(file, "utf8"), custom);
  } finally {
    rmSync(file, { force: true });
  }
}
