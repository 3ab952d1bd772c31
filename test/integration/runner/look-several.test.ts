import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../../automation/store/open.ts";
import { requestRunner } from "../../../cli/client.ts";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { findPostgres, type PostgresServer, startPostgres } from "../../contract/store/postgres-server.ts";
import { type ApartRunner, startApart } from "./engine/apart.ts";
import { type Harness, startHarness } from "./harness.ts";
import { platformProgram } from "./origin.ts";

const bin = findPostgres();
const missing = bin === undefined && process.env.REQUIRE_POSTGRES !== "1";

/** The engine's driver wants a socket's folder as an option. */
function toBackend(url: string): string {
  const { username, hostname, pathname } = new URL(url);
  return `postgres://${username}@${pathname}?host=${decodeURIComponent(hostname)}&sslmode=disable`;
}

describe.skipIf(missing)(
  `looks of two runners on one PostgreSQL${missing ? " (install package postgresql)" : ""}`,
  () => {
    let server: PostgresServer;
    let dokploy: Emulator;
    let dokployFolder: string;
    let harness: Harness;
    let second: ApartRunner;
    beforeAll(async () => {
      server = await startPostgres(bin ?? "");
      dokployFolder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
      dokploy = await startEmulator({ dataDir: dokployFolder });
      const places = {
        DATABASE_URL: await server.createDatabase(),
        PULUMI_BACKEND_URL: toBackend(await server.createDatabase()),
      };
      const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey };
      harness = await startHarness({ ...access, ...places }, { program: platformProgram(["redis"]), apart: true });
      second = await startApart({ ...harness.env, DATA_DIR: join(harness.folder, "data-2") }, () => {});
    }, 120_000);
    afterAll(async () => {
      await second?.end("SIGTERM");
      await harness?.stop();
      await dokploy?.close();
      await server?.stop();
      rmSync(dokployFolder, { recursive: true, force: true });
    });

    const deploy = async (url: string, tag: string, more: object = {}) => {
      const body = { env: "staging", tag, triggered_by: "test", ...more };
      const answer = await requestRunner({ url, secret: harness.secret }, "POST", "/deploy", {
        ...{ body, waitSeconds: 300, form: "v2" },
      });
      return answer.body as Record<string, unknown>;
    };

    /** What the record says of why a look did not answer. */
    const why = async (run: unknown) => {
      const store = await openStore(harness.env.DATABASE_URL ?? "");
      const events = await store.events(String(run), 0, 1_000).finally(() => store.close());
      return JSON.stringify(events.filter(({ type }) => type === "phase"));
    };

    test("what one left the other answers, until somebody changes it, whoever that is", async () => {
      const [one, two] = [harness.runner.url, second.url];
      expect(await deploy(one, "v1.0.1")).toMatchObject({
        status: "success",
        by: "engine",
        changed_services: ["redis"],
      });
      const other = await deploy(two, "v1.0.1");
      expect(other, await why(other.run)).toMatchObject({ status: "success", by: "look" });
      expect(await deploy(one, "v1.0.1")).toMatchObject({ status: "success", by: "look" });
      harness.origin.release("v1.0.2", { "notes.txt": "another program\n" });
      expect(await deploy(two, "v1.0.2")).toMatchObject({ status: "success", by: "engine" });
      expect(await deploy(one, "v1.0.2")).toMatchObject({ status: "success", by: "look" });
      expect(await deploy(one, "v1.0.2", { full: true })).toMatchObject({ status: "success", by: "engine" });
      expect(await deploy(two, "v1.0.2")).toMatchObject({ status: "success", by: "look" });
    }, 240_000);
  },
);
