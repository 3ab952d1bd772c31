import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestRunner } from "../../../cli/client.ts";
import { createOrigin, fixtureProgram } from "../../integration/runner/origin.ts";
import { copyFiles, programFolder, type Started, startFrom } from "./from-container.ts";
import { type Harness, missing, note, startHarness, UP } from "./harness.ts";

const FIRST = "first-secret-0123456789abcdef0123";
const SECOND = "second-secret-0123456789abcdef012";

const SECRET = "platform-kv/data/platform/bootstrap/runner";
const RUNNER = "platform-runner-bootstrap";
const AGENT = "platform-runner-vault-agent-bootstrap";

describe.skipIf(missing)(
  `the runner that the bootstrap stack deploys, with a real agent${note}`,
  { timeout: 240_000 },
  () => {
    let harness: Harness;
    let folder: string;
    let agent: Started | undefined;
    let runner: Started | undefined;

    beforeAll(async () => {
      harness = await startHarness();
      folder = mkdtempSync(join(tmpdir(), "dockmaster-from-container-"));
      mkdirSync(join(folder, "secrets/runner"), { recursive: true });
      harness.configure({ image: { repository: "ghcr.io/you/dockmaster", use: "v1.2.4" }, github: undefined });
      const { url } = createOrigin(folder, fixtureProgram);
      const { ok, text } = await harness.run(UP, { GIT_REPO_URL: url, WEBHOOK_SECRET: FIRST });
      expect(ok, text).toBe(true);
      copyFiles(harness.containers, AGENT, folder, [
        "/etc/dockmaster/agent.json",
        "/run/secrets/vault_role_id",
        "/run/secrets/vault_secret_id",
      ]);
    }, 240_000);
    afterAll(async () => {
      await Promise.all([runner?.end(), agent?.end()]);
      await harness?.stop();
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    const startRunner = () => {
      const env = {
        PATH: [dirname(process.execPath), harness.env.PATH].join(":"),
        HOME: folder,
        HOST: "127.0.0.1",
        PORT: "0",
        DATA_DIR: join(folder, "data"),
      };
      return startFrom(harness.containers, RUNNER, { folder, cwd: harness.checkout, env });
    };
    const url = () => /"url":"(http:[^"]+)"/.exec(runner?.log() ?? "")?.[1];
    const asks = async (secret: string) => (await requestRunner({ url: url()!, secret }, "GET", "/runs")).status;
    const rotate = (value: string) => harness.bao.demand("PATCH", SECRET, { data: { WEBHOOK_SECRET: value } });

    test("does not start without its secrets, and says what it waits for", async () => {
      const early = await startRunner();
      expect(await early.ended).toBe(1);
      expect(early.log()).toMatch(
        /DOKPLOY_API_KEY is not there yet: vault-agent writes it\. Ends, to be started again/,
      );
    });

    test("finds them as files that only it may read, once the agent has signed in with its role", async () => {
      const PATH = `${programFolder(folder, harness.bao.program)}:/usr/bin:/bin`;
      agent = await startFrom(harness.containers, AGENT, { folder, cwd: folder, env: { PATH, HOME: folder } });
      await expect
        .poll(() => existsSync(join(folder, "rendered")), { timeout: 30_000, message: agent.log() })
        .toBe(true);
      const file = join(folder, "secrets/runner/PLATFORM_KEY");
      expect(readFileSync(file, "utf8")).toBe(harness.env.PLATFORM_KEY);
      expect(statSync(file).mode & 0o777).toBe(0o400);
      expect(agent.log()).not.toContain("canary");
    });

    test("starts with what its Compose file says, healthy, and accepts what is signed", async () => {
      runner = await startRunner();
      await expect.poll(url, { timeout: 60_000 }).toBeDefined();
      expect((await fetch(`${url()}/health/live`)).status).toBe(200);
      expect(await asks(FIRST)).toBe(200);
      expect(await asks("another-secret")).toBe(401);
      expect(runner.log()).not.toMatch(/canary|first-secret/);
    });

    test("takes a rotated webhook secret without a restart, beside the old one for as long as both are there", async () => {
      const { pid } = runner!.child;
      await rotate(`${SECOND},${FIRST}`);
      await expect.poll(() => asks(SECOND), { timeout: 30_000, interval: 200 }).toBe(200);
      expect(await asks(FIRST)).toBe(200);
      await rotate(SECOND);
      await expect.poll(() => asks(FIRST), { timeout: 30_000, interval: 200 }).toBe(401);
      expect(await asks(SECOND)).toBe(200);
      expect(runner!.child.pid).toBe(pid);
      expect(runner!.child.exitCode).toBeNull();
    });

    test("goes on while Vault and its agent are away", async () => {
      await agent?.end();
      await harness.bao.seal();
      expect(await asks(SECOND)).toBe(200);
    });
  },
);
