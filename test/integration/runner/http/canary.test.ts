import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEventStream } from "../../../../cli/client.ts";
import { WAYS } from "../../../unit/text/mask/ways.ts";
import { type Harness, startHarness } from "../harness.ts";
import { until } from "../until.ts";

/** Every secret that the runner can have; each value is nothing but a canary. */
const CANARIES = {
  WEBHOOK_SECRET: "canary-webhook-5c1f-0123456789abcdef",
  PRODUCTION_SECRET: "canary-production-8b-0123456789abcdef",
  PREVIEW_SECRET: "canary-preview-3e-0123456789abcdef",
  API_TOKEN: "canary-token-77d0-0123456789abcdef",
  PULUMI_CONFIG_PASSPHRASE: `canary "pass\\phrase" e1b9/+&<'$é>`,
  PLATFORM_KEY: "canary-platform-9a2e",
  DOKPLOY_API_KEY: "canary-dokploy-31aa",
  VAULT_TOKEN: "canary-vault-token-0d",
  VAULT_ROLE_ID: "canary-role-id-6b",
  VAULT_SECRET_ID: "canary-secret-id-f4\ncanary-second-line-f5",
  AWS_ACCESS_KEY_ID: "canary-aws-id-12",
  AWS_SECRET_ACCESS_KEY: "canary-aws-key-ab",
};

/** What the program could see of the runner's environment. */
const FOREIGN = [
  "WEBHOOK_SECRET",
  "PRODUCTION_SECRET",
  "PREVIEW_SECRET",
  "API_TOKEN",
  "NOTIFY_WEBHOOK",
  "NOTIFY_SLACK",
  "DATABASE_URL",
  "GIT_REPO_URL",
];

/**
 * A careless program: it says every secret that it knows, in every way that it has: as it is, in JSON, in an address, in HTML, in base64
 * wherever it begins in it, in hexadecimal digits, and in an address of its own.
 */
const CARELESS = `
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
writeFileSync(fileURLToPath(process.env.DOKPLOY_URL) + "/environment.json", JSON.stringify(process.env));
const html = (text) => text.replace(/[&<>"']/g, (sign) => "&#" + sign.charCodeAt(0) + ";");
const base64 = (text, before) => Buffer.from("-".repeat(before) + text + "after").toString("base64");
const ways = [
  (text) => text,
  (text) => JSON.stringify(JSON.stringify(text)),
  encodeURIComponent,
  (text) => encodeURIComponent(text).toLowerCase(),
  (text) => new URLSearchParams({ x: text }).toString(),
  html,
  ...[0, 1, 2].map((before) => (text) => base64(text, before)),
  (text) => base64(text, 1).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""),
  (text) => Buffer.from(text).toString("hex"),
];
const secrets = Object.entries(process.env).filter(([, value]) => value.startsWith("canary"));
const addresses = "postgres://user:unknown-password@db/x?sslpassword=unknown-key https://s3/x?X-Amz-Signature=unknown-signature";
const all = secrets.flatMap(([name, value]) => ways.map((write) => name + "=" + write(value))).join(" ") + " " + addresses;
console.log(all);
console.error(all);
for (const level of ["debug", "info", "warn", "error"]) await pulumi.log[level]("the environment is " + all);
throw new Error("cannot go on: " + all);
`;

