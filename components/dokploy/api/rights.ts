import type { Dokploy } from "./client.ts";
import { DokployError } from "./errors.ts";

/** Roles that see everything in their organization. */
const WHOLE_VIEW = ["owner", "admin"];

/**
 * Throws when the key's user sees only what is shared with it: what is not seen would be made a second time, and a project would look
 * empty that is not. A server that does not say whose the key is passes.
 */
export async function requireWholeView(dokploy: Dokploy): Promise<void> {
  const role = await roleOf(dokploy);
  if (role === undefined || WHOLE_VIEW.includes(role)) return;
  throw new DokployError(
    "permission",
    `the API key's user has the role ${role} in Dokploy, which sees only what is shared with it`,
    "use a key of an owner or admin",
  );
}

async function roleOf(dokploy: Dokploy): Promise<string | undefined> {
  try {
    return await dokploy.role();
  } catch (error) {
    const silent = error instanceof DokployError && ["unknown", "not-found", "permission"].includes(error.kind);
    if (silent) return undefined;
    throw error;
  }
}
