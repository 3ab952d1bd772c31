import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { Environment } from "../../../../components/dokploy/resources.ts";
import type { ServicePlan } from "../../../../components/platform/plan.ts";
import { PlatformService, type PlatformServiceArgs } from "../../../../components/platform/platform-service.ts";

interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

const registered: Registered[] = [];
const owner = { project: "dockmaster", stack: "staging", keyId: "0123456789abcdef" };

await pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, inputs });
      return { id: `${name}-id`, state: { ...inputs, environmentId: "env-1" } };
    },
    call: () => ({}),
  },
  "dockmaster",
  "staging",
);

const plan: ServicePlan = {
  name: "redis",
  needs: [],
  composeFile: "services: {}\n",
  env: { MEMORY: "1g" },
  secretEnv: { PASSWORD: "hidden" },
  domains: [],
  checks: [],
  ownChecks: [],
  data: ["data"],
  waitTimeout: 120,
  stages: 2,
  adopt: false,
};

/** Registers a service and waits until the engine has seen all of it. */
async function register(name: string, changes: Partial<PlatformServiceArgs> = {}): Promise<PlatformService> {
  const environment = new Environment("environment", { project: "platform", name: "staging", owner });
  const service = new PlatformService(name, { plan, environment, owner, needs: [], ...changes });
  await new Promise((resolve) => pulumi.all([service.urn, service.compose.urn]).apply(resolve));
  return service;
}

interface Seen {
  env: Record<string, unknown>;
  opts: pulumi.CustomResourceOptions;
}

/** What a transformation sees of the Compose project: its env before it is serialised, and the options, which mocks do not get. */
async function look(changes: Partial<PlatformServiceArgs> = {}): Promise<Seen> {
  const seen: Seen[] = [];
  const environment = new Environment("environment", { project: "platform", name: "staging", owner });
  const watch: pulumi.ResourceTransformation = ({ type, props, opts }) => {
    if (type.endsWith("Compose")) seen.push({ env: props.env, opts });
    return undefined;
  };
  const args = { plan, environment, owner, needs: [], ...changes };
  const service = new PlatformService("redis", args, { transformations: [watch] });
  await new Promise((resolve) => service.compose.urn.apply(resolve));
  return seen[0]!;
}

beforeEach(() => {
  registered.length = 0;
});

describe("a platform service", () => {
  it("says which parts may differ, and nothing where there are none", async () => {
    await register("redis", { plan: { ...plan, ignore: ["env.A"] } });
    await register("minio");
    const inputs = (name: string) =>
      registered.find((each) => each.name === name && each.type.endsWith("dokploy:Compose"))?.inputs;
    expect(inputs("redis")?.ignore).toEqual(["env.A"]);
    expect(inputs("minio")).not.toHaveProperty("ignore");
  });

  it("registers itself without inputs, and one Compose project of its name", async () => {
    await register("redis");
    const found = registered.map(({ type, name }) => [type, name]);
    expect(found).toContainEqual(["dockmaster:platform:Service", "redis"]);
    expect(found).toContainEqual(["pulumi-nodejs:dynamic/dokploy:Compose", "redis"]);
    expect(registered.find(({ type }) => type === "dockmaster:platform:Service")?.inputs).toEqual({});
  });

  it("hands over what was planned", async () => {
    await register("redis");
    const compose = registered.find(({ type }) => type.endsWith("Compose"));
    expect(compose?.inputs).toMatchObject({
      environmentId: "env-1",
      name: "redis",
      service: "redis",
      owner,
      composeFile: plan.composeFile,
      stages: 2,
      waitTimeout: 120,
    });
  });

  it("keeps secrets secret and plain values plain", async () => {
    const { env } = await look();
    expect(env.MEMORY).toBe("1g");
    expect(await pulumi.isSecret(env.PASSWORD as pulumi.Output<string>)).toBe(true);
  });

  it("keeps all of the env secret when the settings hold a secret", async () => {
    const { env } = await look({ guarded: true });
    expect(await pulumi.isSecret(env.MEMORY as pulumi.Output<string>)).toBe(true);
  });

  it("keeps only that of it secret which depends on the secret, where the plan tells", async () => {
    const settings = { ...plan, env: { MEMORY: "1g", TOKEN: "t" }, hidden: ["TOKEN"] };
    const { env } = await look({ guarded: true, plan: settings });
    expect(env.MEMORY).toBe("1g");
    expect(await pulumi.isSecret(env.TOKEN as pulumi.Output<string>)).toBe(true);
  });

  it("waits for others with its Compose project only, so that it shows even when they fail", async () => {
    const postgres = await register("postgres");
    const { opts } = await look({ needs: [postgres] });
    expect(opts.dependsOn).toEqual([postgres.compose]);
  });

  it.each([
    ["with data", ["data"], false, true],
    ["without data", [], false, false],
    ["with data that may go", ["data"], true, false],
  ])("%s: retained %s", async (_name, data, disposable, expected) => {
    const { opts } = await look({ plan: { ...plan, data }, disposable });
    expect(opts.retainOnDelete).toBe(expected);
  });
});
