import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestRunner } from "../../../cli/client.ts";
import { createOrigin, fixtureProgram } from "../../integration/runner/origin.ts";
import { copyFiles, type Place, programFolder, type Started, startFrom } from "./from-container.ts";
import { type Harness, missing, note, startHarness, UP } from "./harness.ts";

const SECRET = "platform-kv/data/platform/bootstrap/runner";
const RUNNER = "platform-runner-bootstrap";
const AGENT = "platform-runner-vault-agent-bootstrap";
const ENGINE = "platform-runner-engine-staging-bootstrap";
const ENGINE_AGENT = "platform-runner-vault-agent-staging-bootstrap";

const FIRST = "first-secret-of-more-than-32-characters";
const SECOND = "second-secret-of-more-than-32-characters";

describe.skipIf(missing)(
  `the runner that the bootstrap stack deploys, with real agents${note}`,
  { timeout: 240_000 },
  () => {
    let harness: Harness;
    let folder: string;
    let door: Place;
    let worker: Place;
    let bin: string;
    const started: Started[] = [];
    let agent: Started | undefined;
    let runner: Started | undefined;
    let engine: Started | undefined;

    beforeAll(async () => {
      harness = await startHarness();
      folder = mkdtempSync(join(tmpdir(), "dockmaster-from-container-"));
      door = { folder: join(folder, "door"), consumer: "runner" };
      worker = { folder: join(folder, "worker"), consumer: "engine-staging" };
      bin = programFolder(folder, harness.bao.program);
      harness.configure({ image: { repository: "ghcr.io/you/dockmaster", use: "v1.2.4" }, github: undefined });
      const { url } = createOrigin(folder, fixtureProgram);
      const { ok, text } = await harness.run(UP, { GIT_REPO_URL: url, WEBHOOK_SECRET: FIRST });
      expect(ok, text).toBe(true);
      const files = ["/etc/dockmaster/agent.json", "/run/secrets/vault_role_id", "/run/secrets/vault_secret_id"];
      copyFiles(harness.containers, AGENT, door, files);
      copyFiles(harness.containers, ENGINE_AGENT, worker, files);
    }, 240_000);
    afterAll(async () => {
      await Promise.all(started.map((one) => one.end()));
      await harness?.stop();
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    const start = async (container: string, place: Place, env: Record<string, string | undefined>, cwd = folder) => {
      const one = await startFrom(harness.containers, container, { place, cwd, env: { HOME: folder, ...env } });
      started.push(one);
      return one;
    };
    const startAgent = async (container: string, place: Place) => {
      const one = await start(container, place, { PATH: `${bin}:/usr/bin:/bin` });
      const rendered = () => existsSync(join(place.folder, "rendered"));
      await expect.poll(rendered, { timeout: 30_000, message: one.log() }).toBe(true);
      return one;
    };
    const PATH = () => [dirname(process.execPath), harness.env.PATH].join(":");
    const socket = () => join(folder, "engine.sock");
    const startRunner = () =>
      start(
        RUNNER,
        door,
        {
          PATH: PATH(),
          HOST: "127.0.0.1",
          PORT: "0",
          DATA_DIR: join(folder, "data"),
          ENGINES: `staging=${socket()}`,
        },
        harness.checkout,
      );
    const startEngine = () =>
      start(
        ENGINE,
        worker,
        {
          PATH: PATH(),
          DATA_DIR: join(folder, "engine"),
          ENGINE_SOCKET: socket(),
          // Whoever runs the tests may not be one who changes users.
          ...{ ENGINE_USERS: undefined, ENGINE_SOCKET_GROUP: undefined },
        },
        harness.checkout,
      );
    const url = () => /"url":"(http:[^"]+)"/.exec(runner?.log() ?? "")?.[1];
    const asks = async (secret: string) => (await requestRunner({ url: url()!, secret }, "GET", "/runs")).status;
    const rotate = (value: string) => harness.bao.demand("PATCH", SECRET, { data: { WEBHOOK_SECRET: value } });

    test("does not start without its secrets, and says what it waits for: neither door nor worker", async () => {
      const early = await Promise.all([startRunner(), startEngine()]);
      expect(await Promise.all(early.map(({ ended }) => ended))).toEqual([1, 1]);
      expect(early[0]?.log()).toMatch(
        /GIT_REPO_URL is not there yet: vault-agent writes it\. Ends, to be started again/,
      );
      expect(early[1]?.log()).toMatch(/DOKPLOY_API_KEY is not there yet: vault-agent writes it\. Ends/);
    });

    test("finds them as files that only it may read, once its agent has signed in with its role", async () => {
      agent = await startAgent(AGENT, door);
      const brought = await startAgent(ENGINE_AGENT, worker);
      const file = join(worker.folder, "secrets/engine-staging/PLATFORM_KEY");
      expect(readFileSync(file, "utf8")).toBe(harness.env.PLATFORM_KEY);
      expect(statSync(file).mode & 0o777).toBe(0o400);
      expect(existsSync(join(door.folder, "secrets/runner/PLATFORM_KEY"))).toBe(false);
      expect(existsSync(join(worker.folder, "secrets/engine-staging/WEBHOOK_SECRET"))).toBe(false);
      expect(agent.log() + brought.log()).not.toContain("canary");
    });

    test("starts with what its Compose file says, healthy, and accepts what is signed", async () => {
      runner = await startRunner();
      await expect.poll(url, { timeout: 60_000 }).toBeDefined();
      expect((await fetch(`${url()}/health/live`)).status).toBe(200);
      expect(await asks(FIRST)).toBe(200);
      expect(await asks("another-secret-of-more-than-32-characters")).toBe(401);
      expect(runner.log()).not.toMatch(/canary|first-secret/);
    });

    test("has a worker that starts with what the Compose file says, and that the door finds at its socket", async () => {
      engine = await startEngine();
      const connected = () => /"event":"engine.connected"[^\n]*"stack":"staging"/.test(runner?.log() ?? "");
      await expect.poll(connected, { timeout: 60_000 }).toBe(true);
      expect(engine.log()).not.toMatch(/canary/);
      expect(runner?.log()).not.toMatch(/canary/);
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
