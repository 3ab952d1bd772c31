import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { printProblem } from "../../../components/compose/problem.ts";
import { catalogue } from "../../../stacks/catalogue.ts";
import { fromStackFile, readStackFile } from "../../../stacks/config/stack-file.ts";
import { planStack } from "../../../stacks/plan.ts";

const KEY = "a-master-key-that-is-long-enough-for-all";
const names = catalogue.map(({ name }) => name);

/** The plan of every service of the catalogue, by name. */
function planAll(stack: string, suffix: string, settings = "") {
  const text = `config:\n  platform:domain: example.org\n  platform:suffix: "${suffix}"\n${settings}`;
  const { raw } = fromStackFile(stack, text);
  const { plan, problems } = planStack(stack, raw!, KEY);
  expect(problems.map(printProblem)).toEqual([]);
  return new Map(plan!.services.map((service) => [service.name, service]));
}

const staging = planAll("staging", "-staging");
const production = planAll("production", "");

it.each(["staging", "production"])("finds nothing wrong with the committed %s", (stack) => {
  const { raw } = fromStackFile(stack, readStackFile(stack)!);
  expect(planStack(stack, raw!, KEY).problems).toEqual([]);
});

it("brings up databases before those who use them, whatever the catalogue's order", () => {
  const order = [...staging.keys()];
  expect([...order].sort()).toEqual([...names].sort());
  expect(order.indexOf("authentik")).toBeGreaterThan(order.indexOf("postgres"));
  expect(order.indexOf("authentik")).toBeGreaterThan(order.indexOf("redis"));
  expect(staging.get("authentik")?.needs).toEqual(["postgres", "redis"]);
});

it.each([
  ["authentik", { user: "akadmin", secret: "authentik_admin_password" }],
  ["minio", { user: "platform", secret: "minio_root_password" }],
  ["postgres", { user: "postgres", secret: "postgres_password" }],
  ["redis", { secret: "redis_password" }],
])("names the first login of %s", (name, login) => {
  expect(staging.get(name)?.login).toEqual(login);
});

describe("two environments on one host", () => {
  const shared = (name: string) => {
    const file = parse(staging.get(name)?.composeFile ?? "");
    const other = parse(production.get(name)?.composeFile ?? "");
    const all = (one: typeof file) => [
      ...Object.keys(one.services),
      ...Object.values<{ container_name: string }>(one.services).map((service) => service.container_name),
      ...Object.values<{ name: string }>(one.volumes).map((volume) => volume.name),
      ...Object.values<{ name: string }>(one.networks).map((network) => network.name),
    ];
    return all(file).filter((each) => all(other).includes(each));
  };

  it.each(names)("share no name of %s", (name) => {
    expect(shared(name)).toEqual([]);
  });

  it.each(names)("never mention the other one in %s", (name) => {
    const hosts = staging.get(name)?.composeFile.match(/platform-[a-z0-9-]+/g) ?? [];
    expect(hosts.filter((host) => !host.endsWith("-staging"))).toEqual([]);
    expect(production.get(name)?.composeFile).not.toContain("staging");
  });

  it("share no secret and no route", () => {
    const values = (plans: typeof staging) => [...plans.values()].flatMap(({ secretEnv }) => Object.values(secretEnv));
    const hosts = (plans: typeof staging) =>
      [...plans.values()].flatMap(({ domains }) => domains.map(({ host }) => host));
    expect(values(staging).filter((value) => values(production).includes(value))).toEqual([]);
    expect(hosts(staging).filter((host) => hosts(production).includes(host))).toEqual([]);
  });
});

it("gives authentik the very passwords that postgres and redis have", () => {
  const authentik = staging.get("authentik")?.secretEnv;
  expect(authentik?.AUTHENTIK_DATABASE_PASSWORD).toBe(staging.get("postgres")?.secretEnv.DATABASE_AUTHENTIK);
  expect(authentik?.AUTHENTIK_REDIS_PASSWORD).toBe(staging.get("redis")?.secretEnv.REDIS_PASSWORD);
});

it("makes the databases and buckets that services and settings ask for", () => {
  const plans = planAll(
    "staging",
    "-staging",
    "  platform:postgres: {databases: [shop]}\n  platform:minio: {buckets: [backups, my-files]}\n",
  );
  expect(plans.get("postgres")?.env.POSTGRES_DATABASES).toBe("authentik shop");
  expect(Object.keys(plans.get("postgres")?.secretEnv ?? {})).toEqual([
    "POSTGRES_PASSWORD",
    "DATABASE_AUTHENTIK",
    "DATABASE_SHOP",
  ]);
  expect(plans.get("minio")?.env.MINIO_BUCKETS).toBe("backups my-files");
  expect(plans.get("minio")?.secretEnv).toHaveProperty("BUCKET_MY_FILES");
});

it("does not touch postgres' own container when another database is asked for", () => {
  const more = planAll("staging", "-staging", "  platform:postgres: {databases: [shop]}\n");
  const server = (plans: typeof staging) =>
    parse(plans.get("postgres")?.composeFile ?? "").services["platform-postgres-staging"];
  expect(server(more)).toEqual(server(staging));
  expect(more.get("postgres")?.composeFile).not.toBe(staging.get("postgres")?.composeFile);
});

it.each(names)("keeps every secret value out of %s's text and plain env", (name) => {
  const { composeFile, env, secretEnv } = staging.get(name)!;
  for (const value of Object.values(secretEnv)) expect(JSON.stringify({ composeFile, env })).not.toContain(value);
});

it.each(names)("limits the memory of every container of %s", (name) => {
  const { services } = parse(staging.get(name)?.composeFile ?? "");
  for (const service of Object.values<{ mem_limit?: string }>(services)) expect(service.mem_limit).toBeDefined();
});
