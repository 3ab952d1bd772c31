import { describe, expect, test } from "vitest";
import { differences, readWanted, secretsToKeep } from "../../../../../cli/stack/adopt/adopted-service.ts";
import { type ComposeRecord, composeRecord } from "../../../../../components/dokploy/api/schema.ts";
import { UNKNOWN } from "../../../../../components/dokploy/rules/inputs.ts";
import { rightSettings, settingColumns } from "../../../../../components/dokploy/rules/settings.ts";

const composeFile = "services: {redis: {image: 'redis:8'}}\nsecrets: {redis_password: {environment: REDIS_PASSWORD}}\n";
const owner = { project: "dockmaster", stack: "staging", keyId: "0123456789abcdef" };
const inputs = { name: "redis", service: "redis", owner, composeFile, environmentId: UNKNOWN, waitTimeout: 60 };
const env = { MEMORY: "256m", REDIS_PASSWORD: "generated" };
const urn = (type: string, name: string) =>
  `urn:pulumi:staging::dockmaster::dockmaster:platform:Service$pulumi-nodejs:dynamic/${type}::${name}`;

/** What a plan with these inputs, and these secrets in Vault, wants of redis. */
function wants(more: object = {}, inVault: Record<string, string[]> = {}) {
  const secrets = Object.entries(inVault).map(([path, fields]): [string, Record<string, unknown>] => [
    urn("vault:Secrets", "redis"),
    { path, fields: Object.fromEntries(fields.map((field) => [field, {}])) },
  ]);
  const all = new Map([[urn("dokploy:Compose", "redis"), { ...inputs, env, ...more }], ...secrets]);
  return readWanted(all, "redis", ["redis"])!;
}

/** A record as an update of ours leaves it. */
const equal: ComposeRecord = composeRecord.parse({
  ...settingColumns(rightSettings("redis-1", 60, "e1")),
  ...{ composeId: "c1", name: "redis", appName: "redis-1", environmentId: "e1", composeFile },
  environment: { projectId: "p1", project: { projectId: "p1", name: "platform" } },
  env: "REDIS_PASSWORD=generated\nMEMORY=256m\n",
});
const live = { ...equal, env: 'MEMORY=256m\nREDIS_PASSWORD="from before"\n' };
const route = { host: "a.example.org", service: "redis", port: 80, https: false };
const domain = {
  ...{ domainId: "d1", host: "a.example.org", serviceName: "redis", port: 80, https: false, path: null },
  certificateType: "none",
};

describe("a value to keep", () => {
  test("is the one that a secret has on Dokploy where the platform would set another, unless somebody gave that", () => {
    expect(secretsToKeep(live, wants(), [])).toEqual([{ name: "redis_password", value: "from before" }]);
    expect(secretsToKeep(live, wants(), ["redis_password"])).toEqual([]);
    expect(secretsToKeep(equal, wants(), [])).toEqual([]);
    expect(secretsToKeep({ env: null }, wants(), [])).toEqual([]);
  });

  test("is kept in Vault where secrets live there, even before the compose file is known", () => {
    const path = "secret/data/platform/staging/redis";
    const unknown = wants({ composeFile: UNKNOWN }, { [path]: ["redis_password", "another"] });
    expect(secretsToKeep(live, unknown, [])).toEqual([{ name: "redis_password", value: "from before", path }]);
    expect(differences(live, unknown)).toContain("composeFile");
  });

  test.each([
    ["an escaped quote", 'A="it\\"s"', 'it\\"s'],
    ["text behind a quote", "A='x'y", "'x'y"],
    ["a colon", "A: v", "v"],
    ["an escaped carriage return", 'A="x\\ry"', "x\ry"],
    ["the last of two", "A=1\nA=2", "2"],
    ["a comment", "A=x # y", "x"],
    ["several lines", "A='x\ny'", "x\ny"],
  ])("is what Dokploy's own reader makes of the env: %s", (_, text, value) => {
    const wanted = wants({ composeFile: "secrets: {password: {environment: A}}\n", env: { A: "generated" } });
    expect(secretsToKeep({ env: text }, wanted, [])).toEqual([{ name: "password", value }]);
  });
});

