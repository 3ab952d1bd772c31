import { z } from "zod";
import { DokployError } from "../../dokploy/api/errors.ts";
import type { Transport } from "../../dokploy/api/transport.ts";

/** The login that a Dokploy server needs to pull an image. */
export interface RegistryLogin {
  /** Host of the registry, e.g. `ghcr.io`; Docker Hub is `docker.io`. */
  server: string;
  username: string;
  password: string;
}

const registries = z.array(
  z.object({ registryId: z.string(), registryName: z.string(), registryUrl: z.string(), username: z.string() }),
);

/** One of the logins that Dokploy has. Their passwords are never asked for. */
export type KnownRegistry = z.infer<typeof registries>[number];

/** What to send to Dokploy: a new login, or the same one again, because its password may be another by now. */
export type RegistryStep = { procedure: "registry.create" | "registry.update"; body: Record<string, unknown> };

/** Decides how Dokploy gets to know a login. One of another user or under another name is left alone. */
export function planRegistry(known: readonly KnownRegistry[], login: RegistryLogin): RegistryStep {
  const registryName = `dockmaster ${login.server}`;
  const fields = {
    registryName,
    username: login.username,
    password: login.password,
    registryUrl: login.server,
    registryType: "cloud",
    imagePrefix: null,
  };
  const own = known.find((one) => one.registryName === registryName);
  return own
    ? { procedure: "registry.update", body: { ...fields, registryId: own.registryId } }
    : { procedure: "registry.create", body: fields };
}

/**
 * Signs the Dokploy server in at a registry: it keeps the login and runs `docker login` with it. Sent at every update, since the
 * password cannot be compared. Rejects with a `DokployError`.
 */
export async function ensureRegistry(dokploy: Transport, login: RegistryLogin): Promise<void> {
  const known = registries.safeParse(await dokploy.get("registry.all"));
  if (!known.success) {
    const hint = "check that DOKPLOY_URL is the address of a Dokploy server and that the key may manage registries";
    throw new DokployError("unknown", "registry.all answered something else than expected", hint);
  }
  const { procedure, body } = planRegistry(known.data, login);
  await dokploy.post(procedure, body, { idempotent: procedure === "registry.update" });
}

/** Host of the registry in an image's name: `ghcr.io/you/dockmaster` → `ghcr.io`, `you/dockmaster` → `docker.io`. */
export function registryOf(repository: string): string {
  const [first = "", ...rest] = repository.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}
