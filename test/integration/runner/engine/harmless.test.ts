import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestRunner } from "../../../../cli/client.ts";
import { createOrigin, type Origin } from "../../../../emulator/demo/origin.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { engineEnvironment } from "../../../../tools/engine-path.mjs";
import { type Harness, startHarness } from "../harness.ts";

const root = new URL("../../../..", import.meta.url).pathname;
const run = promisify(execFile);

let folder: string;
let emulator: Emulator;
let origin: Origin;
let harness: Harness;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dockmaster-platform-"));
  emulator = await startEmulator({ dataDir: join(folder, "dokploy") });
  origin = createOrigin(root, folder);
  harness = await startHarness({
    GIT_REPO_URL: origin.url,
    DOKPLOY_URL: emulator.url,
    DOKPLOY_API_KEY: emulator.apiKey,
    OUTAGE_PATIENCE: "5",
  });
  origin.release("v1.0.1", "feat: the platform");
}, 120_000);

afterAll(async () => {
  await harness?.stop();
  await emulator?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the state says of every resource, secrets decrypted (their encrypted form is another at every write). */
async function state(): Promise<Record<string, unknown>> {
  type Resource = { urn: string; id?: string; inputs?: object; outputs?: object };
  const exported = await pulumi(["stack", "export", "--show-secrets"]);
  const { resources } = (JSON.parse(exported) as { deployment: { resources: Resource[] } }).deployment;
  expect(resources.length).toBeGreaterThan(4);
  return Object.fromEntries(resources.map(({ urn, id, inputs, outputs }) => [urn, { id, inputs, outputs }]));
}

async function dokploy<T>(procedure: string, query: Record<string, string> = {}): Promise<T> {
  const url = new URL(`/api/${procedure}`, emulator.url);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  const answer = await fetch(url, { headers: { "x-api-key": emulator.apiKey } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

/** The services that Dokploy has in staging. */
async function live(): Promise<{ name: string; composeId: string; env: string; composeFile: string }[]> {
  type Listed = { environments: { name: string; compose: { composeId: string }[] }[] };
  const projects = await dokploy<Listed[]>("project.all");
  const ids = projects.flatMap((p) => p.environments.filter((e) => e.name === "staging").flatMap((e) => e.compose));
  return Promise.all(
    ids.map(({ composeId }) =>
      dokploy<{ name: string; composeId: string; env: string; composeFile: string }>("compose.one", { composeId }),
    ),
  );
}

describe("what fails does no harm", { timeout: 900_000 }, () => {
  test("a signed deploy makes every service", async () => {
    const { status, body } = await harness.deploy("staging", "v1.0.1");
    expect(body).toMatchObject({
      status: "success",
      env: "staging",
      tag: "v1.0.1",
      deployed_services: expect.arrayContaining(["postgres", "redis"]),
      changed_services: expect.arrayContaining(["postgres", "redis"]),
      unchanged_services: [],
    });
    expect(status).toBe(200);
    expect((await live()).map(({ name }) => name).sort()).toEqual(["postgres", "redis"]);
  });

  test("what is refused says what to do, sends nothing to Dokploy and leaves the state alone", async () => {
    const before = await state();
    emulator.control.resetStatistics();
    const good = { env: "staging", tag: "v1.0.1", triggered_by: "test" };
    const refusals: [string, number, () => Promise<{ status: number; body: Record<string, unknown> }>][] = [
      [
        "a bad signature",
        401,
        () => requestRunner({ url: harness.runner.url, secret: "wrong" }, "POST", "/deploy", { body: good }),
      ],
      ["an unknown environment", 400, () => harness.send("POST", "/deploy", { ...good, env: "nowhere" })],
      ["an unknown tag", 404, () => harness.send("POST", "/deploy", { ...good, tag: "v9.9.9" })],
      ["a branch", 400, () => harness.send("POST", "/deploy", { ...good, tag: "main" })],
      [
        "a tag that is an option",
        400,
        () => harness.send("POST", "/deploy", { ...good, tag: "--upload-pack=touch x" }),
      ],
      ["an empty body", 400, () => harness.send("POST", "/deploy", {})],
      ["a list", 400, () => harness.send("POST", "/deploy", [good])],
      ["an unknown service", 400, () => harness.send("POST", "/deploy", { ...good, services: ["nothing"] })],
    ];
    for (const [what, expected, send] of refusals) {
      const { status, body } = await send();
      expect({ what, status }).toEqual({ what, status: expected });
      const error = body.error as Record<string, string>;
      for (const field of ["code", "message", "hint", "requestId"])
        expect(error[field], `${what}: ${field}`).toMatch(/\S/);
    }
    // The runner's health asks for the version now and then.
    const { "settings.getDokployVersion": _, ...asked } = emulator.control.statistics().procedures;
    expect(asked).toEqual({});
    expect(await state()).toEqual(before);
  });

  test("a Dokploy that is away for longer than anybody waits fails the run, changes nothing, and the next good request works", async () => {
    const before = await state();
    await emulator.close();
    const { status, body } = await harness.deploy("staging", "v1.0.1", {}, { waitSeconds: 600 });
    expect(status).toBe(500);
    expect(JSON.stringify(body)).toContain("dokploy_unreachable");
    expect(await state()).toEqual(before);
    emulator = await startEmulator({
      port: Number(new URL(emulator.url).port),
      apiKey: emulator.apiKey,
      dataDir: emulator.dataDir,
    });
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success", changed_services: [] });
  });

  test("a failed deployment names service and log, the other is brought up to date, and it is tried again after a refresh", async () => {
    for (const service of ["postgres", "redis"]) {
      origin.edit(`components/${service}/compose.yaml`, (text) => text.replace(/retries: \d+/, "retries: 7"));
    }
    origin.release("v1.0.2", "feat: more patience with health checks");
    emulator.control.addFault({ kind: "fail-deploy", service: "redis", log: ["pulling", "the disk is full"] });
    const { status, body } = await harness.deploy("staging", "v1.0.2");
    expect(status).toBe(500);
    expect(body).toMatchObject({ status: "failed", changed_services: ["postgres"] });
    expect(body.failed_services).toMatchObject([{ service: "redis", code: "deployment_failed" }]);
    const record = await harness.send("GET", `/runs/${body.run}`);
    expect(JSON.stringify(record.body)).toContain("the disk is full");
    for (const service of await live()) {
      if (service.name === "postgres") expect(service.composeFile).toContain("retries: 7");
    }

    await pulumi(["refresh", "--yes", "--skip-preview"]);
    const again = await harness.deploy("staging", "v1.0.2");
    expect(again.body).toMatchObject({
      status: "success",
      changed_services: ["redis"],
      unchanged_services: ["postgres"],
    });
  });

  test("after that neither an update nor a refresh finds anything to do", async () => {
    expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "success", changed_services: [] });
    await pulumi(["refresh", "--preview-only", "--expect-no-changes"]);
  });
});

/** The engine beside the runner, as on a laptop, in the runner's own checkout of the stack. */
async function pulumi(args: string[]): Promise<string> {
  const worktree = join(folder, "laptop");
  if (!existsSync(join(worktree, "node_modules")))
    symlinkSync(join(root, "node_modules"), join(worktree, "node_modules"));
  const { stdout } = await run("pulumi", [...args, "--stack", "staging", "--non-interactive", "--color", "never"], {
    cwd: worktree,
    env: {
      ...engineEnvironment(),
      PULUMI_BACKEND_URL: `file://${join(harness.folder, "data/state")}`,
      PULUMI_CONFIG_PASSPHRASE: harness.env.PULUMI_CONFIG_PASSPHRASE,
      PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
      PLATFORM_KEY: harness.env.PLATFORM_KEY,
      DOKPLOY_URL: emulator.url,
      DOKPLOY_API_KEY: emulator.apiKey,
    },
  });
  return stdout;
}
