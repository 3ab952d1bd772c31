import { lookAtEnvironment, lookAtService } from "./dokploy.ts";
import type { LeftResource, Look, Looked } from "./left.ts";
import { lookAtSecret } from "./secret.ts";
import { nameOf, openView, type View } from "./view.ts";

/** Resources that are looked at at once: as many as the client sends requests. */
const AT_ONCE = 8;

export interface LookOptions {
  /** Where Dokploy and Vault are, and the keys to them. */
  env: NodeJS.ProcessEnv;
  /** Of the look before: until when each container was known to be the process that was left. */
  proven?: Record<string, number>;
  /** When what was left was kept, in milliseconds since the epoch. */
  keptAt: number;
  signal?: AbortSignal;
}

/**
 * Reads anew what an update left and compares it, part by part and container by container. It never says more than that something is as
 * it was left: what cannot be told, for whatever reason, is `unknown`. Rejects only for mistakes of our own.
 */
export async function look(resources: LeftResource[], options: LookOptions): Promise<Look> {
  const at = Date.now();
  const since = performance.now();
  const { env, proven = {}, signal } = options;
  const view = openView(env, proven);
  const results = resources.map((resource) => unknown(resource, "the look was ended before it came to this"));
  const left = resources.entries();
  const work = async () => {
    for (const [index, resource] of left) {
      if (signal?.aborted) return;
      const looked = await lookAt(resource, view);
      if (!signal?.aborted) results[index] = looked;
    }
  };
  await unlessAborted(Promise.all(Array.from({ length: AT_ONCE }, work)), signal);
  return { at, took: Math.round(performance.now() - since), resources: [...results], proven: { ...view.seen } };
}

async function lookAt(resource: LeftResource, view: View): Promise<Looked> {
  const server = resource.type === "secret" ? "vault" : "dokploy";
  const known = view.trouble[server];
  if (known !== undefined) return unknown(resource, known);
  try {
    switch (resource.type) {
      case "service":
        return await lookAtService(resource, view);
      case "environment":
        return await lookAtEnvironment(resource, view);
      case "secret":
        return await lookAtSecret(resource, view);
      default:
        return unknown(resource, "it was left by a newer release");
    }
  } catch (error) {
    const { why, ofServer } = view.explain(error);
    // Whoever is away, or refuses the key, is asked no more.
    if (ofServer) view.trouble[server] = why;
    return unknown(resource, why);
  }
}

function unknown(resource: LeftResource, why: string): Looked {
  return {
    type: resource.type,
    name: nameOf(resource),
    is: "unknown",
    differs: [],
    containers: [],
    starting: false,
    why,
  };
}

/** What is done, or the end of waiting for it. */
async function unlessAborted(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return void (await work);
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  work.catch(() => {});
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
