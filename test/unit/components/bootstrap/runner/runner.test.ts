import type * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test } from "vitest";
import { recordResources, unwrap } from "./registered.ts";

const engine = await recordResources(() => ({ environmentId: "env-1" }));
const { Runner } = await import("../../../../../components/bootstrap/runner/runner.ts");
beforeEach(engine.clear);

const owner = { project: "dockmaster", stack: "bootstrap", keyId: "0123456789abcdef" };
const args = {
  project: "platform",
  owner,
  text: {
    composeFile: "services: {}\n",
    env: { GIT_BRANCH: "main" },
    container: "platform-runner-bootstrap",
    stages: 2,
  },
  signIns: [
    { roleId: "role", secretId: "canary", env: { roleId: "VAULT_ROLE_ID", secretId: "VAULT_SECRET_ID" } },
    { roleId: "other", secretId: "canary-2", env: { roleId: "ENGINE_X_ROLE_ID", secretId: "ENGINE_X_SECRET_ID" } },
  ],
  host: "iac.example.org",
  checks: [{ url: "https://iac.example.org/health/live" }],
  waitTimeout: 180,
  adopt: false,
};

describe("the runner", () => {
  test("lives in an environment of its own", async () => {
    new Runner("runner", args);
    const { __provider, ...inputs } = (await engine.inputsOf("Environment"))!;
    expect(inputs).toMatchObject({ project: "platform", name: "bootstrap", owner });
  });

  test("is one Compose project with a route and TLS, checked from outside", async () => {
    expect(new Runner("runner", args).url).toBe("https://iac.example.org");
    expect(await engine.inputsOf("Compose")).toMatchObject({
      environmentId: "env-1",
      name: "runner",
      service: "runner",
      owner,
      composeFile: "services: {}\n",
      domains: [
        {
          host: "iac.example.org",
          service: "platform-runner-bootstrap",
          port: 8080,
          https: true,
          certificate: "letsencrypt",
        },
      ],
      checks: [{ url: "https://iac.example.org/health/live" }],
      waitTimeout: 180,
      stages: 2,
      adopt: false,
    });
  });

  test("gives each agent its sign-in, as a secret", async () => {
    new Runner("runner", args);
    const env = (await engine.ofType("Compose"))[0]?.inputs.env;
    expect(unwrap(env)).toEqual({
      GIT_BRANCH: "main",
      VAULT_ROLE_ID: "role",
      VAULT_SECRET_ID: "canary",
      ENGINE_X_ROLE_ID: "other",
      ENGINE_X_SECRET_ID: "canary-2",
    });
    expect(env).toHaveProperty("4dabf18193072939515e22adb298388d");
  });

  test("stays when it is taken out of the program: its volume holds the history", async () => {
    const seen: pulumi.CustomResourceOptions[] = [];
    const watch: pulumi.ResourceTransformation = ({ type, opts }) => {
      if (type.endsWith("Compose")) seen.push(opts);
      return undefined;
    };
    new Runner("runner", args, { transformations: [watch] });
    await engine.ofType("Compose");
    expect(seen[0]?.retainOnDelete).toBe(true);
  });
});