describe("what taking a service over changes", () => {
  test("is nothing when text and values are equal, whatever their line ends and order", () => {
    const lines = { ...equal, composeFile: composeFile.replaceAll("\n", "\r\n") };
    expect(differences(lines, wants())).toEqual([]);
  });

  test.each<[string, Partial<ComposeRecord>, string[]]>([
    ["a text", { composeFile: "services: {}" }, ["composeFile"]],
    ["a secret", { env: live.env }, ["env.REDIS_PASSWORD"]],
    ["a value", { env: "REDIS_PASSWORD=generated\nMEMORY=1g\n" }, ["env.MEMORY"]],
    ["a value that goes", { env: `${equal.env}OLD=1` }, ["env.OLD"]],
    ["no env", { env: null }, ["env.MEMORY", "env.REDIS_PASSWORD"]],
    ["automatic deploys", { autoDeploy: true }, ["autoDeploy"]],
    ["another command", { command: null }, ["command"]],
    ["a source that is no text", { sourceType: "github" }, ["sourceType"]],
    ["another name", { name: "my-redis" }, ["name"]],
  ])("is named by its keys: %s", (_, found, keys) => {
    expect(differences({ ...equal, ...found }, wants())).toEqual(keys);
  });

  test("are routes that are not there yet, or lead elsewhere, whatever the letters of the host", () => {
    const found = { ...equal, domains: [{ ...domain, host: "A.example.org" }] };
    expect(differences({ ...equal, domains: [domain] }, wants({ domains: [route] }))).toEqual([]);
    const more = wants({ domains: [route, { ...route, host: "b.example.org" }] });
    expect(differences({ ...equal, domains: [domain] }, more)).toEqual(["domains.b.example.org/"]);
    expect(differences(found, wants({ domains: [{ ...route, port: 81 }] }))).toEqual(["domains.a.example.org/"]);
  });

  test("are routes made by hand that the update takes away", () => {
    const found = { ...equal, domains: [domain] };
    expect(differences(found, wants())).toEqual(["domains.a.example.org/ (made by hand)"]);
    expect(differences(found, wants({ routes: "any" }))).toEqual([]);
  });
});

describe("a plan", () => {
  test("tells what it wants of one service among others", () => {
    const planned = new Map<string, Record<string, unknown>>([
      [urn("dokploy:Compose", "redis"), { composeFile, env: { A: "1" }, domains: [{ host: "a.example.org" }] }],
      [urn("dokploy:Compose", "redis-copy"), { composeFile: UNKNOWN, env: UNKNOWN }],
      [urn("vault:Secrets", "redis-shared"), { path: "p", fields: { b: {} } }],
    ]);
    const services = ["redis", "redis-copy"];
    expect(readWanted(planned, "redis", services)).toMatchObject({
      composeFile,
      inputs: { env: { A: "1" }, domains: [{ host: "a.example.org", path: "/" }] },
      inVault: [{ path: "p", field: "b" }],
    });
    expect(readWanted(planned, "redis-copy", services)).toMatchObject({
      composeFile: null,
      inputs: { env: {}, domains: [] },
      inVault: [],
    });
    expect(readWanted(planned, "minio", services)).toBeUndefined();
  });

  test("tells where secrets would go of a service that the state has: it names only what it adds", () => {
    const planned = new Map<string, Record<string, unknown>>([
      [urn("dokploy:Compose", "redis"), { stages: 2 }],
      [urn("vault:Secrets", "redis"), { path: "p", fields: { redis_password: {} } }],
    ]);
    expect(readWanted(planned, "redis", ["redis"])).toMatchObject({
      composeFile: null,
      inVault: [{ path: "p", field: "redis_password" }],
    });
  });
});
