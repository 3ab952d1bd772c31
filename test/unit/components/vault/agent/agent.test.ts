import { describe, expect, test } from "vitest";
import type { Consumer } from "../../../../../components/compose/deliver/agent.ts";
import { planAgent } from "../../../../../components/vault/agent/agent.ts";
import type { AgentRequest } from "../../../../../components/vault/agent/agent-request.ts";

const PATH = "secret/data/platform/staging/authentik";

function request(consumers: Record<string, Partial<Consumer>>, more: Partial<AgentRequest> = {}): AgentRequest {
  return {
    stack: "staging",
    service: "authentik",
    address: "https://vault.example.org",
    approle: "approle",
    places: {
      key: { path: PATH, field: "key" },
      db: { path: "secret/data/platform/staging/shared/postgres_authentik", field: "authentik" },
    },
    consumers: Object.fromEntries(
      Object.entries(consumers).map(([name, one]) => [name, { grants: [], entrypoint: ["run"], ...one }]),
    ),
    containers: Object.keys(consumers),
    fingerprint: (names) => `print-of-${names.join("-")}`,
    signIn: "accessor-1",
    ...more,
  };
}

function planned(consumers: Record<string, Partial<Consumer>>, more?: Partial<AgentRequest>) {
  const { plan, problems } = planAgent(request(consumers, more));
  expect(problems).toEqual([]);
  return plan!;
}

/** The templates of the planned configuration. */
function templates(consumers: Record<string, Partial<Consumer>>): Record<string, unknown>[] {
  const [config] = Object.values(planned(consumers).configs);
  return JSON.parse(config!.content).template;
}

describe("the agent of a service", () => {
  test("is not there when nobody asks for a secret", () => {
    expect(planAgent(request({ server: {} }))).toEqual({ problems: [] });
  });

  test.each([
    ["http://vault:8200", true],
    ["http://platform-vault-staging:8200", true],
    ["https://vault.example.org", false],
    ["http://10.0.0.7:8200", false],
    ["http://[fd00::7]:8200", false],
    ["http://localhost:8200", false],
  ])("joins the environment's network where %s is a container's name: %s", (address, joins) => {
    expect(planned({ server: { grants: ["key"] } }, { address }).joins).toBe(joins);
  });

  test("writes for each consumer what it asks for, and the marker last", () => {
    const all = templates({ server: { grants: ["key", "db"] }, worker: { grants: ["db"] } });
    expect(all.map(({ destination }) => destination)).toEqual([
      "/secrets/server/key",
      "/secrets/server/db",
      "/secrets/worker/db",
      "/tmp/rendered",
    ]);
    expect(all[1]?.contents).toBe(
      '{{ with secret "secret/data/platform/staging/shared/postgres_authentik" }}{{ .Data.data.authentik }}{{ end }}',
    );
  });

  test.each<[string, Partial<Consumer>, { user: string; group: string; perms: string }]>([
    ["for everybody, when nothing is said", { grants: ["key"] }, { user: "0", group: "0", perms: "0444" }],
    ["for the container's user", { grants: ["key"], user: "1000" }, { user: "1000", group: "1000", perms: "0400" }],
    ["for user and group", { grants: ["key"], user: "70:80" }, { user: "70", group: "80", perms: "0400" }],
    [
      "for everybody, when the user is a name",
      { grants: ["key"], user: "app" },
      { user: "0", group: "0", perms: "0444" },
    ],
    [
      "as the long form says",
      { grants: [{ source: "key", uid: "5", gid: "6", mode: "440" }], user: "1000" },
      { user: "5", group: "6", perms: "0440" },
    ],
  ])("gives a file its owner and mode: %s", (_name, consumer, expected) => {
    expect(templates({ server: consumer })[0]).toMatchObject(expected);
  });

  test.each([["pw"], ["/run/secrets/pw"]])("puts a secret with the target %s at /run/secrets/pw", (target) => {
    expect(templates({ server: { grants: [{ source: "key", target }] } })[0]).toMatchObject({
      destination: "/secrets/server/pw",
    });
  });

  test("gives each consumer a volume of its own, of one form, that it cannot write", () => {
    const plan = planned({ server: { grants: ["key"] }, worker: { grants: ["db"] }, other: {} });
    const memory = { driver: "local", driver_opts: { type: "tmpfs", device: "tmpfs", o: "size=1m,mode=1777" } };
    expect(plan.volumes).toEqual({ "server-secrets": memory, "worker-secrets": memory });
    expect(Object.keys(plan.consumers)).toEqual(["server", "worker"]);
    expect(plan.consumers.server?.volumes).toEqual([
      { type: "volume", source: "server-secrets", target: "/run/secrets", read_only: true, volume: { nocopy: true } },
    ]);
    expect(plan.agent.volumes).toEqual([
      { type: "volume", source: "server-secrets", target: "/secrets/server", volume: { nocopy: true } },
      { type: "volume", source: "worker-secrets", target: "/secrets/worker", volume: { nocopy: true } },
    ]);
  });

  test("makes consumers wait for it and carry the fingerprint of exactly their secrets", () => {
    const plan = planned({ server: { grants: ["key", "db"] }, worker: { grants: ["db"] } });
    expect(plan.consumers.worker).toMatchObject({
      depends_on: { "vault-agent": { condition: "service_healthy" } },
      labels: ["dockmaster.secrets=print-of-db"],
    });
    expect(plan.consumers.server?.labels).toEqual(["dockmaster.secrets=print-of-db-key"]);
    expect(plan.agent.labels).toEqual(["dockmaster.secrets=print-of-db-key", "dockmaster.secrets.sign-in=accessor-1"]);
  });

  test("names its configuration by its content", () => {
    const one = planned({ server: { grants: ["key"] } });
    const two = planned({ server: { grants: ["key"] } }, { interval: "5s" });
    expect(Object.keys(one.configs)).not.toEqual(Object.keys(two.configs));
    expect(one.agent.configs).toEqual([{ source: Object.keys(one.configs)[0], target: "/etc/dockmaster/agent.json" }]);
  });

  test("has role id and secret id as files, not in its environment", () => {
    const plan = planned({ server: { grants: ["key"] } });
    expect(plan.agent.environment).toEqual(["VAULT_ADDR=https://vault.example.org"]);
    expect(plan.secrets).toEqual({
      vault_role_id: { environment: "VAULT_ROLE_ID" },
      vault_secret_id: { environment: "VAULT_SECRET_ID" },
    });
  });

  test("is the same for the same input", () => {
    const ask = () => planAgent(request({ server: { grants: ["key", "db"] } }));
    expect(JSON.stringify(ask())).toBe(JSON.stringify(ask()));
  });
});

