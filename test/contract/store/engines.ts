import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";

/** One way to keep a store: each `createUrl` names an empty one. */
export interface Engine {
  name: string;
  /** Why its tests cannot run here. */
  missing: string | undefined;
  start(): Promise<void>;
  createUrl(): Promise<string>;
  stop(): Promise<void>;
}

/** The engines that every store test runs on. REQUIRE_POSTGRES=1 turns a missing server from a skip into a failure. */
export function engines(): Engine[] {
  return [sqlite(), postgres()];
}

function sqlite(): Engine {
  let folder = "";
  let files = 0;
  return {
    name: "SQLite",
    missing: undefined,
    start: async () => {
      folder = await mkdtemp(join(tmpdir(), "dockmaster-sqlite-"));
    },
    createUrl: async () => {
      files += 1;
      return `sqlite:${join(folder, `${files}.db`)}`;
    },
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}

function postgres(): Engine {
  const bin = findPostgres();
  let server: PostgresServer | undefined;
  const running = (): PostgresServer => {
    if (!server) throw new Error("PostgreSQL is not running: install the package postgresql");
    return server;
  };
  return {
    name: "PostgreSQL",
    missing:
      bin || process.env.REQUIRE_POSTGRES === "1" ? undefined : "no PostgreSQL server here: install package postgresql",
    start: async () => {
      if (bin) server = await startPostgres(bin);
      running();
    },
    createUrl: () => running().createDatabase(),
    stop: async () => {
      await server?.stop();
    },
  };
}
