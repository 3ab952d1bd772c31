import type { Seen } from "../../../components/engine/seen.ts";
import { isAsLeft, type LeftResource, type Look } from "../../../components/look/left.ts";
import { look } from "../../../components/look/look.ts";
import { composeFile, contextTo, type Fixture, openFixture } from "../dokploy/fixture.ts";
import type { SaidService } from "../dokploy/requests/small-engine.ts";

/** What the provider told of each resource last, as the file of `DOCKMASTER_SEEN` would hold it. */
export function createTold() {
  const told = new Map<string, Seen>();
  return {
    tell: (seen: Seen) => void told.set(`${seen.type} ${"composeId" in seen ? seen.composeId : seen.id}`, seen),
    /** All that was left; undefined when nothing is known of something. */
    left: (): LeftResource[] | undefined => {
      const all = [...told.values()];
      return all.some((seen) => "forget" in seen) ? undefined : (all as LeftResource[]);
    },
    clear: () => told.clear(),
  };
}

/** An emulator with a stack on it, and looks at what its updates left. */
export async function openLookFixture(options: Parameters<typeof openFixture>[0] = {}) {
  const fixture = await openFixture(options);
  const told = createTold();
  const context = contextTo(fixture.dokploy, { tell: told.tell });
  const env = {
    DOKPLOY_URL: fixture.emulator.url,
    DOKPLOY_API_KEY: fixture.emulator.apiKey,
    PLATFORM_KEY: "platform-key",
  };
  const demand = (): LeftResource[] => {
    const left = told.left();
    if (left === undefined || left.length === 0) throw new Error("nothing was left");
    return left;
  };
  return {
    ...fixture,
    context,
    env,
    told,
    left: demand,
    up: (services: SaidService[]) => fixture.engine.up(context, { services }),
    look: (resources = demand(), proven: Record<string, number> = {}, patch: NodeJS.ProcessEnv = {}): Promise<Look> =>
      look(resources, { env: { ...env, ...patch }, keptAt: Date.now(), proven }),
  };
}

export type LookFixture = Awaited<ReturnType<typeof openLookFixture>>;

export { composeFile, type Fixture, isAsLeft };
