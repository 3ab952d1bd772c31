import { expect, test } from "vitest";
import { differences, readWanted, secretsToKeep } from "../../../../../cli/stack/adopt/adopted-service.ts";
import { volumesOf } from "../../../../../cli/stack/volumes.ts";

const composeFile = "services: {redis: {image: 'redis:8'}}\nsecrets: {redis_password: {environment: REDIS_PASSWORD}}\n";
const wanted = { composeFile, env: { MEMORY: "256m", REDIS_PASSWORD: "generated" }, routes: [], inVault: [] };
const live = { composeFile, env: 'MEMORY=256m\nREDIS_PASSWORD="from before"\n', domains: [], autoDeploy: false };
const equal = { ...live, env: "REDIS_PASSWORD=generated\nMEMORY=256m\n" };

test("keeps the value that a secret has on Dokploy where the platform would set another, unless somebody gave that", () => {
  expect(secretsToKeep(live, wanted, [])).toEqual([{ name: "redis_password", value: "from before" }]);
  expect(secretsToKeep(live, wanted, ["redis_password"])).toEqual([]);
  expect(secretsToKeep(equal, wanted, [])).toEqual([]);
  expect(secretsToKeep({ env: null }, wanted, [])).toEqual([]);
});

test("where secrets live in Vault they are kept there, even before the compose file is known", () => {
  const path = "secret/data/platform/staging/redis";
  const inVault = [
    { path, field: "redis_password" },
    { path, field: "another" },
  ];
  const unknown = { ...wanted, composeFile: null, inVault };
  expect(secretsToKeep(live, unknown, [])).toEqual([{ name: "redis_password", value: "from before", path }]);
  expect(differences(live, unknown)).toContain("composeFile");
});

test("nothing differs when text and values are equal, whatever their line ends and order", () => {
  expect(differences({ ...equal, composeFile: composeFile.replaceAll("\n", "\r\n") }, wanted)).toEqual([]);
});

test.each([
  ["a text", { ...equal, composeFile: "services: {}" }, ["composeFile"]],
  ["a secret", live, ["env.REDIS_PASSWORD"]],
  ["a value", { ...equal, env: equal.env.replace("256m", "1g") }, ["env.MEMORY"]],
  ["a value that goes", { ...equal, env: `${equal.env}OLD=1` }, ["env.OLD"]],
  ["no env", { ...equal, env: null }, ["env.MEMORY", "env.REDIS_PASSWORD"]],
  ["automatic deploys", { ...equal, autoDeploy: true }, ["autoDeploy"]],
])("names the keys that differ: %s", (_, found, keys) => {
  expect(differences(found, wanted)).toEqual(keys);
});

test("names routes that are not there yet", () => {
  const found = { ...equal, domains: [{ host: "a.example.org", path: null }] };
  const routes = ["a.example.org/", "b.example.org/"];
  expect(differences(found, { ...wanted, routes })).toEqual(["domains.b.example.org/"]);
});

test("reads what a plan wants of one service among others", () => {
  const urn = (type: string, name: string) =>
    `urn:pulumi:staging::dockmaster::dockmaster:platform:Service$pulumi-nodejs:dynamic/${type}::${name}`;
  const inputs = new Map<string, Record<string, unknown>>([
    [urn("dokploy:Compose", "redis"), { composeFile, env: { A: "1" }, domains: [{ host: "a.example.org" }] }],
    [urn("dokploy:Compose", "redis-copy"), { composeFile: null, env: null }],
    [urn("vault:Secrets", "redis-shared"), { path: "p", fields: { b: {} } }],
  ]);
  const services = ["redis", "redis-copy"];
  expect(readWanted(inputs, "redis", services)).toEqual({
    composeFile,
    env: { A: "1" },
    routes: ["a.example.org/"],
    inVault: [{ path: "p", field: "b" }],
  });
  expect(readWanted(inputs, "redis-copy", services)).toEqual({ composeFile: null, env: {}, routes: [], inVault: [] });
  expect(readWanted(inputs, "minio", services)).toBeUndefined();
});

test("names volumes as they are on the server; external ones and broken files have none", () => {
  const volumes = (text: string | null) => [...volumesOf({ appName: "app-1", composeFile: text })];
  expect(volumes("volumes: {data: , cache: {name: shared-cache}, other: {external: true}}")).toEqual([
    ["data", "app-1_data"],
    ["cache", "shared-cache"],
  ]);
  for (const text of [null, "", "a: [", "volumes: 5"]) expect(volumes(text)).toEqual([]);
});

test("reads where secrets would go of a service that the state has: a plan names only what it adds", () => {
  const urn = (type: string, name: string) =>
    `urn:pulumi:staging::dockmaster::dockmaster:platform:Service$pulumi-nodejs:dynamic/${type}::${name}`;
  const inputs = new Map<string, Record<string, unknown>>([
    [urn("dokploy:Compose", "redis"), { stages: 2 }],
    [urn("vault:Secrets", "redis"), { path: "p", fields: { redis_password: {} } }],
  ]);
  expect(readWanted(inputs, "redis", ["redis"])).toMatchObject({
    composeFile: null,
    inVault: [{ path: "p", field: "redis_password" }],
  });
});
