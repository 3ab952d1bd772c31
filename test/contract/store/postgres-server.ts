import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";

const DEBIAN_ROOT = "/usr/lib/postgresql";
const SERVICE_USER = "postgres";
const START_DEADLINE_MS = 20_000;

/** A PostgreSQL server of our own, reached by a socket in its folder only. */
export interface PostgresServer {
  /** Makes an empty database and answers its connection string. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** The folder of the server's binaries, or undefined when PostgreSQL is not installed (Debian: `postgresql`). */
export function findPostgres(): string | undefined {
  if (!existsSync(DEBIAN_ROOT)) return undefined;
  const folders = readdirSync(DEBIAN_ROOT)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_ROOT, version, "bin"));
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

/** Starts a throw-away server, which writes to disk at every commit only when `durable`. As root it runs as the user `postgres`: PostgreSQL refuses to run as root. */
export async function startPostgres(
  bin: string,
  { durable = false }: { durable?: boolean } = {},
): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "dockmaster-postgres-"));
  const asRoot = userInfo().uid === 0;
  if (asRoot) {
    await chown(folder, idOf("-u"), idOf("-g"));
    await chmod(folder, 0o700);
  }
  const user = asRoot ? SERVICE_USER : userInfo().username;
  const command = (name: string, args: string[]): [string, string[]] => {
    const program = join(bin, name);
    return asRoot ? ["runuser", ["-u", SERVICE_USER, "--", program, ...args]] : [program, args];
  };
  const data = join(folder, "data");
  execFileSync(...command("initdb", ["-D", data, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]), {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const settings = ["-c", "listen_addresses=", "-c", `fsync=${durable ? "on" : "off"}`, "-c", "max_connections=50"];
  const server = spawn(...command("postgres", ["-D", data, "-k", folder, ...settings]), {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  server.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const url = (database: string) => `postgres://${user}@${encodeURIComponent(folder)}/${database}`;
  await untilReady(server, url("postgres"), () => log);

  let databases = 0;
  return {
    createDatabase: async () => {
      databases += 1;
      const name = `test_${databases}`;
      const admin = new pg.Client({ connectionString: url("postgres") });
      await admin.connect();
      await admin.query(`CREATE DATABASE ${name}`);
      await admin.end();
      return url(name);
    },
    stop: async () => {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      execFileSync(...command("pg_ctl", ["-D", data, "stop", "-m", "immediate"]), { cwd: folder, stdio: "ignore" });
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(server: ChildProcess, url: string, log: () => string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (cause) {
      if (server.exitCode !== null || Date.now() > deadline) {
        throw new Error(`PostgreSQL did not start:\n${log()}`, { cause });
      }
      await delay(50);
    }
  }
}

function idOf(flag: "-u" | "-g"): number {
  return Number(execFileSync("id", [flag, SERVICE_USER], { encoding: "utf8" }));
}
