import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../../../automation/store/open.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { engineEnvironment } from "../../../../tools/engine-path.mjs";
import {
  type OpenbaoServer,
  openbaoMissing,
  openbaoNote,
  startOpenbao,
} from "../../../contract/vault/openbao-server.ts";
import { type PluginPath, withPlugin } from "../../../plugins/plugins.ts";
import { type Harness, startHarness } from "../harness.ts";
import { type Program, platformProgram } from "../origin.ts";

const SECRETS = "secret/data/platform/staging";
const ROLE = "auth/approle/role/platform.staging.redis";

// One story: each request finds what the one before it left.
describe.skipIf(openbaoMissing)(
  `looks at a stack whose secrets live in Vault${openbaoNote}`,
  { timeout: 300_000 },
  () => {
    let bao: OpenbaoServer;
    let dokploy: Emulator;
    let folder: string;
    let harness: Harness;
    let plugin: PluginPath;
    let front: Server;
    /** Whether Vault tells of secret ids as if they were in the half of their time before. */
    let isLater = false;
    const path = process.env.PATH;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
      bao = await startOpenbao();
      await bao.demand("POST", "sys/auth/approle", { type: "approle" });
      await bao.demand("POST", ROLE, { token_policies: ["default"] });
      front = createServer(async (request, response) => {
        const headers = request.headers as Record<string, string>;
        const body = await text(request);
        const { method } = request;
        const answer = await fetch(`${bao.address}${request.url}`, { method, headers, ...(body && { body }) });
        const said = await answer.text();
        const isLookup = request.url?.endsWith("/secret-id-accessor/lookup");
        const half = (_: string, number: string) => `"half":"${Number(number) - 1}"`;
        response.writeHead(answer.status, { "content-type": "application/json" });
        response.end(isLookup && isLater ? said.replace(/"half":"(\d+)"/, half) : said);
      });
      await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
      const address = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
      dokploy = await startEmulator({ dataDir: folder });
      plugin = withPlugin("vault", engineEnvironment({ PATH: path }));
      process.env.PATH = plugin.path;
      const program: Program = (at) => {
        platformProgram(["redis"])(at);
        const file = join(at, "Pulumi.staging.yaml");
        const lines = ["platform:secrets: vault", `vault:address: ${address}`, "platform:vault: {secretIdTtl: 30d}"];
        writeFileSync(file, `${readFileSync(file, "utf8")}${lines.map((line) => `  ${line}\n`).join("")}`);
      };
      const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey, VAULT_TOKEN: bao.rootToken };
      harness = await startHarness(access, { program });
    }, 120_000);
    afterAll(async () => {
      process.env.PATH = path;
      await harness?.stop();
      plugin?.remove();
      await dokploy?.close();
      front?.close();
      await bao?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const deploy = async () => (await harness.deploy("staging", "v1.0.1", {}, { form: "v2" })).body;
    const drift = async () => (await harness.send("POST", "/drift", { env: "staging" }, { waitSeconds: 300 })).body;
    /** What the record says of why a look did not answer. */
    const why = async (run: unknown) => {
      const store = await openStore(`sqlite:${join(harness.folder, "data", "dockmaster.db")}`);
      const events = await store.events(String(run), 0, 1_000).finally(() => store.close());
      return events.map(({ data }) => data as Record<string, unknown>).find(({ name }) => name === "look")?.why;
    };
    const secretIds = async (): Promise<string[]> => (await bao.demand("LIST", `${ROLE}/secret-id`)).data.keys;

    test("what an engine left is answered by a look", async () => {
      const first = await deploy();
      expect(first, harness.logged()).toMatchObject({ status: "success", by: "engine", changed_services: ["redis"] });
      const second = await deploy();
      expect(second, String(await why(second.run))).toMatchObject({ status: "success", by: "look" });
      expect(await drift()).toMatchObject({ status: "success", by: "look", drift: false });
      expect(await secretIds()).toHaveLength(1);
    });

    test("a rotated secret needs an engine", async () => {
      await bao.demand("PATCH", `${SECRETS}/shared/redis_redis_password`, {
        data: { redis_password: "rotated-by-somebody" },
      });
      const found = await drift();
      expect(found).toMatchObject({ by: "engine" });
      expect(await why(found.run)).toContain("version");
      const answer = await deploy();
      expect(answer).toMatchObject({ status: "success", by: "engine", changed_services: ["redis"] });
      expect(await why(answer.run)).toContain("version");
      const next = await deploy();
      expect(next, String(await why(next.run))).toMatchObject({ by: "look" });
    });

    test("a secret id that somebody revoked needs an engine, which makes another one", async () => {
      const [old] = await secretIds();
      await bao.demand("POST", `${ROLE}/secret-id-accessor/destroy`, { secret_id_accessor: old });
      const answer = await deploy();
      expect(answer).toMatchObject({ status: "success", by: "engine" });
      expect(await why(answer.run)).toContain("secretId");
      const ids = await secretIds();
      expect(ids).toHaveLength(1);
      expect(ids).not.toContain(old);
      const next = await deploy();
      expect(next, String(await why(next.run))).toMatchObject({ by: "look" });
    });

    test("a secret id that is to be renewed needs an engine", async () => {
      isLater = true;
      const answer = await deploy();
      expect(answer).toMatchObject({ status: "success", by: "engine" });
      expect(await why(answer.run)).toContain("the secret id of redis is to be renewed by an update");
      isLater = false;
      expect(await deploy()).toMatchObject({ by: "look" });
    });

    test("a Vault that is sealed is no answer", async () => {
      await bao.seal();
      const answer = (await harness.send("POST", "/drift", { env: "staging" }, { waitSeconds: 0 })).body;
      await expect.poll(() => why(answer.run), { timeout: 60_000 }).toContain("vault_sealed");
      await bao.unseal();
    });
  },
);
