import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import type { RunnerAddress } from "../../cli/client.ts";
import { engineEnvironment } from "../../tools/engine-path.mjs";
import { createOrigin, type Origin } from "./origin.ts";
import { type Server, startServer } from "./process.ts";

/** All that the demo runs on: an emulated Dokploy, a runner and an origin repository, below one temporary folder. */
export interface Harness {
  folder: string;
  checkout: string;
  dokploy: { url: string; apiKey: string };
  runner: RunnerAddress;
  origin: Origin;
  /** Environment for `pulumi` beside the runner: same state, same keys, as on a laptop of the team. */
  laptop: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

const checkout = new URL("../..", import.meta.url).pathname;

/** Port that is free now, for a server that must know its own before it starts. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

/** Starts everything on loopback, with keys made for this demo only. */
export async function startHarness(folder: string, onProgress: (what: string) => void): Promise<Harness> {
  const secret = randomBytes(24).toString("hex");
  const keys = {
    PLATFORM_KEY: randomBytes(32).toString("hex"),
    PULUMI_CONFIG_PASSPHRASE: randomBytes(24).toString("hex"),
    PULUMI_BACKEND_URL: `file://${join(folder, "runner", "state")}`,
  };
  const servers: Server[] = [];
  const stop = async () => {
    for (const server of servers.splice(0).reverse()) await server.stop();
  };
  try {
    onProgress("starting the emulated Dokploy");
    const emulator = await startServer(
      ["emulator/main.ts", "--port", "0", "--data", join(folder, "dokploy"), "--json"].map((arg, i) =>
        i === 0 ? join(checkout, arg) : arg,
      ),
      {
        env: engineEnvironment(),
        logFile: join(folder, "emulator.log"),
        timeoutMs: 20_000,
        // It makes its key itself: on its command line everybody could read it.
        ready: (line) => (line.startsWith("{") ? (JSON.parse(line) as { url: string; apiKey: string }) : undefined),
      },
    );
    servers.push(emulator);
    const { url, apiKey } = emulator.value;
    const dokploy = { url, apiKey };
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: apiKey, ...keys };

    onProgress("making an origin repository from this checkout");
    const origin = createOrigin(checkout, folder);

    onProgress("starting the runner");
    const port = await freePort();
    const runner = await startServer([join(checkout, "automation", "main.mjs")], {
      env: {
        ...engineEnvironment(),
        ...access,
        PORT: String(port),
        HOST: "127.0.0.1",
        WEBHOOK_SECRET: secret,
        GIT_REPO_URL: origin.url,
        DATA_DIR: join(folder, "runner"),
      },
      logFile: join(folder, "runner.log"),
      timeoutMs: 30_000,
      ready: (line) => (line.includes(`:${port}`) ? `http://127.0.0.1:${port}` : undefined),
    });
    servers.push(runner);
    return {
      folder,
      checkout,
      dokploy,
      runner: { url: runner.value, secret },
      origin,
      laptop: { ...engineEnvironment(), ...access, PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true" },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
