import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AgentParts } from "../../../components/compose/deliver/agent.ts";
import { planAgent } from "../../../components/vault/agent/agent.ts";
import { whyNoDocker } from "../../docker.ts";
import { type OpenbaoServer, openbaoMissing, startOpenbao } from "./openbao-server.ts";

const run = promisify(execFile);
const IMAGE = "busybox:1.36";
const PATH = "secret/data/platform/staging/web";
const PROJECT = `dockmaster-vault-${process.pid}`;

const noDocker = await whyNoDocker(IMAGE);
const missing = openbaoMissing ?? (process.env.REQUIRE_DOCKER === "1" ? undefined : noDocker);

describe.skipIf(missing)(
  `the planned containers on a real Docker${missing ? ` (${missing})` : ""}`,
  { timeout: 90_000 },
  () => {
    let bao: OpenbaoServer;
    let folder: string;
    /** The service's env, as Dokploy would write it. */
    let env: { VAULT_ROLE_ID: string; VAULT_SECRET_ID: string };

    beforeAll(async () => {
      expect(noDocker).toBeUndefined();
      folder = await mkdtemp(join(tmpdir(), "dockmaster-vault-docker-"));
      bao = await startOpenbao();
      await bao.demand("POST", "sys/auth/approle", { type: "approle" });
      await bao.demand("PUT", "sys/policies/acl/web", { policy: `path "${PATH}" { capabilities = ["read"] }` });
      await bao.demand("POST", "auth/approle/role/web", { token_policies: ["web"] });
      await bao.demand("POST", PATH, { data: { password: "canary-first", token: "canary-token" } });
      env = {
        VAULT_ROLE_ID: (await bao.demand("GET", "auth/approle/role/web/role-id")).data.role_id,
        VAULT_SECRET_ID: (await bao.demand("POST", "auth/approle/role/web/secret-id")).data.secret_id,
      };
    });
    afterAll(async () => {
      if (folder) await compose("down", "--volumes", "--timeout", "1");
      await bao?.stop();
      if (folder) await rm(folder, { recursive: true, force: true });
    });

    test("comes up from nothing: consumers start once their secrets are there", async () => {
      expect(await deploy("print-1")).toBe("");
      expect(await inside("web", "cat /dev/shm/seen")).toBe("canary-first");
      expect(await inside("web", "ls /run/secrets")).toBe("password");
      expect(await inside("other", "ls /run/secrets")).toBe("pw");
    });

    test("gives each file its owner, and no consumer can write", async () => {
      expect(await inside("web", "stat -c '%u:%g %a' /run/secrets/password")).toBe("1000:1000 400");
      expect(await inside("other", "stat -c '%u:%g %a' /run/secrets/pw")).toBe("0:0 440");
      await expect(inside("other", "echo x > /run/secrets/pw")).rejects.toThrow("Read-only file system");
      expect(await inside("web", "stat -f -c %T /run/secrets")).toBe("tmpfs");
    });

    test("shows no value to those who may inspect containers or read logs", async () => {
      const ids = (await compose("ps", "--all", "--quiet")).trim().split("\n");
      const seen = (await run("docker", ["inspect", ...ids])).stdout + (await compose("logs"));
      expect(ids).toHaveLength(3);
      for (const secret of ["canary", env.VAULT_SECRET_ID]) expect(seen.includes(secret)).toBe(false);
    });

    test("does nothing when nothing changed", async () => {
      const before = await containers();
      expect(await deploy("print-1")).toBe("");
      expect(await containers()).toEqual(before);
    });

    test("recreates the consumers of a rotated value, which start with the new one although another keeps the old volume", async () => {
      const before = await containers();
      await bao.demand("PATCH", PATH, { data: { password: "canary-second" } });
      expect(await deploy("print-2")).toBe("");
      expect(await inside("web", "cat /dev/shm/seen")).toBe("canary-second");
      const after = await containers();
      expect(after.other).toBe(before.other);
      expect(after.web).not.toBe(before.web);
    });

    test("consumers that start before the agent, as after a reboot, end and come back by themselves", async () => {
      await compose("stop", "--timeout", "1");
      await run("docker", ["start", `${PROJECT}-web-1`]);
      await expect.poll(() => logs("web"), { timeout: 20_000 }).toContain("/run/secrets/password is not there yet");
      await run("docker", ["start", `${PROJECT}-vault-agent-1`]);
      await expect
        .poll(() => inside("web", "cat /dev/shm/seen").catch(() => ""), { timeout: 60_000 })
        .toBe("canary-second");
    });

    test("a revoked secret id fails the deployment, with the reason in the agent's log", async () => {
      await bao.demand("POST", "auth/approle/role/web/secret-id/destroy", { secret_id: env.VAULT_SECRET_ID });
      expect(await deploy("print-3")).toMatch(/vault-agent-1 (is unhealthy|exited)/);
      expect(await logs("vault-agent")).toContain("the secret id was revoked: dockmaster up staging makes a new one");
    });

    test("a missing secret id fails the deployment at once, with what fixes it", async () => {
      const since = Date.now();
      env = { ...env, VAULT_SECRET_ID: " " };
      expect(await deploy("print-4")).toMatch(/vault-agent-1 (is unhealthy|exited)/);
      expect(Date.now() - since).toBeLessThan(30_000);
      expect(await logs("vault-agent")).toContain("the secret id is missing. To mend it: dockmaster up staging");
    });

    function plan(print: string): AgentParts {
      const planned = planAgent({
        stack: "staging",
        service: "web",
        address: bao.address,
        approle: "approle",
        image: IMAGE,
        places: { password: { path: PATH, field: "password" }, token: { path: PATH, field: "token" } },
        consumers: {
          web: { grants: ["password"], user: "1000:1000", entrypoint: [], command: ["sh"] },
          other: { grants: [{ source: "token", target: "pw", mode: "440" }], entrypoint: ["sh", "-c"], command: ["x"] },
        },
        containers: ["web", "other"],
        fingerprint: (names) => (names.includes("password") ? print : "print-of-token"),
        signIn: print,
      });
      expect(planned.problems).toEqual([]);
      return planned.plan!;
    }

    /** Deploys as Dokploy does. Answers the reason of a failure, "" when all is well. */
    async function deploy(print: string): Promise<string> {
      const { agent, consumers, volumes, configs, secrets } = plan(print);
      const container = (name: "web" | "other", own: string[], command: string[], more: object = {}) => {
        const { entrypoint, ...rest } = consumers[name]!;
        return {
          image: IMAGE,
          stop_grace_period: "1s",
          restart: "unless-stopped",
          ...rest,
          entrypoint: [...entrypoint, ...own],
          command,
          ...more,
        };
      };
      const health = { test: ["CMD", "test", "-s", "/dev/shm/seen"], interval: "1s", retries: 10 };
      const file = {
        services: {
          // The test's server is on loopback, and its program stands for the image's.
          "vault-agent": {
            ...agent,
            network_mode: "host",
            stop_grace_period: "1s",
            volumes: [...(agent.volumes as object[]), `${bao.program}:/bin/bao:ro`],
          },
          web: container("web", [], ["sh", "-c", "cat /run/secrets/password > /dev/shm/seen; exec sleep 1000"], {
            user: "1000:1000",
            healthcheck: health,
          }),
          other: container("other", ["sh", "-c"], ["cat /run/secrets/pw > /dev/shm/seen; exec sleep 1000"], {
            read_only: true,
            healthcheck: health,
          }),
        },
        volumes,
        configs,
        secrets,
      };
      const text = JSON.stringify(file, (_key, value) =>
        typeof value === "string" ? value.replaceAll("$", "$$$$") : value,
      );
      await writeFile(join(folder, "compose.json"), text);
      return compose("up", "--detach", "--wait", "--wait-timeout", "40").then(
        () => "",
        async (error: { stderr: string }) => `${error.stderr}${await compose("logs", "--tail", "5")}`,
      );
    }

    async function compose(...args: string[]): Promise<string> {
      const options = { env: { ...process.env, ...env } };
      return (await run("docker", ["compose", "-p", PROJECT, "-f", join(folder, "compose.json"), ...args], options))
        .stdout;
    }

    async function inside(container: string, script: string): Promise<string> {
      return (await run("docker", ["exec", `${PROJECT}-${container}-1`, "sh", "-c", script])).stdout.trim();
    }

    async function logs(container: string): Promise<string> {
      const { stdout, stderr } = await run("docker", ["logs", `${PROJECT}-${container}-1`]);
      return stdout + stderr;
    }

    async function containers(): Promise<Record<string, string>> {
      const entries = ["web", "other", "vault-agent"].map(async (name) => {
        const { stdout } = await run("docker", ["inspect", "--format", "{{.Id}}", `${PROJECT}-${name}-1`]);
        return [name, stdout.trim()];
      });
      return Object.fromEntries(await Promise.all(entries));
    }
  },
);
