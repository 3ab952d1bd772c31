import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";
import { until } from "../until.ts";

const REDIS = "components/redis/compose.yaml";

describe("a signed deploy brings a tag to Dokploy through the real program", () => {
  let dokploy: Emulator;
  let dokployFolder: string;
  let harness: Harness;
  beforeAll(async () => {
    dokployFolder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    dokploy = await startEmulator({ dataDir: dokployFolder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey };
    harness = await startHarness(access, { program: platformProgram(["postgres", "redis"]) });
  });
  afterAll(async () => {
    await harness.stop();
    await dokploy.close();
    rmSync(dokployFolder, { recursive: true, force: true });
  });

  const ask = async (path: string) =>
    (await fetch(new URL(`/api/${path}`, dokploy.url), { headers: { "x-api-key": dokploy.apiKey } })).json();
  /** The services that Dokploy has in an environment. */
  async function services(env: string): Promise<{ composeId: string; name: string }[]> {
    const projects = (await ask("project.all")) as {
      environments: { name: string; compose: { composeId: string; name: string }[] }[];
    }[];
    const environments = projects.flatMap((project) => project.environments);
    return environments.filter(({ name }) => name === env).flatMap(({ compose }) => compose);
  }
  /** What Dokploy deployed so far, by service. */
  async function deployments(env = "staging"): Promise<Record<string, number>> {
    const counted = (await services(env)).map(async ({ composeId, name }) => {
      const list = (await ask(`deployment.allByCompose?composeId=${composeId}`)) as unknown[];
      return [name, list.length] as const;
    });
    return Object.fromEntries(await Promise.all(counted));
  }
  /** The passwords that the services of an environment have. */
  async function passwords(env: string): Promise<string[]> {
    const rows = (await services(env)).map(
      ({ composeId }) => ask(`compose.one?composeId=${composeId}`) as Promise<{ env: string }>,
    );
    const texts = (await Promise.all(rows)).map((row) => row.env);
    return texts.flatMap((text) => [...text.matchAll(/=["']?([\w-]{20,})/g)].map(([, value]) => value!));
  }
  const editRedis = (from: string, to: string) => {
    const text = readFileSync(join(harness.origin.folder, REDIS), "utf8");
    if (!text.includes(from)) throw new Error(`${REDIS} has no "${from}"`);
    return { [REDIS]: text.replace(from, to) };
  };

  test("both services are created", async () => {
    const { body } = await harness.deploy("staging", "v1.0.1");
    expect(body).toMatchObject({ status: "success", changed_services: ["postgres", "redis"] });
    expect(await deployments()).toEqual({ postgres: 1, redis: 1 });
  }, 240_000);

  test("a release that changes redis deploys redis only", async () => {
    harness.origin.release("v1.0.2", editRedis("stop_grace_period: 30s", "stop_grace_period: 45s"));
    const { body } = await harness.deploy("staging", "v1.0.2");
    expect(body).toMatchObject({ status: "success", changed_services: ["redis"], unchanged_services: ["postgres"] });
    expect(await deployments()).toEqual({ postgres: 1, redis: 2 });
  }, 240_000);

  test("a failed deployment fails the run with the log's last lines, and the next deploy tries again", async () => {
    dokploy.control.addFault({ kind: "fail-deploy", service: "redis", log: ["no space left on device"] });
    harness.origin.release("v1.0.3", editRedis("stop_grace_period: 45s", "stop_grace_period: 50s"));
    const failed = await harness.deploy("staging", "v1.0.3");
    expect(failed).toMatchObject({
      status: 500,
      body: {
        status: "failed",
        unchanged_services: ["postgres"],
        failed_services: [{ service: "redis", code: "deployment_failed" }],
      },
    });
    const [{ log }] = failed.body.failed_services as [{ log: string[] }];
    expect(log.join("\n")).toContain("no space left on device");
    const again = await harness.deploy("staging", "v1.0.3");
    expect(again.body).toMatchObject({ status: "success", changed_services: ["redis"] });
  }, 240_000);

  test("a wrong key is said so, changes nothing, and the next good request works", async () => {
    const before = await deployments();
    harness.env.DOKPLOY_API_KEY = "no-such-key-for-dokploy";
    const refused = await harness.deploy("staging", "v1.0.3");
    expect(refused).toMatchObject({ status: 500, body: { status: "failed", cause: { code: "dokploy_auth" } } });
    expect(JSON.stringify(refused.body)).not.toContain("no-such-key-for-dokploy");
    harness.env.DOKPLOY_API_KEY = dokploy.apiKey;
    const good = await harness.deploy("staging", "v1.0.3");
    expect(good.body).toMatchObject({ status: "success", changed_services: [] });
    expect(await deployments()).toEqual(before);
  }, 240_000);

  test("while Dokploy is away the run waits and goes on when it is back", async () => {
    const before = await deployments();
    const { port } = new URL(dokploy.url);
    const { apiKey } = dokploy;
    await dokploy.close();
    const accepted = await harness.deploy("staging", "v1.0.3", {}, { waitSeconds: 0 });
    expect(accepted).toMatchObject({
      status: 202,
      body: { status: "in_progress", status_url: expect.stringMatching(/^\/runs\//) },
    });
    const url = String(accepted.body.status_url);
    const waits = await until("the run waits", 120_000, async () => {
      const { body } = await harness.send("GET", url);
      return body.state === "waiting" ? body : undefined;
    });
    expect(waits).toMatchObject({ waiting: { for: "dokploy", message: expect.stringContaining("Dokploy is away") } });
    dokploy = await startEmulator({ dataDir: dokployFolder, port: Number(port), apiKey });
    const run = await until("the run ends", 120_000, async () => {
      const { body } = await harness.send("GET", url);
      return body.finished_at === null ? undefined : body;
    });
    expect(run).toMatchObject({ state: "succeeded", cause: null });
    expect(await deployments()).toEqual(before);
  }, 300_000);

  test("production takes the same commit after staging had it", async () => {
    harness.origin.git("tag", "-a", "v1.1.0", "v1.0.3^{commit}", "-m", "Release v1.1.0\n\nDockmaster-Kind: production");
    harness.origin.git("push", "--quiet", "origin", "refs/tags/v1.1.0");
    const { body } = await harness.deploy("production", "v1.1.0");
    expect(body).toMatchObject({ status: "success", env: "production", changed_services: ["postgres", "redis"] });
    expect(await deployments("production")).toEqual({ postgres: 1, redis: 1 });
    const old = await harness.deploy("staging", "v1.0.1");
    expect(old).toMatchObject({
      status: 200,
      body: { status: "superseded", superseded_by: expect.stringMatching(/^v1\./) },
    });
  }, 240_000);

  test("without the repository a stack can still be looked at, fixed and rolled back, and nothing new is taken", async () => {
    renameSync(harness.origin.url, `${harness.origin.url}.away`);
    try {
      const before = await deployments();
      expect((await harness.send("POST", "/drift", { env: "staging" }, { waitSeconds: 120 })).body).toMatchObject({
        drift: false,
      });
      const synced = await harness.send("POST", "/sync", { env: "staging", all: true }, { waitSeconds: 120 });
      expect(synced.body).toMatchObject({ status: "success", changed_services: [] });
      expect(await deployments()).toEqual(before);
      const back = await harness.deploy("staging", "v1.0.2", { rollback: true }, { form: "v2" });
      expect(back.body).toMatchObject({ status: "success", changed_services: ["redis"] });
      expect(harness.logged()).toContain('"run goes on without the remote repository"');
      const accepted = await harness.deploy("staging", "v1.0.3", {}, { waitSeconds: 0, form: "v2" });
      const read = async () => (await harness.send("GET", `/runs/${accepted.body.run}`)).body;
      const waits = await until("the run waits", 120_000, async () => {
        const body = await read();
        return body.state === "waiting" ? body : undefined;
      });
      expect(waits).toMatchObject({ waiting: { for: "git", message: expect.stringMatching(/repository/i) } });
    } finally {
      renameSync(`${harness.origin.url}.away`, harness.origin.url);
    }
    expect((await harness.deploy("staging", "v1.0.3", {}, { form: "v2" })).body).toMatchObject({
      status: "success",
      changed_services: ["redis"],
    });
  }, 300_000);

  test("no secret is in the state in clear, the store, the log or an answer", async () => {
    const secrets = ["WEBHOOK_SECRET", "PULUMI_CONFIG_PASSPHRASE", "PLATFORM_KEY", "DOKPLOY_API_KEY"].map(
      (name) => harness.env[name]!,
    );
    const derived = [...(await passwords("staging")), ...(await passwords("production"))];
    expect(derived.length).toBeGreaterThanOrEqual(2);
    const values = [...secrets, ...derived];
    const sinks = {
      data: readFiles(join(harness.folder, "data"), /\.(json|db|db-wal|attrs|bak)$|\.json\./),
      log: harness.logged(),
      runs: JSON.stringify((await harness.send("GET", "/runs?limit=200")).body),
    };
    for (const [sink, text] of Object.entries(sinks)) {
      for (const value of values) expect(text.includes(value), `${sink} holds a secret`).toBe(false);
    }
  });

  test("nothing that an update started is left", () => {
    const processes = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    expect(processes.split("\n").filter((line) => line.includes(harness.folder))).toEqual([]);
  });
});

/** The text of all files below a folder whose path fits. */
function readFiles(folder: string, pattern: RegExp): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}
