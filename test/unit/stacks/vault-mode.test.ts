import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { printProblem } from "../../../components/compose/problem.ts";
import { fillIn } from "../../../components/vault/agent/text-template.ts";
import { catalogue } from "../../../stacks/catalogue.ts";
import { fromStackFile } from "../../../stacks/config/stack-file.ts";
import { planStack } from "../../../stacks/plan.ts";

const KEY = "a-master-key-that-is-long-enough-for-all";

interface Container {
  entrypoint: string[];
  secrets?: string[];
  labels?: string[];
  volumes?: (string | { source: string; target: string })[];
  depends_on?: Record<string, { condition: string }>;
}

function plan(...lines: string[]) {
  const own = ["platform:secrets: vault", "vault:address: https://vault.example.org", ...lines];
  return planWith(own);
}

function planWith(lines: readonly string[]) {
  const text = ["config:", "  platform:domain: example.org", "  platform:suffix: -staging"];
  const { raw } = fromStackFile("staging", [...text, ...lines.map((line) => `  ${line}`), ""].join("\n"));
  const { plan: found, problems } = planStack("staging", raw!, KEY);
  return { problems: problems.map(printProblem), services: new Map(found?.services.map((one) => [one.name, one])) };
}

const vault = plan();
const dokploy = planWith([]);
const names = catalogue.map(({ name }) => name);
const file = (service: string): { services: Record<string, Container> } =>
  parse(vault.services.get(service)?.composeFile ?? "");

it("plans every service of the catalogue", () => {
  expect(vault.problems).toEqual([]);
  expect([...vault.services.keys()].sort()).toEqual([...names].sort());
});

it.each(names)("knows no value of %s", (name) => {
  const { secretEnv: derived } = dokploy.services.get(name)!;
  const { secretEnv, ...rest } = vault.services.get(name)!;
  expect(secretEnv).toEqual({});
  expect(Object.keys(derived).length).toBeGreaterThan(0);
  for (const value of Object.values(derived)) expect(JSON.stringify(rest)).not.toContain(value);
});

it.each(names)("puts an agent before every container of %s that uses secrets", (name) => {
  const agent = `platform-${name}-vault-agent-staging`;
  const { [agent]: own, ...others } = file(name).services;
  expect(own?.secrets).toEqual(["vault_role_id", "vault_secret_id"]);
  const before = parse(dokploy.services.get(name)?.composeFile ?? "").services as Record<string, Container>;
  expect(Object.keys(others)).toEqual(Object.keys(before));
  for (const [key, container] of Object.entries(others)) {
    expect(container.secrets).toBeUndefined();
    if (before[key]?.secrets === undefined) continue;
    expect(container.depends_on?.[agent]).toEqual({ condition: "service_healthy" });
    expect(container.entrypoint.slice(0, 2)).toEqual(["/bin/sh", "-c"]);
    expect(container.entrypoint.slice(4)).toEqual(before[key]?.entrypoint);
    expect(container.volumes).toContainEqual(expect.objectContaining({ target: "/run/secrets", read_only: true }));
  }
  expect(vault.services.get(name)?.stages).toBe((dokploy.services.get(name)?.stages ?? 0) + 1);
});

it("recreates exactly the containers that use a secret when its value changes", () => {
  const { composeFile } = vault.services.get("postgres")!;
  const render = (rotated: string) =>
    parse(fillIn(composeFile, (used) => (used.includes(rotated) ? "new" : "old"), "same")).services;
  const before = render("none");
  const changed = (rotated: string) =>
    Object.entries(render(rotated))
      .filter(([key, container]) => JSON.stringify(container) !== JSON.stringify(before[key]))
      .map(([key]) => key);
  expect(changed("database_authentik")).toEqual([
    "platform-postgres-databases-staging",
    "platform-postgres-vault-agent-staging",
  ]);
  expect(changed("postgres_password")).toEqual([
    "platform-postgres-check-1-staging",
    "platform-postgres-databases-staging",
    "platform-postgres-staging",
    "platform-postgres-vault-agent-staging",
  ]);
});

it("a new sign-in recreates the agent and nobody else", () => {
  const { composeFile } = vault.services.get("redis")!;
  const [one, two] = ["a", "b"].map((signIn) => parse(fillIn(composeFile, () => "x", signIn)).services);
  const changed = Object.keys(one).filter((key) => JSON.stringify(one[key]) !== JSON.stringify(two[key]));
  expect(changed).toEqual(["platform-redis-vault-agent-staging"]);
});

