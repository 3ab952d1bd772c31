import { execFile } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { engineEnvironment } from "../../../../tools/engine-path.mjs";
import { processesOf } from "../engine/apart.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";
import { until } from "../until.ts";

const REDIS = "components/redis/compose.yaml";
const OWN = ["WEBHOOK_SECRET", "PULUMI_CONFIG_PASSPHRASE", "PLATFORM_KEY", "DOKPLOY_API_KEY"];

describe("no file of the runner holds a secret in clear", () => {
  let dokploy: Emulator;
  let harness: Harness;
  let temporary: string;
  let seconds = 30;
  beforeAll(async () => {
    dokploy = await startEmulator();
    temporary = mkdtempSync(join(tmpdir(), "dockmaster-tmp-"));
    const env = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey, TMPDIR: temporary };
    harness = await startHarness(env, { program: platformProgram(["redis"]), apart: true });
  }, 60_000);
  afterAll(async () => {
    await harness.stop();
    await dokploy.close();
    rmSync(temporary, { recursive: true, force: true });
  });

  const data = () => join(harness.folder, "data");
  const copies = () => readdirSync(join(data(), "state-copies")).map((name) => join(data(), "state-copies", name));
  const engines = () => processesOf(harness.folder, [harness.runner.pid]);
  const ended = (id: unknown) =>
    until("the run ends", 120_000, async () => {
      const { body } = await harness.send("GET", `/runs/${id}`);
      return body.finished_at === null ? undefined : body;
    });

  /** The secrets that the platform made. */
  async function made(): Promise<string[]> {
    const ask = async (path: string) =>
      (await fetch(`${dokploy.url}/api/${path}`, { headers: { "x-api-key": dokploy.apiKey } })).json();
    const projects = (await ask("project.all")) as { environments: { compose: { composeId: string }[] }[] }[];
    const ids = projects.flatMap(({ environments }) =>
      environments.flatMap(({ compose }) => compose.map(({ composeId }) => composeId)),
    );
    const rows = (await Promise.all(ids.map((id) => ask(`compose.one?composeId=${id}`)))) as { env: string | null }[];
    return rows.flatMap(({ env }) => [...(env ?? "").matchAll(/=["']?([\w-]{20,})/g)].map(([, value]) => value!));
  }

  async function expectNothingIn(folder: string): Promise<void> {
    const values = [...OWN.map((name) => harness.env[name]!), ...(await made())];
    expect(values.length).toBeGreaterThan(OWN.length);
    const found = filesBelow(folder).filter((file) => {
      const text = readFileSync(file, "latin1");
      return values.some((value) => text.includes(value));
    });
    expect(found).toEqual([]);
  }

  /** Accepts a release that changes redis, whose deployment takes for ever; resolves once that is under way. */
  async function begin(tag: string): Promise<unknown> {
    dokploy.control.addFault({ kind: "slow-deploy", service: "redis", ms: 120_000 });
    change(tag);
    dokploy.control.resetStatistics();
    const { body } = await harness.deploy("staging", tag, {}, { waitSeconds: 0 });
    await until("redis is being deployed", 90_000, () => !!dokploy.control.statistics().procedures["compose.deploy"]);
    return body.run;
  }
  function change(tag: string): void {
    const text = readFileSync(join(harness.origin.folder, REDIS), "utf8");
    seconds += 1;
    harness.origin.release(tag, { [REDIS]: text.replace(/stop_grace_period: \d+s/, `stop_grace_period: ${seconds}s`) });
  }
  function killEngines(): void {
    for (const pid of engines()) {
      if (readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("pulumi\0")) process.kill(pid, "SIGKILL");
    }
  }

  const endings: [ending: string, bring: () => Promise<void>][] = [
    [
      "a success",
      async () => expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" }),
    ],
    [
      "a failure",
      async () => {
        const { PLATFORM_KEY, DOKPLOY_API_KEY } = harness.env;
        // What a service's log can hold.
        const log = [...(await made()), PLATFORM_KEY!, DOKPLOY_API_KEY!];
        dokploy.control.addFault({ kind: "fail-deploy", service: "redis", log });
        change("v1.0.2");
        expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "failed" });
      },
    ],
    [
      "a preview",
      async () => {
        const asked = { env: "staging", tag: "v1.0.2" };
        expect((await harness.send("POST", "/preview", asked, { waitSeconds: 120 })).status).toBe(200);
      },
    ],
    [
      "a drift check",
      async () => {
        expect((await harness.send("POST", "/drift", { env: "staging" }, { waitSeconds: 120 })).status).toBe(200);
      },
    ],
    [
      "a cancel, and the repair after it",
      async () => {
        const id = await begin("v1.0.3");
        await harness.send("POST", `/runs/${id}/cancel`, {}, { form: "v2" });
        expect(await ended(id)).toMatchObject({ state: "canceled" });
        await expectNothingIn(data());
        dokploy.control.clearFaults();
        expect((await harness.deploy("staging", "v1.0.3")).body).toMatchObject({ status: "success" });
      },
    ],
    [
      "a killed engine, and its recovery",
      async () => {
        const id = await begin("v1.0.4");
        killEngines();
        dokploy.control.clearFaults();
        expect(await ended(id)).toMatchObject({ state: "succeeded", attempts: 2 });
      },
    ],
    [
      "a killed runner and engine, and their recovery",
      async () => {
        const id = await begin("v1.0.5");
        const victims = engines();
        await harness.runner.kill();
        for (const pid of victims) {
          try {
            process.kill(pid, "SIGKILL");
          } catch {}
        }
        await expectNothingIn(data());
        dokploy.control.clearFaults();
        await harness.restart();
        expect(await ended(id)).toMatchObject({ state: "succeeded", attempts: 2 });
      },
    ],
  ];

  test.each(endings)(
    "after %s",
    async (_, bring) => {
      await bring();
      await expectNothingIn(data());
      await expectNothingIn(temporary);
    },
    300_000,
  );

  /** The engine on a backend of its own. */
  async function pulumi(folder: string, ...words: string[]): Promise<string> {
    const env = {
      ...engineEnvironment(),
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_HOME: join(folder, "home"),
      PULUMI_CONFIG_PASSPHRASE: harness.env.PULUMI_CONFIG_PASSPHRASE,
    };
    const all = [...words, "--stack", "staging", "--non-interactive"];
    return (await promisify(execFile)("pulumi", all, { cwd: folder, env })).stdout;
  }

  test("and the copies of the state can be put back: the secrets are in them", async () => {
    expect(copies().length).toBeGreaterThanOrEqual(3);
    const folder = mkdtempSync(join(tmpdir(), "dockmaster-put-back-"));
    try {
      copyFileSync(join(harness.origin.folder, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
      writeFileSync(join(folder, "Pulumi.staging.yaml"), "{}\n");
      await pulumi(folder, "stack", "init");
      await pulumi(folder, "stack", "import", "--file", copies().at(-1)!);
      const shown = await pulumi(folder, "stack", "export", "--show-secrets");
      for (const password of await made()) expect(shown).toContain(password);

      // As runners before this wrote them.
      const old = join(data(), "state-copies", "staging-old-2.json");
      await harness.runner.stop(0);
      mkdirSync(join(data(), "state-copies"), { recursive: true });
      writeFileSync(old, shown, { mode: 0o600 });
      const before = copies();
      await harness.restart();
      // Its engine worker does it, as it starts.
      const removed = '"removed":["staging-old-2.json"]';
      await until("the copy is gone", 20_000, () => !existsSync(old) && harness.logged().includes(removed));
      expect(copies()).toEqual(before.filter((file) => file !== old));
      await expectNothingIn(data());
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 120_000);
});

/** All files below a folder. Links are not followed: a checkout links to modules that are not the runner's data. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}
