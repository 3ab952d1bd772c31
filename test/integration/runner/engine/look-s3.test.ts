import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsV4Signer } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findS3 } from "../../../../automation/state/s3-place.ts";
import { openStore } from "../../../../automation/store/open.ts";
import { type Emulator, startEmulator } from "../../../../emulator/emulator.ts";
import { engineEnvironment } from "../../../../tools/engine-path.mjs";
import { BACKENDS, type Backend } from "../../../engine/backends.ts";
import { type Harness, startHarness } from "../harness.ts";
import { platformProgram } from "../origin.ts";

const S3 = BACKENDS.find(({ kind }) => kind.startsWith("S3")) ?? BACKENDS[2];

// One story: each request finds what the one before it left.
describe.skipIf(S3?.missing)(`looks at a stack whose state is on ${S3?.kind}`, { timeout: 300_000 }, () => {
  let backend: Backend;
  let dokploy: Emulator;
  let folder: string;
  let harness: Harness;
  let isThere = true;
  /** The address with a folder of the bucket, and the keys. */
  let places: Record<string, string>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "dockmaster-dokploy-"));
    backend = await (S3 as (typeof BACKENDS)[number]).open(folder);
    const { PULUMI_BACKEND_URL = "", ...keys } = backend.env as Record<string, string>;
    places = { ...keys, PULUMI_BACKEND_URL: PULUMI_BACKEND_URL.replace("s3://state", "s3://state/of/platform") };
    dokploy = await startEmulator({ dataDir: folder });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey };
    harness = await startHarness({ ...access, ...places }, { program: platformProgram(["redis"]) });
  }, 120_000);
  afterAll(async () => {
    await harness?.stop();
    await dokploy?.close();
    if (isThere) await backend?.close();
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
  /** What an engine of somebody else does to the state. */
  const pulumi = (words: string[], { input, ...env }: Record<string, string> = {}) => {
    const { PULUMI_CONFIG_PASSPHRASE } = harness.env;
    const all = [...words, "--stack", "staging", "--non-interactive"];
    const options = { cwd: harness.origin.folder, encoding: "utf8", input, stdio: "pipe" } as const;
    return execFileSync("pulumi", all, {
      ...options,
      env: { ...engineEnvironment(), ...places, PULUMI_CONFIG_PASSPHRASE, ...env },
    });
  };
  const ask = async (method: "PUT" | "DELETE", key: string, body?: string) => {
    const place = findS3(places.PULUMI_BACKEND_URL ?? "", places);
    if ("unknown" in place) throw new Error(place.unknown);
    const url = `${place.url}/${place.prefix}${key}`;
    const signed = await new AwsV4Signer({
      method,
      url,
      body,
      ...place.keys,
      region: place.region,
      service: "s3",
    }).sign();
    const { ok } = await fetch(signed.url, { method, headers: signed.headers, body });
    expect(ok).toBe(true);
  };

  test("what an engine left is answered by a look", async () => {
    expect(await deploy()).toMatchObject({ status: "success", by: "engine", changed_services: ["redis"] });
    const second = await deploy();
    expect(second, String(await why(second.run))).toMatchObject({ status: "success", by: "look" });
    expect(await drift()).toMatchObject({ status: "success", by: "look", drift: false });
  });

  test("a state that another engine wrote needs one, also in another form", async () => {
    const forms: Record<string, string>[] = [
      {},
      { PULUMI_DIY_BACKEND_ZSTD: "true" },
      { PULUMI_DIY_BACKEND_GZIP: "true" },
    ];
    for (const env of forms) {
      pulumi(["stack", "import"], { ...env, input: pulumi(["stack", "export"]) });
      const answer = await deploy();
      expect(answer).toMatchObject({ status: "success", by: "engine", changed_services: [] });
      expect(await why(answer.run)).toBe("the state was written since by somebody else");
      const next = await deploy();
      expect(next, String(await why(next.run))).toMatchObject({ by: "look" });
    }
  });

  test("where somebody is at work, an engine tells it", async () => {
    const lock = ".pulumi/locks/organization/dockmaster/staging/0000.json";
    await ask("PUT", lock, JSON.stringify({ pid: 1, username: "ann", hostname: "laptop", timestamp: new Date() }));
    const answer = await drift();
    expect(answer).toMatchObject({ by: "engine" });
    expect(await why(answer.run)).toBe("somebody is at work on the stack");
    await ask("DELETE", lock);
    expect(await deploy()).toMatchObject({ by: "look" });
  });

  test("a server that refuses the key, or is away, is no answer", async () => {
    const kept = await deploy();
    expect(kept).toMatchObject({ by: "look" });
    isThere = false;
    await backend.close();
    const answer = (await harness.deploy("staging", "v1.0.1", {}, { form: "v2", waitSeconds: 0 })).body;
    await expect.poll(() => why(answer.run), { timeout: 60_000 }).toBe("the state cannot be read");
  });
});