it("gives each secret one place, read by its owner and those who borrow it", () => {
  const { vault: redis } = vault.services.get("redis")!;
  const { vault: authentik } = vault.services.get("authentik")!;
  expect(authentik?.places.authentik_redis_password).toEqual(redis?.places.redis_password);
  expect(authentik?.shared).toEqual(["postgres_database_authentik", "redis_redis_password"]);
  expect(redis?.shared).toEqual([]);
  expect(authentik?.owns).toEqual({
    authentik: {
      path: "secret/data/platform/staging/authentik",
      fields: {
        authentik_admin_password: { rotation: 1 },
        authentik_admin_token: { rotation: 1 },
        authentik_secret_key: { rotation: 1 },
      },
    },
  });
});

it("asks for new values with secretVersion, for the owner's secrets only", () => {
  const { services } = plan("platform:redis: {secretVersion: 2}");
  expect(services.get("redis")?.vault?.owns).toMatchObject({
    "redis-redis_password": { fields: { redis_password: { rotation: 2 } } },
  });
  expect(services.get("authentik")).toEqual(vault.services.get("authentik"));
});

it("refuses an address in clear whose host nobody named, for the containers as well", () => {
  const { problems } = plan("platform:vault: {address: http://vault.internal:8200/}");
  expect(problems).toEqual([
    expect.stringMatching(/reaches vault.internal without encryption.+platform:allowInsecure/),
  ]);
});

it("takes mounts and the containers' own address from the config", () => {
  const { services } = plan(
    "platform:allowInsecure: vault.internal",
    "platform:vault: {address: http://vault.internal:8200/, kv: team, approle: machines}",
    "dokploy:project: infra",
  );
  const redis = services.get("redis")!;
  expect(redis.composeFile).toContain("VAULT_ADDR=http://vault.internal:8200\n");
  expect(redis.composeFile).toContain('"auth/machines"');
  expect(redis.vault?.places.redis_password?.path).toBe("team/data/infra/staging/shared/redis_redis_password");
  expect(redis.vault?.role).toBe("infra.staging.redis");
});

it("carries an agent's configuration that YAML would alter in the env", () => {
  const buckets = Array.from({ length: 20 }, (_, index) => `a-bucket-with-a-long-name-${index}`);
  const minio = plan(`platform:minio: {buckets: [${buckets.join(", ")}]}`).services.get("minio")!;
  const [variable = ""] = Object.keys(minio.env).filter((key) => key.startsWith("CONFIG_VAULT_AGENT_"));
  expect(JSON.parse(minio.env[variable] ?? "").template).toHaveLength(buckets.length + 4);
  const { configs } = parse(minio.composeFile) as { configs: Record<string, object> };
  expect(Object.values(configs)).toContainEqual({ environment: variable });
});

describe("refuses, with place and hint,", () => {
  it.each<[string, string[], string]>([
    [
      "no address",
      ["platform:secrets: vault"],
      "Pulumi.staging.yaml  `vault:address`: is missing; the containers reach Vault there  (write it like `https://vault.example.org`)",
    ],
    [
      "an address that is none",
      ["platform:secrets: vault", "vault:address: vault.example.org"],
      "Pulumi.staging.yaml:5:3  `vault:address`: is no http(s) address",
    ],
    [
      "an unknown key",
      ["platform:secrets: vault", "vault:address: https://v", "platform:vault: {adress: https://v}"],
      "Pulumi.staging.yaml:6:20  `platform:vault.adress`: unknown key  (did you mean `address`?)",
    ],
    [
      "a mount that is none",
      ["platform:secrets: vault", "vault:address: https://v", "platform:vault: {kv: /secret/}"],
      "`platform:vault.kv`: is no path of a mount",
    ],
    [
      "a project that cannot be part of a path",
      ["platform:secrets: vault", "vault:address: https://v", "dokploy:project: My Platform"],
      "Pulumi.staging.yaml:6:3  `dokploy:project`: project `My Platform` cannot be part of a path in Vault",
    ],
    [
      "a value in the config",
      [
        "platform:secrets: vault",
        "vault:address: https://v",
        "platform:redis: {secrets: {redis_password: {secure: v1:abc}}}",
      ],
      "Pulumi.staging.yaml:6:30  `platform:redis.secrets.redis_password`: this stack's secrets live in Vault  (take it out, and put the value into Vault: `dockmaster secret set <stack> redis redis_password`)",
    ],
  ])("%s", (_name, lines, expected) => {
    const { services, problems } = planWith(lines);
    expect([...services]).toEqual([]);
    expect(problems).toEqual([expect.stringContaining(expected)]);
  });
});
