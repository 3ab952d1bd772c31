import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AGENT_IMAGE } from "../../../components/vault/agent/agent-request.ts";
import { createDockerContainers } from "../../../emulator/containers/docker.ts";
import { type OpenbaoServer, openbaoMissing, startOpenbao } from "../../contract/vault/openbao-server.ts";
import { whyNoDocker } from "../../docker.ts";
import { openPlatform, type Platform } from "./platform.ts";

const run = promisify(execFile);
/** What nobody else on this host has. */
const SUFFIX = `-v${process.pid}`;
const PATH = "secret/data/platform/staging/shared/redis_redis_password";

const docker = async (...words: string[]): Promise<string> => (await run("docker", words)).stdout.trim();
const noDocker = await whyNoDocker(AGENT_IMAGE, "redis:8.2.3-bookworm");
const missing = openbaoMissing ?? (process.env.REQUIRE_DOCKER === "1" ? undefined : noDocker);

// One story, told in order with the real engine, a real Vault and real containers: each step goes on from where the one before it ended.
describe.skipIf(missing)(
  `a service whose secrets live in Vault really runs${missing ? ` (${missing})` : ""}`,
  { timeout: 240_000 },
  () => {
    let bao: OpenbaoServer;
    let platform: Platform;
    beforeAll(async () => {
      expect(noDocker).toBeUndefined();
      bao = await startOpenbao("0.0.0.0");
      await bao.demand("POST", "sys/auth/approle", { type: "approle" });
      await bao.demand("PUT", "sys/policies/acl/redis", { policy: `path "${PATH}" { capabilities = ["read"] }` });
      await bao.demand("POST", "auth/approle/role/platform.staging.redis", { token_policies: ["redis"] });
      const env = { VAULT_ADDR: bao.address, VAULT_TOKEN: bao.rootToken };
      platform = await openPlatform({ host: createDockerContainers(), plugins: ["vault"], env });
      const found = await docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}");
      const host = found || "172.17.0.1";
      platform.config("staging", [
        "platform:domain: example.org",
        `platform:suffix: ${SUFFIX}`,
        "platform:services: [redis]",
        "platform:secrets: vault",
        `vault:address: http://${host}:${new URL(bao.address).port}`,
        `platform:allowInsecure: ${host}`,
      ]);
    });
    afterAll(async () => {
      for (const { appName } of (await platform?.services("staging")) ?? []) {
        await docker("compose", "-p", appName, "down", "--volumes", "--timeout", "1").catch(() => "");
      }
      await docker("volume", "rm", `platform-redis-data${SUFFIX}`, `platform-redis-redis-secrets${SUFFIX}`).catch(
        () => "",
      );
      await docker("network", "rm", `platform${SUFFIX}`).catch(() => "");
      await platform?.close();
      await bao?.stop();
    });

    const password = async (): Promise<string> => (await bao.demand("GET", PATH)).data.data.redis_password;
    const ping = (secret: string) =>
      docker("exec", "-e", `REDISCLI_AUTH=${secret}`, `platform-redis${SUFFIX}`, "redis-cli", "PING");

    test("its agent signs in, writes the secret, and only then it starts", async () => {
      const { ok, text } = await platform.up("staging");
      expect(ok, text).toBe(true);
      // Redis, its agent, and what waits for the check.
      expect(Object.values(await platform.running("staging"))).toHaveLength(3);
      expect(await docker("inspect", "-f", "{{.State.ExitCode}}", `platform-redis-check-1${SUFFIX}`)).toBe("0");
      expect(await password()).toMatch(/^[A-Za-z0-9]{40}$/);
      expect(await ping(await password())).toBe("PONG");
    });

    test("a value rotated in Vault reaches it with the next update, and the old one no longer works", async () => {
      const before = await password();
      await bao.demand("PATCH", PATH, { data: { redis_password: "rotated-by-hand-in-vault" } });
      const { ok, text } = await platform.up("staging");
      expect(ok, text).toBe(true);
      expect(await ping("rotated-by-hand-in-vault")).toBe("PONG");
      expect(await ping(before)).not.toBe("PONG");
      const inspected = await docker("inspect", ...Object.keys(await platform.running("staging")));
      expect(inspected).not.toContain("rotated-by-hand-in-vault");
    });
  },
);
