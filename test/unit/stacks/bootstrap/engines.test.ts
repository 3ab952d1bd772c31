import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { printProblem } from "../../../../components/compose/problem.ts";
import { checkEngines, deployedStacks, planEngines } from "../../../../stacks/bootstrap/engines.ts";
import { bootstrapSettings } from "../../../../stacks/bootstrap/settings.ts";
import { fromStackFile } from "../../../../stacks/config/stack-file.ts";

const runner = (more: object = {}) => bootstrapSettings.shape.runner.parse(more);
const basis = (more: object = {}) => ({
  layout: { project: "platform", kv: "platform-kv" },
  runner: runner(more),
  env: { DOKPLOY_URL: "https://dokploy.example.org" },
  secrets: ["PULUMI_BACKEND_URL"],
  vaultAddress: "https://vault.example.org",
  inVault: ["staging"],
});

describe("the engine workers", () => {
  test("are one for each stack that has a file and a name that the runner takes, but for the one that sets them up", () => {
    const folder = mkdtempSync(join(tmpdir(), "dockmaster-stacks-"));
    for (const name of ["staging", "bootstrap", "production", "My_own"])
      writeFileSync(join(folder, `Pulumi.${name}.yaml`), "");
    expect(deployedStacks(folder)).toEqual(["production", "staging"]);
    rmSync(folder, { recursive: true });
  });

  test("have a secret, users and a sign-in of their own, the last where their stack's secrets are in Vault", () => {
    const [production, staging] = planEngines(["production", "staging"], basis({ memory: "2g" }));
    expect(staging).toEqual({
      settings: {
        name: "engine-staging",
        stack: "staging",
        users: expect.stringMatching(/^\d+-\d+$/),
        memory: "2g",
        env: { DOKPLOY_URL: "https://dokploy.example.org", VAULT_ADDR: "https://vault.example.org" },
        secrets: ["PULUMI_BACKEND_URL", "VAULT_ROLE_ID", "VAULT_SECRET_ID"],
        path: "platform-kv/data/platform/bootstrap/engine-staging",
      },
      names: ["DOKPLOY_API_KEY", "PULUMI_CONFIG_PASSPHRASE", "PLATFORM_KEY", "PULUMI_BACKEND_URL"],
      signsIn: true,
    });
    expect(production).toMatchObject({
      settings: {
        env: { DOKPLOY_URL: "https://dokploy.example.org" },
        secrets: ["PULUMI_BACKEND_URL"],
        path: "platform-kv/data/platform/bootstrap/engine-production",
      },
      signsIn: false,
    });
    expect(production?.settings.users).not.toBe(staging?.settings.users);
  });

  test("may differ in memory and variables: what is said of one counts before what is said of all", () => {
    const more = {
      memory: "2g",
      env: { LOG_LEVEL: "debug", DOKPLOY_URL: "https://all.example.org" },
      engines: { production: { memory: "4g", env: { DOKPLOY_URL: "https://production.example.org" } } },
    };
    const [production, staging] = planEngines(["production", "staging"], basis(more));
    expect(production?.settings).toMatchObject({
      memory: "4g",
      env: { DOKPLOY_URL: "https://production.example.org", LOG_LEVEL: "debug" },
    });
    expect(staging?.settings).toMatchObject({ memory: "2g", env: { DOKPLOY_URL: "https://all.example.org" } });
  });
});

describe("what is wrong with them", () => {
  const { raw } = fromStackFile("bootstrap", "config:\n  bootstrap:runner: {engines: {stagin: {memory: 2g}}}\n");
  const printed = (...args: Parameters<typeof checkEngines>) => checkEngines(...args).map(printProblem);

  test("nothing, with the stacks of this repository", () => {
    expect(printed(raw!, ["production", "staging"], runner())).toEqual([]);
  });

  test("settings of a stack that there is not", () => {
    expect(printed(raw!, ["production", "staging"], runner({ engines: { stagin: {} } }))).toEqual([
      "Pulumi.bootstrap.yaml:2:32  `bootstrap:runner.engines.stagin`: is no stack of this repository  (there is production, staging)",
    ]);
  });

  test("no stack at all", () => {
    expect(printed(raw!, [], undefined)).toEqual([
      expect.stringContaining("there is no stack that the runner could deploy"),
    ]);
  });
});
