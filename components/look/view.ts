import { setTimeout as sleep } from "node:timers/promises";
import { showLine } from "../../text/characters.ts";
import type { Dokploy } from "../dokploy/api/client.ts";
import { DokployError } from "../dokploy/api/errors.ts";
import { found } from "../dokploy/api/found.ts";
import { maskFor } from "../dokploy/api/mask.ts";
import type { EnvironmentRecord } from "../dokploy/api/schema.ts";
import { toServiceError } from "../dokploy/failure.ts";
import { ServiceError } from "../dokploy/rules/service-error.ts";
import type { Listing } from "../dokploy/seen/all-containers.ts";
import { VaultError } from "../vault/api/errors.ts";
import { type AtVault, type Place, placeFrom, vaultFrom } from "./connections.ts";
import type { LeftResource } from "./left.ts";

/** Pause before a list without any container is asked for once more, in milliseconds: Docker may be starting. */
const PAUSE = 500;

/** All that one look asks for once, and what it found out on its way. */
export interface View {
  env: NodeJS.ProcessEnv;
  /** Throws a `ServiceError` where settings are missing. */
  place(): Place;
  /** Throws a `VaultError` where settings are missing. `refusal`: signs in again, unless that was tried: then it is thrown. */
  vault(refusal?: VaultError): AtVault;
  /** All containers of the server; undefined where that cannot be told. */
  containers(): Promise<Listing | undefined>;
  /** The environment with this id; undefined when Dokploy says that there is none. */
  environment(id: string): Promise<EnvironmentRecord | undefined>;
  proven: Readonly<Record<string, number>>;
  /** Until when each container is known to be the process that was left, by what this look saw. */
  seen: Record<string, number>;
  /** Why a server is not asked any more. */
  trouble: { dokploy?: string; vault?: string };
  /** An error in words, and whether it is about the server rather than about what was asked. Throws what is a mistake of ours. */
  explain(error: unknown): { why: string; ofServer: boolean };
}

export function openView(env: NodeJS.ProcessEnv, proven: Readonly<Record<string, number>>): View {
  const environments = new Map<string, Promise<EnvironmentRecord | undefined>>();
  let place: Place | undefined;
  let vault: AtVault | undefined;
  let renewed = false;
  let listing: Promise<Listing | undefined> | undefined;
  const at = () => {
    place ??= placeFrom(env);
    return place;
  };
  return {
    env,
    place: at,
    vault: (refusal) => {
      if (refusal && renewed) throw refusal;
      if (refusal || vault === undefined) vault = vaultFrom(env, refusal !== undefined);
      renewed ||= refusal !== undefined;
      return vault;
    },
    containers: () => {
      listing ??= listSurely(at().dokploy);
      return listing;
    },
    environment: (id) => {
      const asked = environments.get(id) ?? found(at().dokploy.environment(id));
      environments.set(id, asked);
      return asked;
    },
    proven,
    seen: {},
    trouble: {},
    explain: (error) => explain(error, place?.secrets ?? [env.DOKPLOY_API_KEY ?? "", env.PLATFORM_KEY ?? ""]),
  };
}

/**
 * All containers of a server. Dokploy answers an empty list also when its Docker does not answer: one is believed only after Docker told
 * of its volumes, of which such a server has some. Undefined where that stays open.
 */
async function listSurely(dokploy: Dokploy): Promise<Listing | undefined> {
  const first = await list(dokploy);
  if (first.rows.length > 0) return first;
  await sleep(PAUSE);
  const volumes = await dokploy.volumes().catch(() => []);
  const again = await list(dokploy);
  return again.rows.length > 0 || volumes.length > 0 ? again : undefined;
}

async function list(dokploy: Dokploy): Promise<Listing> {
  const began = Date.now();
  const rows = await dokploy.allContainers();
  return { rows, began, at: Date.now() };
}

function explain(error: unknown, secrets: string[]): { why: string; ofServer: boolean } {
  const isKnown = error instanceof DokployError || error instanceof ServiceError || error instanceof VaultError;
  if (!isKnown) throw error;
  const { code, message } = error instanceof VaultError ? error : toServiceError(error);
  const mask = maskFor(secrets.filter((secret) => secret !== ""));
  const why = showLine(mask(`${code}: ${message}`)).slice(0, 500);
  return {
    why,
    ofServer:
      error instanceof DokployError
        ? isOfServer(error)
        : !(error instanceof VaultError && error.code === "vault_missing"),
  };
}

function isOfServer({ kind, cause, elsewhere }: DokployError): boolean {
  return ["auth", "limited-key", "moved", "unsupported"].includes(kind) || elsewhere || cause !== undefined;
}

/** What people call a resource. */
export function nameOf(resource: LeftResource): string {
  if (resource.type === "environment") return "environment";
  return resource.type === "secret" ? resource.id : resource.service;
}
