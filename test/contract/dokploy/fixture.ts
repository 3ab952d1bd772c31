import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDokploy, type Dokploy } from "../../../components/dokploy/api/client.ts";
import type { Context } from "../../../components/dokploy/context.ts";
import { fingerprintKey } from "../../../components/dokploy/rules/fingerprint.ts";
import type { Timing } from "../../../components/dokploy/timing.ts";
import { createSimulatedContainers, type SimulatedContainers } from "../../../emulator/containers/simulated.ts";
import { type Clock, wallClock } from "../../../emulator/containers/simulation/run/clock.ts";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../../emulator/emulator.ts";
import { createSmallEngine } from "./requests/small-engine.ts";

export const OWNER = { project: "platform", stack: "staging", keyId: "0123456789abcdef" };

/** Short enough for tests, long enough for the emulator's own work. */
export const QUICK: Timing = {
  poll: 5,
  pollMax: 20,
  lost: 400,
  unanswered: 150,
  outage: 2_000,
  stalled: 10_000,
  grace: 50,
  settle: 10,
  settleSilent: 10,
  unseen: 100,
  removal: 200,
};

/** A compose file with one healthy container and a volume. */
export function composeFile(name: string, image = `${name}:1`): string {
  return `services:
  ${name}:
    image: ${image}
    container_name: platform-${name}
    restart: unless-stopped
    environment:
      - "PASSWORD=\${PASSWORD:-}"
      - "EXTRA=\${EXTRA:-}"
    healthcheck:
      test: ["CMD", "true"]
      interval: 1s
    volumes:
      - data:/data
volumes:
  data:
    name: platform-${name}-data
`;
}

/** What a running container was made from: image, environment, and the routes that its labels give it (`host:port`). */
export async function running(containers: SimulatedContainers, name: string) {
  const config = (await containers.inspect(name))?.Config as
    | { Image: string; Labels: Record<string, string> }
    | undefined;
  const routes = Object.entries(config?.Labels ?? {}).flatMap(([label, rule]) => {
    const [, router = "", host] = [
      ...(/routers\.(.+-web)\.rule$/.exec(label) ?? []),
      /Host\(`(.+?)`\)/.exec(rule)?.[1],
    ];
    return host ? [`${host}:${config?.Labels[`traefik.http.services.${router}.loadbalancer.server.port`]}`] : [];
  });
  return { image: config?.Image, env: containers.environmentOf(name), routes: routes.sort() };
}

/** An emulator, a connection to it with short times, and an empty state. `clock`: of its containers. */
export async function openFixture({ clock = wallClock, ...options }: EmulatorOptions & { clock?: Clock } = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), "dokploy-contract-"));
  const containers = createSimulatedContainers({ stateFile: join(dataDir, "containers.json"), clock });
  const emulator = await startEmulator({ dataDir, containers, ...options });
  const dokploy = connect(emulator);
  const engine = createSmallEngine(OWNER);
  const context = contextTo(dokploy);
  return {
    emulator,
    containers,
    dokploy,
    context,
    engine,
    /** The live record of a service. */
    live: (name: string) => dokploy.compose(engine.outputs(name).composeId),
    /** Requests by procedure that `work` makes. */
    async requests(work: () => Promise<unknown>): Promise<Record<string, number>> {
      emulator.control.resetStatistics();
      await work();
      return emulator.control.statistics().procedures;
    },
    async close() {
      await dokploy.close();
      await emulator.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export type Fixture = Awaited<ReturnType<typeof openFixture>>;

export function connect(emulator: Pick<Emulator, "url" | "apiKey">): Dokploy {
  return connectDokploy({ url: emulator.url, apiKey: emulator.apiKey, timeout: 2_000, backoff: 2 });
}

export function contextTo(dokploy: Dokploy, patch: Partial<Context> = {}): Context {
  return {
    dokploy,
    release: "v1.0.2 3f2a1c9",
    key: fingerprintKey("platform-key"),
    secrets: ["an-api-key-that-must-not-show"],
    alsoAt: [],
    allowEmpty: false,
    givenUp: new Set(),
    timing: QUICK,
    ...patch,
  };
}
