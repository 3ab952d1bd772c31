import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAsLeft } from "../../../components/look/left.ts";
import { look } from "../../../components/look/look.ts";
import { fromStackFile } from "../../../stacks/config/stack-file.ts";
import { planStack } from "../../../stacks/plan.ts";
import { type OpenbaoServer, openbaoMissing, openbaoNote, startOpenbao } from "../../contract/vault/openbao-server.ts";
import { createStack } from "../vault/stack.ts";
import { KEY, openPlatform, type Platform } from "./platform.ts";

const DATA = "secret/data/platform/staging";
const GIVEN = "canary-given-before-the-platform";

// One story, told in order with the real engine and a real Vault: each step goes on from where the one before it ended.
describe.skipIf(openbaoMissing)(`a stack whose secrets live in Vault${openbaoNote}`, { timeout: 240_000 }, () => {
  let bao: OpenbaoServer;
  let platform: Platform;
  /** Role id and secret id of the runner. */
  let runner: NodeJS.ProcessEnv;
  const config = (...lines: string[]) => {
    const address = bao.address;
    return [
      "platform:domain: example.org",
      "platform:suffix: -staging",
      "platform:secrets: vault",
      `vault:address: ${address}`,
      ...lines,
    ];
  };

  beforeAll(async () => {
    bao = await startOpenbao();
    platform = await openPlatform({ plugins: ["vault"] });
    platform.config("staging", config());
  });
  afterAll(async () => {
    await platform?.close();
    await bao?.stop();
  });

  const values = async (path: string): Promise<Record<string, string>> =>
    (await bao.demand("GET", `${DATA}/${path}`)).data.data;
  const secretIds = async (service: string): Promise<string[]> =>
    (await bao.demand("LIST", `auth/approle/role/platform.staging.${service}/secret-id`)).data.keys;
  const changed = (before: Record<string, string>, after: Record<string, string>) =>
    Object.keys({ ...before, ...after })
      .filter((name) => before[name] !== after[name])
      .sort();

  test("is refused while Vault is empty, with the command that fills it", async () => {
    const { ok, text } = await platform.up("staging", { VAULT_TOKEN: bao.rootToken });
    expect(ok).toBe(false);
    expect(text).toMatch(/vault_missing: .* \(.*`dockmaster up bootstrap` makes mounts and roles\)/);
    expect(platform.writes()).toEqual({});
  });

  test("comes up from nothing in one update, in the order of its dependencies", async () => {
    const privileged = await createStack("bootstrap", { VAULT_ADDR: bao.address, VAULT_TOKEN: bao.rootToken });
    // OpenBao's development server has the mount of the secrets already.
    await bao.demand("DELETE", "sys/mounts/secret");
    const made = await privileged.up({
      access: { project: "platform", stacks: { staging: access() }, engines: { "engine-staging": "staging" } },
    });
    privileged.remove();
    expect(made.ok, made.text).toBe(true);
    const role = "auth/approle/role/platform.engine-staging";
    runner = {
      VAULT_ROLE_ID: (await bao.demand("GET", `${role}/role-id`)).data.role_id,
      VAULT_SECRET_ID: (await bao.demand("POST", `${role}/secret-id`)).data.secret_id,
    };
    await bao.demand("POST", `${DATA}/shared/redis_redis_password`, { data: { redis_password: GIVEN } });

    const { ok, text } = await platform.up("staging", runner);
    expect(ok, text).toBe(true);
    const order = (await platform.services("staging")).map(({ name }) => name);
    expect([...order].sort()).toEqual(["authentik", "minio", "postgres", "redis"]);
    expect(order.indexOf("authentik")).toBeGreaterThan(order.indexOf("postgres"));
    expect(order.indexOf("authentik")).toBeGreaterThan(order.indexOf("redis"));
    const containers = await platform.running("staging");
    expect(Object.keys(containers)).toContain("platform-redis-vault-agent-staging");
    // What waits for a check's end needs no health.
    const [waiting, others] = [true, false].map((isWaiting) =>
      Object.entries(containers).filter(([name]) => name.includes("-checked-") === isWaiting),
    );
    expect(waiting).toHaveLength(order.length);
    for (const [, state] of others ?? []) expect(state).toMatch(/ healthy$/);
  });

  test("what is missing is generated, what is there stays", async () => {
    expect(await values("shared/redis_redis_password")).toEqual({ redis_password: GIVEN });
    const generated = expect.stringMatching(/^[A-Za-z0-9]{40}$/);
    expect(await values("postgres")).toEqual({ postgres_password: generated });
    expect(await values("authentik")).toEqual({
      authentik_admin_password: generated,
      authentik_admin_token: generated,
      authentik_secret_key: generated,
    });
  });

  test("a second update changes nothing, and there is no drift", async () => {
    const before = await platform.running("staging");
    const { ok, text, changes } = await platform.up("staging", runner);
    expect(ok, text).toBe(true);
    expect(changes).toEqual({});
    expect(await platform.running("staging")).toEqual(before);
    const drift = await platform.drift("staging", runner);
    expect(drift.ok, drift.text).toBe(true);
  });

  test("an update tells how it left each service, secret and sign-in, and a look at Vault and Dokploy says so", async () => {
    const folder = mkdtempSync(join(tmpdir(), "left-"));
    const file = join(folder, "seen.jsonl");
    const { ok, text } = await platform.up("staging", { ...runner, DOCKMASTER_SEEN: file });
    expect(ok, text).toBe(true);
    const lines = readFileSync(file, "utf8").trim().split("\n");
    rmSync(folder, { recursive: true });
    const told = new Map(lines.map((line) => JSON.parse(line)).map((seen) => [seen.composeId ?? seen.id, seen]));
    const { deployment } = JSON.parse(await platform.state("staging")) as {
      deployment: { resources: { type: string; custom?: boolean; id?: string }[] };
    };
    // Providers and what is nowhere but in the state apart.
    const custom = deployment.resources.filter(({ type, custom }) => custom && !/^pulumi:|^command:/.test(type));
    expect(custom.filter(({ id }) => !told.has(id)).map(({ type, id }) => `${type} ${id}`)).toEqual([]);
    expect(new Set(custom.map(({ type }) => type)).size).toBe(4);
    const left = custom.map(({ id }) => told.get(id));
    const env = { ...platform.environment, ...runner, VAULT_ADDR: bao.address };
    const seen = await look(left, { env, keptAt: Date.now() });
    expect(seen.resources.filter(({ is }) => is !== "left")).toEqual([]);
    expect(isAsLeft(seen, left)).toBe(true);
  });

  test("an agent reads its service's secrets and what is shared with it, and nothing of its neighbours", async () => {
    const readable: Record<string, string[]> = {};
    const paths = [
      "postgres",
      "redis",
      "minio",
      "authentik",
      "shared/redis_redis_password",
      "shared/postgres_database_authentik",
    ];
    for (const { name, env } of await platform.services("staging")) {
      const token = await signIn(env);
      readable[name] = [];
      for (const path of paths) {
        const { status } = await bao.request("GET", `${DATA}/${path}`, undefined, token);
        if (status !== 403) readable[name].push(path);
      }
    }
    expect(readable).toEqual({
      authentik: ["authentik", "shared/redis_redis_password", "shared/postgres_database_authentik"],
      minio: ["minio"],
      postgres: ["postgres", "shared/postgres_database_authentik"],
      redis: ["redis", "shared/redis_redis_password"],
    });
  });

  test("a value rotated in Vault shows as drift and recreates exactly those that use it", async () => {
    const before = await platform.running("staging");
    await bao.demand("PATCH", `${DATA}/shared/redis_redis_password`, { data: { redis_password: "canary-rotated" } });
    expect((await platform.drift("staging", runner)).ok).toBe(false);
    const { ok, text, changes } = await platform.up("staging", runner);
    expect(ok, text).toBe(true);
    expect(changes).toEqual({
      "Secrets redis-redis_password": "update",
      "Compose redis": "update",
      "Compose authentik": "update",
    });
    expect(changed(before, await platform.running("staging"))).toEqual([
      "platform-authentik-server-staging",
      "platform-authentik-vault-agent-staging",
      "platform-authentik-worker-staging",
      "platform-redis-staging",
      "platform-redis-vault-agent-staging",
    ]);
    expect((await platform.up("staging", runner)).changes).toEqual({});
  });

  test("secretVersion gives new values, once", async () => {
    const before = await values("minio");
    platform.config("staging", config("platform:minio: {secretVersion: 2}"));
    const { ok, text, changes } = await platform.up("staging", runner);
    expect(ok, text).toBe(true);
    expect(changes).toEqual({ "Secrets minio": "update", "Compose minio": "update" });
    const after = await values("minio");
    expect(after.minio_root_password).not.toBe(before.minio_root_password);
    expect((await platform.up("staging", runner)).changes).toEqual({});
    expect(await values("minio")).toEqual(after);
  });

  test("a revoked secret id is replaced, and only the agent starts anew", async () => {
    const before = await platform.running("staging");
    const [old] = await secretIds("postgres");
    const role = "auth/approle/role/platform.staging.postgres";
    await bao.demand("POST", `${role}/secret-id-accessor/destroy`, { secret_id_accessor: old });
    const { ok, text } = await platform.up("staging", runner);
    expect(ok, text).toBe(true);
    expect(changed(before, await platform.running("staging"))).toEqual(["platform-postgres-vault-agent-staging"]);
    const ids = await secretIds("postgres");
    expect(ids).toHaveLength(1);
    expect(ids).not.toContain(old);
  });

  test.each<[string, () => Promise<void>, () => Promise<void>, NodeJS.ProcessEnv, RegExp]>([
    ["is sealed", () => bao.seal(), () => bao.unseal(), {}, /vault_sealed: Vault is sealed \(unseal it/],
    ["is away", nothing, nothing, { VAULT_ADDR: "http://127.0.0.1:1" }, /vault_unreachable: .*no answer from/],
    [
      "refuses the runner",
      nothing,
      nothing,
      { VAULT_SECRET_ID: "no-such-secret-id" },
      /vault_denied: .* refused the role id or the secret id/,
    ],
    [
      "has no address",
      nothing,
      nothing,
      { VAULT_ADDR: "no-address" },
      /config_invalid: VAULT_ADDR is not an http\(s\) address/,
    ],
  ])("when Vault %s it is said so, and nothing is deployed", async (_name, begin, end, env, reason) => {
    const before = { state: await platform.state("staging"), running: await platform.running("staging") };
    platform.config("staging", config("platform:minio: {secretVersion: 2, memory: 2g}"));
    platform.writes();
    await begin();
    const { ok, text } = await platform.up("staging", { ...runner, ...env });
    await end();
    expect(ok).toBe(false);
    expect(text).toMatch(reason);
    expect(platform.writes()).toEqual({});
    expect(await platform.running("staging")).toEqual(before.running);
    expect(known(await platform.state("staging"))).toEqual(known(before.state));
    platform.config("staging", config("platform:minio: {secretVersion: 2}"));
  });

  test("with the state lost everything is taken over: same values, no service restarted", async () => {
    const before = await platform.running("staging");
    const known = await values("postgres");
    await platform.forget("staging");
    const { ok, text } = await platform.up("staging", runner);
    expect(ok, text).toBe(true);
    expect(await values("postgres")).toEqual(known);
    // Secret ids cannot be read back, so the agents get new ones.
    const agents = Object.keys(before).filter((name) => name.includes("vault-agent"));
    expect(changed(before, await platform.running("staging"))).toEqual(agents.sort());
  });

  test("no value and no secret id has come into state, events, output or a container's environment", async () => {
    const paths = ["postgres", "authentik", "minio", "shared/postgres_database_authentik"];
    const known = (await Promise.all(paths.map(values))).flatMap((one) => Object.values(one));
    const services = await platform.services("staging");
    const ids = services.map(({ env }) => sources(env).secretId);
    const everything = platform.everything();
    expect(everything).toContain(DATA);
    for (const value of [...known, ...ids, GIVEN, "canary-rotated", runner.VAULT_SECRET_ID!, KEY]) {
      expect(value.length).toBeGreaterThan(10);
      expect(everything.includes(value)).toBe(false);
    }
    for (const { composeFile, env } of services) {
      for (const value of [...known, GIVEN, "canary-rotated"]) expect(composeFile + env).not.toContain(value);
      for (const id of ids) expect(composeFile).not.toContain(id);
    }
    for (const name of Object.keys(await platform.running("staging"))) {
      expect(JSON.stringify(platform.containers.environmentOf(name))).not.toContain("VAULT_SECRET_ID");
    }
  });

  /** What `bootstrap` allows whom: as the plan says it. */
  function access() {
    const text = ["config:", ...config().map((line) => `  ${line}`), ""].join("\n");
    const { plan } = planStack("staging", fromStackFile("staging", text).raw!, KEY);
    return Object.fromEntries(plan!.services.map(({ name, vault }) => [name, { shared: vault?.shared ?? [] }]));
  }

  async function signIn(env: string): Promise<string> {
    const { roleId, secretId } = sources(env);
    return (await bao.demand("POST", "auth/approle/login", { role_id: roleId, secret_id: secretId })).auth.client_token;
  }
});

async function nothing(): Promise<void> {}

function sources(env: string): { roleId: string; secretId: string } {
  const value = (name: string) => new RegExp(`^${name}=["']?([\\w-]+)`, "m").exec(env)?.[1] ?? "";
  return { roleId: value("VAULT_ROLE_ID"), secretId: value("VAULT_SECRET_ID") };
}

/** What a state knows of each resource. */
function known(state: string): unknown {
  const { resources } = JSON.parse(state).deployment;
  return resources.map(({ urn, id, inputs, outputs }: Record<string, unknown>) => ({ urn, id, inputs, outputs }));
}
