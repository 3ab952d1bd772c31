import { expect, test } from "vitest";
import { programEnvironment } from "../../../../automation/config.ts";
import { buildEngineEnvironment } from "../../../../automation/engine/environment.ts";
import { createVariables, pickEnvironment } from "../../../../automation/environment.ts";
import { SECRET_VARIABLES } from "../../../../automation/variables.ts";
import { shortcutEnvironment } from "../../../../tools/shortcuts/environment.mjs";

const build = (env: Record<string, string>, giveUp?: string[]) =>
  buildEngineEnvironment(programEnvironment(createVariables(env)), {
    path: "/engine:/node",
    pulumiHome: "/data/pulumi",
    compiled: "/data/pulumi/node",
    own: {},
    backendUrl: "file:///data/state",
    release: "v1.2.3 0123abc",
    giveUp,
  });

test("the program sees what it needs, and nothing of what is the runner's own", () => {
  const all = Object.fromEntries(SECRET_VARIABLES.map((name) => [name, `value of ${name}`]));
  const seen = build({
    ...all,
    DATABASE_URL: "postgres://runner:password@db/runs",
    GIT_REPO_URL: "https://token@example.org/x.git",
    GIT_ASKPASS: "/askpass",
    NODE_OPTIONS: "--require /tmp/evil.cjs",
    PULUMI_OPTION_TARGET: "urn:…",
    PULUMI_SKIP_CHECKPOINTS: "true",
    LD_PRELOAD: "/tmp/evil.so",
    HOME: "/root",
  });
  for (const name of [
    "WEBHOOK_SECRET",
    "API_TOKEN",
    "NOTIFY_WEBHOOK",
    "NOTIFY_SLACK",
    "NOTIFY_FEISHU",
    "DATABASE_URL",
    "GIT_REPO_URL",
    "GIT_ASKPASS",
    "PULUMI_OPTION_TARGET",
    "PULUMI_SKIP_CHECKPOINTS",
    "LD_PRELOAD",
  ]) {
    expect(seen).not.toHaveProperty(name);
  }
  expect(seen).toMatchObject({
    ...shortcutEnvironment({}),
    HOME: "/root",
    PATH: "/engine:/node",
    PLATFORM_KEY: "value of PLATFORM_KEY",
    PULUMI_CONFIG_PASSPHRASE: "value of PULUMI_CONFIG_PASSPHRASE",
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    DOCKMASTER_RELEASE: "v1.2.3 0123abc",
  });
});

test("other addresses of a server, and how it is asked, are handed on: the provider's own hints name them", () => {
  const env = { DOKPLOY_ALSO_AT: "http://dokploy:3000", DOKPLOY_TIMEOUT: "30", DOKPLOY_CONCURRENCY: "2" };
  expect(build(env)).toMatchObject(env);
});

test("a program always knows that this runner hands on which hosts may be reached in clear", () => {
  expect(build({})).toHaveProperty("ALLOW_INSECURE", "");
  expect(build({ ALLOW_INSECURE: "dokploy" })).toHaveProperty("ALLOW_INSECURE", "dokploy");
});

test("only the run's own request gives volumes up", () => {
  expect(build({ DOCKMASTER_GIVE_UP: "everything" })).not.toHaveProperty("DOCKMASTER_GIVE_UP");
  expect(build({ DOCKMASTER_GIVE_UP: "everything" }, ["a", "b"])).toHaveProperty("DOCKMASTER_GIVE_UP", "a,b");
});

test("what is not set is not there, not even empty", () => {
  expect(pickEnvironment({ A: "1", B: "", C: undefined }, ["A", "B", "C", "D"])).toEqual({ A: "1" });
});

test("compiled code is kept where the run has it, whatever the environment says", () => {
  expect(build({ NODE_COMPILE_CACHE: "/cache" })).toHaveProperty("NODE_COMPILE_CACHE", "/data/pulumi/node");
});

test("with the shortcuts off nothing of them is there, and the program knows", () => {
  const off = build({ DOCKMASTER_SHORTCUTS: "off" });
  expect(off).toMatchObject({ DOCKMASTER_SHORTCUTS: "off" });
  for (const name of ["NODE_OPTIONS", "NODE_COMPILE_CACHE"]) expect(off).not.toHaveProperty(name);
});