describe("a secret is in no sink", () => {
  let harness: Harness;
  let target: Server;
  const notices: string[] = [];
  const answers: string[] = [];

  beforeAll(async () => {
    target = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request) text += chunk;
      notices.push(text);
      response.end();
    });
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    const { port } = target.address() as AddressInfo;
    const NOTIFY_WEBHOOK = `http://127.0.0.1:${port}/services/canary-notify-8e?token=canary-query-9c`;
    harness = await startHarness({ ...CANARIES, NOTIFY_WEBHOOK, LOG_LEVEL: "debug" });
  });
  afterAll(async () => {
    await harness.stop();
    target.close();
  });

  const canaries = () => {
    const lines = Object.values(CANARIES).flatMap((value) => value.split("\n"));
    const secrets = [...Object.values(CANARIES), ...lines, "canary-notify-8e", "canary-query-9c"];
    // Of base64 what stands around a secret decides its first and last letters.
    const written = secrets.flatMap((secret) =>
      WAYS.map(([name, write]) => (name.includes("base64") ? write(secret).slice(4, -16) : write(secret))),
    );
    const unknown = ["unknown-password", "unknown-key", "unknown-signature"];
    return [...new Set([...written, ...unknown])].filter((text) => text.length >= 8);
  };
  const keep = async <T extends { body: unknown }>(answer: Promise<T>): Promise<T> => {
    const got = await answer;
    answers.push(JSON.stringify(got));
    return got;
  };

  test("though a service fails with one in its message, and a careless program tells all that it knows", async () => {
    expect((await keep(harness.deploy("staging", "v1.0.1"))).body).toMatchObject({ status: "success" });
    const env = { "env.json": JSON.stringify({ redis: { N: "2" } }) };
    harness.origin.release("v1.0.2", env);
    const { PLATFORM_KEY, DOKPLOY_API_KEY } = CANARIES;
    harness.script("staging/redis", {
      fail: `deployment_failed: said ${PLATFORM_KEY} (look for ${DOKPLOY_API_KEY})\nlog: ${PLATFORM_KEY}`,
    });
    const failed = await keep(harness.deploy("staging", "v1.0.2"));
    expect(failed).toMatchObject({ status: 500, body: { failed_services: [{ code: "deployment_failed" }] } });
    expect(JSON.stringify(failed.body)).toContain("[secret]");
    harness.script("staging/redis", null);

    harness.origin.release("v1.0.3", { "index.mjs": CARELESS });
    const crashed = await keep(harness.deploy("staging", "v1.0.3"));
    expect(crashed).toMatchObject({ status: 500, body: { status: "failed" } });
    expect(JSON.stringify(crashed.body)).toContain("[secret]");
    await keep(harness.send("POST", "/preview", { env: "staging", tag: "v1.0.3" }, { waitSeconds: 120 }));
    await keep(harness.send("POST", "/drift", { env: "staging" }, { waitSeconds: 120 }));
    await until("people were told", 20_000, () => notices.length >= 2);
  }, 180_000);

  test("the program sees nothing that is the runner's alone", () => {
    const seen = JSON.parse(readFileSync(join(harness.folder, "dokploy/environment.json"), "utf8")) as object;
    expect(seen).toHaveProperty("PLATFORM_KEY", CANARIES.PLATFORM_KEY);
    for (const name of FOREIGN) expect(seen).not.toHaveProperty(name);
    for (const value of [CANARIES.WEBHOOK_SECRET, CANARIES.API_TOKEN, "canary-notify-8e"]) {
      expect(JSON.stringify(seen)).not.toContain(value);
    }
  });

  test("not in answers, runs, events, metrics, notices, the log, the store or what the engine keeps", async () => {
    const read = (path: string) => keep(harness.send("GET", path));
    const { runs } = (await read("/runs?limit=200")).body as { runs: { id: string }[] };
    expect(runs.length).toBe(5);
    let events = "";
    for (const { id } of runs) {
      await read(`/runs/${id}`);
      const stream = await openEventStream({ url: harness.runner.url, secret: harness.secret }, `/runs/${id}/events`);
      events += await new Response(stream).text();
    }
    expect(events).toContain("cannot go on");
    await read("/stacks");
    const open = async (path: string) =>
      (
        await fetch(new URL(path, harness.runner.url), { headers: { authorization: `Bearer ${CANARIES.API_TOKEN}` } })
      ).text();
    const data = join(harness.folder, "data");
    const sinks: Record<string, string> = {
      answers: answers.join("\n"),
      events,
      metrics: await open("/metrics"),
      health: await open("/health"),
      document: await open("/openapi.json"),
      notices: notices.join("\n"),
      log: harness.logged(),
      store: readFiles(data, /dockmaster\.db/),
      // The state itself is the provider's and the engine's: test/integration/runner/engine/platform.test.ts looks there.
      "the engine's home": readFiles(join(data, "pulumi"), /./),
      runs: readFiles(join(data, "runs"), /./),
    };
    expect(sinks.store?.length).toBeGreaterThan(1000);
    expect(sinks.metrics).toContain("dockmaster_runs_total");
    for (const [sink, text] of Object.entries(sinks)) {
      const found = canaries().filter((value) => text.includes(value));
      expect({ sink, found }).toEqual({ sink, found: [] });
    }
  });
});

/** The text of all files below a folder whose name fits; "" when there is no folder. */
function readFiles(folder: string, pattern: RegExp): string {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && pattern.test(entry.name))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
      .join("\n");
  } catch {
    return "";
  }
}
