import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../../tools/engine-path.mjs";
import { findPostgres, startPostgres } from "../contract/store/postgres-server.ts";

/** A place for state as teams have them. */
export interface Backend {
  /** For the engine. */
  env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

const bin = findPostgres();
const minio = findMinio();

/** Every kind, and how those can be had that are not here. `missing`: its tests are skipped, which CI does not allow. */
export const BACKENDS: { kind: string; found: boolean; missing: boolean; open(folder: string): Promise<Backend> }[] = [
  {
    kind: "a folder",
    found: true,
    missing: false,
    open: async (folder) => ({ env: { PULUMI_BACKEND_URL: `file://${folder}` }, close: async () => {} }),
  },
  {
    kind: bin ? "PostgreSQL" : "PostgreSQL (install package postgresql)",
    found: bin !== undefined,
    missing: bin === undefined && process.env.REQUIRE_POSTGRES !== "1",
    open: openPostgres,
  },
  {
    kind: minio ? "S3" : "S3 (run node test/tools/docker/images.mjs: it builds MinIO)",
    found: minio !== undefined,
    missing: minio === undefined && process.env.REQUIRE_DOCKER !== "1",
    open: openMinio,
  },
];

async function openPostgres(): Promise<Backend> {
  const server = await startPostgres(bin ?? "");
  const { username, hostname, pathname } = new URL(await server.createDatabase());
  // The engine's driver wants a socket's folder as an option.
  const url = `postgres://${username}@${pathname}?host=${decodeURIComponent(hostname)}&sslmode=disable`;
  return { env: { PULUMI_BACKEND_URL: url }, close: () => server.stop() };
}

/** The program that the image of MinIO is made of. */
function findMinio(): string | undefined {
  if (!existsSync(cacheFolder())) return undefined;
  const folders = readdirSync(cacheFolder()).filter((name) => /^minio-[0-9a-f]{16}$/.test(name));
  return folders.map((name) => join(cacheFolder(), name, "minio")).find((file) => existsSync(file));
}

async function openMinio(): Promise<Backend> {
  const folder = mkdtempSync(join(tmpdir(), "dockmaster-minio-"));
  // A folder is a bucket.
  mkdirSync(join(folder, "state"));
  const [port, keys] = [await freePort(), { id: "state", secret: "state-of-the-tests" }];
  const server = spawn(minio ?? "minio", ["server", "--quiet", "--address", `127.0.0.1:${port}`, folder], {
    env: { MINIO_ROOT_USER: keys.id, MINIO_ROOT_PASSWORD: keys.secret, HOME: folder },
    stdio: "ignore",
  });
  const health = `http://127.0.0.1:${port}/minio/health/live`;
  for (const deadline = Date.now() + 20_000; ; ) {
    if ((await fetch(health).catch(() => undefined))?.ok) break;
    if (Date.now() > deadline) throw new Error("MinIO did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const options = `endpoint=127.0.0.1:${port}&region=us-east-1&disableSSL=true&s3ForcePathStyle=true`;
  return {
    env: {
      PULUMI_BACKEND_URL: `s3://state?${options}`,
      AWS_ACCESS_KEY_ID: keys.id,
      AWS_SECRET_ACCESS_KEY: keys.secret,
    },
    async close() {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
