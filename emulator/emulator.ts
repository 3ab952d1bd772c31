import { mkdtempSync, rmSync } from "node:fs";
// biome-ignore lint/plugin: the type of a server, which sends nothing by itself.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { type Control, createControl } from "./control/control.ts";
import { controlRoutes } from "./control/routes.ts";
import { openQueue } from "./deploy/queue.ts";
import { runDeployment } from "./deploy/run-deployment.ts";
import type { Dokploy } from "./dokploy.ts";
import { createFaults } from "./faults/faults.ts";
import { requestFaults } from "./faults/request-faults.ts";
import { guardOwnPages } from "./http/guard.ts";
import { securityHeaders } from "./http/headers.ts";
import { restRoutes } from "./http/rest.ts";
import { createSilence } from "./http/silence.ts";
import { countRequests, type Statistics } from "./http/statistics.ts";
import { trpcRoutes } from "./http/trpc.ts";
import { pageRoutes } from "./page/routes.ts";
import { procedures } from "./procedures/all.ts";
import type { ScriptableContainers } from "./scriptable.ts";
import { cancelInterrupted, seed } from "./seed.ts";
import { openDatabase } from "./state/database.ts";
import { openFolders } from "./state/folders.ts";
import { newApiKey } from "./state/ids.ts";
import { openKeys } from "./state/keys.ts";

export interface EmulatorOptions {
  /** Default 0: a free port. */
  port?: number;
  /** Default `127.0.0.1`. */
  host?: string;
  /** Where the database and the files of the services are kept. Default: a temporary folder that `close` removes. */
  dataDir?: string;
  /** A key without a limit that works from the start. Default: a new one. */
  apiKey?: string;
  /** Default: simulated containers whose state is in the data folder. */
  containers?: ScriptableContainers;
  /** Default: the wall clock. */
  now?: () => Date;
  /** Milliseconds from the start in which connections are taken and nothing is answered, see `Restart`. Default 0. */
  silentMs?: number;
}

export interface Emulator {
  /** `http://127.0.0.1:4400`, without a slash at the end. */
  url: string;
  apiKey: string;
  dataDir: string;
  control: Control;
  close(): Promise<void>;
}

/** Starts a Dokploy v0.30.2 in this process. Rejects when the port is taken. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { host = "127.0.0.1", apiKey = newApiKey(), now = () => new Date() } = options;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "dokploy-emulator-"));
  const folders = openFolders(dataDir);
  const db = openDatabase(join(dataDir, "dokploy.db"));
  const containers = options.containers ?? (await simulatedContainers(dataDir));
  const { server, owner } = seed(db, now());
  cancelInterrupted(db);
  const keys = openKeys(db, now);
  if (keys.verify(apiKey) === undefined) {
    keys.create(owner, { name: "emulator", organizationId: server.organizationId, rateLimitEnabled: false }, apiKey);
  }

  const settings = () => db.servers.get(server.organizationId) ?? server;
  const queue = openQueue({
    concurrency: () => settings().buildsConcurrency,
    now,
    run: (job, signals) => runDeployment(dokploy, job, signals),
  });
  const dokploy: Dokploy = { db, containers, queue, folders, keys, faults: createFaults(), server: settings, now };

  const statistics: Statistics = { requests: 0, procedures: {} };
  const closed = new AbortController();
  const silence = createSilence(closed.signal);
  const control = createControl({
    dokploy,
    containers,
    statistics,
    silence,
    closed: closed.signal,
    stopListening: () => stopListening(http),
    listen: () => listen(http, port, host),
  });
  const app = new Hono();
  app.use(securityHeaders);
  app.use("/api/*", silence.handler, countRequests(statistics), requestFaults(dokploy.faults));
  app.get("/api/health", (c) => c.json({ ok: true }));
  app.route("/", pushDeployRoutes(dokploy));
  app.route("/", trpcRoutes(dokploy, procedures));
  app.route("/", restRoutes(dokploy, procedures));
  app.use("*", guardOwnPages(host, keys));
  app.route("/", controlRoutes(control));
  app.route("/", pageRoutes(dokploy, procedures, owner));

  const http = createAdaptorServer({ fetch: app.fetch }) as Server;
  void silence.begin(options.silentMs ?? 0);
  await listen(http, options.port ?? 0, host);
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    apiKey,
    dataDir,
    control,
    async close() {
      closed.abort();
      queue.lose();
      await stopListening(http);
      await containers.close();
      db.close();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function simulatedContainers(dataDir: string): Promise<ScriptableContainers> {
  const { createSimulatedContainers } = await import("./containers/simulated.ts");
  return createSimulatedContainers({ stateFile: join(dataDir, "containers.json") });
}

function stopListening(http: Server): Promise<void> {
  return new Promise((resolve) => {
    http.close(() => resolve());
    http.closeAllConnections();
  });
}

function listen(http: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, host, () => {
      http.off("error", reject);
      resolve();
    });
  });
}

/** The deploy hook of a raw service: no key, the token in the path is enough. "Deployed" means queued. */
function pushDeployRoutes({ db, queue }: Dokploy): Hono {
  const app = new Hono();
  app.on(["GET", "POST"], "/api/deploy/compose/:token", (c) => {
    const compose = db.composes.all().find(({ refreshToken }) => refreshToken === c.req.param("token"));
    if (compose === undefined) return c.json({ message: "Compose Not Found" }, 404);
    if (!compose.autoDeploy) {
      return c.json({ message: "Automatic deployments are disabled for this compose" }, 400);
    }
    queue.add({ composeId: compose.composeId, title: "NEW CHANGES", description: "Hash: ", type: "deploy" });
    return c.json({ message: "Compose deployed successfully" });
  });
  return app;
}
