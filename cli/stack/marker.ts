import { z } from "zod";
import { wrongUse } from "../problem.ts";
import type { Checkout } from "./checkout.ts";
import type { LiveCompose } from "./dokploy.ts";
import { ownerId } from "./owner-id.ts";
import { readProject } from "./project.ts";

/** Whose objects are ours: a copy of the platform with another key is a stranger. */
export interface Owner {
  project: string;
  stack: string;
  /** From `ownerId`. */
  key: string;
}

const marker = z.object({ project: z.string(), stack: z.string(), service: z.string(), key: z.string() });

/** What the description of an object on Dokploy says. */
export type Marker = z.output<typeof marker>;

/** This checkout and its key as an owner. Throws CliError (exit code 2) without a key. */
export function requireOwner(checkout: Checkout, stack: string, platformKey: string | undefined): Owner {
  if (!platformKey) {
    const hint = "Set it: whose services are ours can only be told by the key that the platform was made with";
    throw wrongUse("PLATFORM_KEY is not set", hint);
  }
  return { project: readProject(checkout), stack, key: ownerId(platformKey, stack) };
}

/** Whose service this is; undefined when nobody marked it. */
export function readMarker({ description }: Pick<LiveCompose, "description">): Marker | undefined {
  const text = /\{"dockmaster".*\}/s.exec(description ?? "")?.[0];
  try {
    return text === undefined ? undefined : marker.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The service that a Compose project of this owner is; undefined for those of others. */
export function ownService(compose: Pick<LiveCompose, "description">, owner: Owner): string | undefined {
  const found = readMarker(compose);
  const ours = found?.project === owner.project && found.stack === owner.stack && found.key === owner.key;
  return ours ? found.service : undefined;
}
