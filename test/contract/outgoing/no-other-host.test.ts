import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createVariables } from "../../../automation/environment.ts";
import { createMask } from "../../../automation/mask.ts";
import { type Sending, startOutbox } from "../../../automation/notify/outbox.ts";
import { createEngineChecks } from "../../../automation/watch/engine-checks.ts";
import { openEventStream, requestRunner } from "../../../cli/client.ts";
import { examineDokploy, examineVault } from "../../../cli/stack/doctor/servers.ts";
import { openGithub } from "../../../components/bootstrap/github/api.ts";
import { queryPrometheus } from "../../../components/dokploy/api/checks/prometheus.ts";
import { openTransport } from "../../../components/dokploy/api/transport.ts";
import { requireChecks } from "../../../components/dokploy/checks.ts";
import { connectVault } from "../../../components/vault/api/client.ts";
import { liveServices } from "../../../emulator/demo/dokploy.ts";
import { Redirected } from "../../../tools/outgoing/request.mjs";

const KEY = "canary-key-0123456789abcdef0123456789";

let asked: IncomingMessage[] = [];
const redirecting = createServer((request, response) => {
  const location = `${there}${request.url}?token=canary-query`;
  response.writeHead(status, { location }).end();
});
const other = createServer((request, response) => {
  asked.push(request);
  response.writeHead(200, { "content-type": "application/json" }).end("{}");
});
let here: string;
let there: string;
let status = 307;

const listen = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
beforeAll(async () => {
  [here, there] = [await listen(redirecting), await listen(other)];
});
afterAll(() => {
  redirecting.close();
  other.close();
});
beforeEach(() => {
  asked = [];
});

const said = async (call: () => Promise<unknown>): Promise<string> => {
  const outcome = await call().catch((error: unknown) => error);
  if (outcome instanceof Redirected) return `${outcome.message} ${outcome.hint("DOKPLOY_URL")}`;
  if (outcome instanceof Error) return `${outcome.message} ${(outcome as { hint?: string }).hint ?? ""}`;
  return JSON.stringify(outcome);
};

/** What an engine worker says of a check that is broken. */
async function health(variable: "DOKPLOY_URL" | "VAULT_ADDR"): Promise<string> {
  const variables = createVariables({ [variable]: here, DOKPLOY_API_KEY: KEY });
  const check = createEngineChecks({ variables, enginePath: "", mask: createMask(() => [KEY]) });
  return String((await check(variable === "DOKPLOY_URL" ? "dokploy" : "vault")).problem);
}

/** What the log has to say of a notice that was not sent. */
async function notice(): Promise<string> {
  const entries = [{ run: "r", key: "failed:slack", target: "slack", payload: { text: KEY }, attempts: 1 }];
  const warned = Promise.withResolvers<string>();
  const on = {
    store: { takeOutbox: async () => entries.splice(0), settleOutbox: async () => {} },
    variables: createVariables({ NOTIFY_SLACK: `${here}/${KEY}` }),
    log: { warn: ({ reason }: { reason: string }) => warned.resolve(reason), error: console.error },
    now: Date.now,
  } as unknown as Sending;
  const outbox = startOutbox(on);
  return await warned.promise.finally(() => outbox.stop());
}

const runner = () => ({ url: here, secret: KEY });
const vault = (auth: Parameters<typeof connectVault>[0]["auth"]) => connectVault({ address: here, auth, backoff: 1 });

const SENDERS: [string, string, () => Promise<string>][] = [
  ["the runner's health check of Dokploy", "DOKPLOY_URL", () => health("DOKPLOY_URL")],
  ["the runner's health check of Vault", "VAULT_ADDR", () => health("VAULT_ADDR")],
  ["a notice", "NOTIFY_SLACK", notice],
  [
    "the provider's and the CLI's Dokploy, reading",
    "DOKPLOY_URL",
    () => said(() => openTransport({ url: here, apiKey: KEY, backoff: 1 }).get("project.all")),
  ],
  [
    "the same, writing",
    "DOKPLOY_URL",
    () => said(() => openTransport({ url: here, apiKey: KEY, backoff: 1 }).post("project.create", {})),
  ],
  ["doctor, of Dokploy", "DOKPLOY_URL", () => said(() => examineDokploy({ DOKPLOY_URL: here, DOKPLOY_API_KEY: KEY }))],
  ["doctor, of Vault", "VAULT_ADDR", () => said(() => examineVault({ VAULT_ADDR: here, VAULT_TOKEN: KEY }))],
  ["Vault, with a token", "VAULT_ADDR", () => said(() => vault({ token: KEY }).readSecret("secret/data/x"))],
  ["Vault, writing", "VAULT_ADDR", () => said(() => vault({ token: KEY }).writeFields("secret/data/x", { a: KEY }, 1))],
  [
    "Vault, signing in",
    "VAULT_ADDR",
    () => said(() => vault({ roleId: KEY, secretId: KEY, mount: "approle" }).lookupSelf()),
  ],
  [
    "a check that asks Prometheus",
    "PROMETHEUS_URL",
    () => said(() => queryPrometheus({ url: here, token: KEY }, "up")),
  ],
  ["a signed request", "DOCKMASTER_URL", () => said(() => requestRunner(runner(), "POST", "/deploy", { body: {} }))],
  ["a signed stream", "DOCKMASTER_URL", () => said(() => openEventStream(runner(), "/runs/r/events"))],
  ["GitHub", "", () => said(() => openGithub(here, KEY)("repos/you/platform"))],
  ["the demo", "", () => said(() => liveServices({ url: here, apiKey: KEY }, "staging"))],
];

for (const code of [301, 302, 303, 307, 308]) {
  test.each(SENDERS)(
    `%s answered ${code}: nothing goes to the other host, which is named`,
    async (_, setting, send) => {
      status = code;
      const text = await send();
      expect(asked.map(({ url, headers }) => ({ url, headers }))).toEqual([]);
      expect(text).toContain(there);
      expect(text).toContain(setting);
      expect(text).not.toContain("canary-query");
      expect(text).not.toContain(KEY);
    },
  );
}

test("a check of a service takes the redirect for its answer", async () => {
  status = 302;
  await requireChecks("wiki", [{ url: `${here}/login`, expect: 302, attempts: 1, interval: 1 }], {});
  const fails = requireChecks("wiki", [{ url: `${here}/login`, expect: 200, attempts: 1, interval: 1 }], {});
  await expect(fails).rejects.toThrow("answered 302 instead of 200");
  expect(asked).toEqual([]);
});