describe("what cannot be delivered is refused", () => {
  test.each<[string, Record<string, Partial<Consumer>>, string, (string | number)[]]>([
    [
      "a secret without source",
      { a: { grants: ["key", "nothing"] } },
      "secret `nothing` has no source",
      ["secrets", 1],
    ],
    [
      "a target elsewhere",
      { a: { grants: [{ source: "key", target: "/etc/key" }] } },
      "`target: /etc/key` is not a file in /run/secrets",
      ["secrets", 0],
    ],
    [
      "a target above",
      { a: { grants: [{ source: "key", target: "../key" }] } },
      "`target: ../key` is not a file in /run/secrets",
      ["secrets", 0],
    ],
    [
      "two secrets at one place",
      { a: { grants: ["key", { source: "db", target: "key" }] } },
      "two secrets at /run/secrets/key",
      ["secrets", 1],
    ],
    [
      "a mode that is a number",
      { a: { grants: [{ source: "key", mode: 400 }] } },
      "`mode: 400` is no mode",
      ["secrets", 0],
    ],
    ["an owner by name", { a: { grants: [{ source: "key", uid: "app" }] } }, "`uid: app` is no number", ["secrets", 0]],
    [
      "a container whose entrypoint is the image's",
      { a: { grants: ["key"], entrypoint: undefined } },
      "with secrets from Vault a container needs its `entrypoint` in the file, as a list",
      ["entrypoint"],
    ],
    [
      "an entrypoint as one text",
      { a: { grants: ["key"], entrypoint: "run it" } },
      "with secrets from Vault a container needs its `entrypoint` in the file, as a list",
      ["entrypoint"],
    ],
    ["nothing to start", { a: { grants: ["key"], entrypoint: [] } }, "there is nothing to start", ["command"]],
    [
      "a container with the agent's name",
      { "vault-agent": { grants: ["key"] } },
      "`vault-agent` is the name of the platform's own container",
      [],
    ],
  ])("%s", (_name, consumers, message, path) => {
    const { plan, problems } = planAgent(request(consumers));
    expect(plan).toBeUndefined();
    expect(problems).toEqual([
      { container: Object.keys(consumers)[0], path, message, hint: expect.stringMatching(/\w/) },
    ]);
  });

  test("all of it at once", () => {
    const consumers = { a: { grants: ["nothing"] }, b: { grants: ["key"], entrypoint: undefined } };
    expect(planAgent(request(consumers)).problems).toHaveLength(2);
  });
});
