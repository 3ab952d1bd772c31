import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { CHANNELS } from "../../../automation/notify/channels.ts";
import {
  ENGINE_VARIABLES,
  SECRET_VARIABLES,
  seenBy,
  VARIABLES,
  type Variable,
  variablesThat,
} from "../../../automation/variables.ts";
import {
  CALLERS_SECRETS,
  DOOR_SECRETS,
  ENGINE_SECRETS,
  isEngineSecret,
  isOptionalSecret,
  OPTIONAL_SECRETS,
  OWN_SIGN_IN,
} from "../../../components/bootstrap/runner/secrets.ts";

const inVault = (when: Variable["inVault"]) => variablesThat((variable) => variable.inVault === when);

test("git and npm see no secret, and the way to the network as the program does", () => {
  for (const viewer of ["git", "npm"] as const) {
    for (const name of seenBy(viewer)) expect(VARIABLES[name], name).not.toHaveProperty("secret");
  }
  const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
  for (const viewer of ["program", "git", "npm"] as const) {
    expect(seenBy(viewer)).toEqual(expect.arrayContaining(proxies));
  }
});

test("what the program does not need stays with the runner", () => {
  const own = ["WEBHOOK_SECRET", "API_TOKEN", "DATABASE_URL", "GIT_REPO_URL", "PULUMI_BACKEND_URL"];
  for (const name of [...own, ...Object.values(CHANNELS).map(({ variable }) => variable)]) {
    expect(seenBy("program")).not.toContain(name);
  }
});

test("every default is one that the variable may have", () => {
  for (const [name, variable] of Object.entries<Variable>(VARIABLES)) {
    if (variable.default !== undefined) expect(variable.reads?.safeParse(variable.default).success, name).toBe(true);
  }
});

test("what is read before the table is loaded has the table's default", () => {
  const main = readFileSync(join(import.meta.dirname, "../../../automation/compiled.mjs"), "utf8");
  expect(main).toContain(`process.env.DATA_DIR || "${VARIABLES.DATA_DIR.default}"`);
});

test("the address of every channel is a secret", () => {
  for (const { variable } of Object.values(CHANNELS)) expect(SECRET_VARIABLES).toContain(variable);
});

describe("the bootstrap stack's own contract with the runner", () => {
  test("has the secrets that every runner needs", () => {
    expect([...DOOR_SECRETS, ...ENGINE_SECRETS].sort()).toEqual(inVault("always").sort());
  });

  test("knows how long the secrets of callers must be", () => {
    const judged = variablesThat(({ strength }) => strength === "whole" || strength === "parts");
    expect(CALLERS_SECRETS).toEqual(
      Object.fromEntries(judged.map((name) => [name, (VARIABLES[name] as Variable).strength])),
    );
  });

  test("has those that it mints itself", () => {
    expect([...OWN_SIGN_IN]).toEqual(inVault("minted"));
  });

  test("takes every other secret that Vault may hold, and lists no other", () => {
    expect(inVault("named").filter((name) => !isOptionalSecret(name))).toEqual([]);
    expect(inVault("named")).toEqual(expect.arrayContaining([...OPTIONAL_SECRETS]));
  });

  test("gives the workers those that they read, and none besides", () => {
    const inVault = variablesThat((variable) => variable.inVault);
    expect(inVault.filter(isEngineSecret)).toEqual(inVault.filter((name) => ENGINE_VARIABLES.includes(name)));
  });

  test("gives them to the containers as files, each to the one that it belongs to", () => {
    const file = join(import.meta.dirname, "../../../components/bootstrap/runner/compose.yaml");
    const { runner, engine } = parse(readFileSync(file, "utf8")).services;
    const filesOf = (environment: Record<string, string>) =>
      Object.keys(environment).flatMap((name) => /^(.+)_FILE$/.exec(name)?.[1] ?? []);
    const always = inVault("always");
    expect(filesOf(runner.environment).sort()).toEqual(always.filter((name) => !isEngineSecret(name)).sort());
    expect(filesOf(engine.environment).sort()).toEqual(always.filter(isEngineSecret).sort());
    for (const { environment, secrets } of [runner, engine]) {
      expect(filesOf(environment)).toEqual(secrets);
      for (const name of secrets) expect(environment[`${name}_FILE`]).toBe(`/run/secrets/${name}`);
    }
  });
});
