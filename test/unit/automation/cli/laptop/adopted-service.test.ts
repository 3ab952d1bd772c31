import { expect, test } from "vitest";
import { differences, secretsToKeep } from "../../../../../automation/cli/laptop/adopted-service.ts";
import { volumesOf } from "../../../../../automation/cli/laptop/volumes.ts";

const composeFile = "services: {redis: {image: 'redis:8'}}\nsecrets: {redis_password: {environment: REDIS_PASSWORD}}\n";
const wanted = { composeFile, env: { MEMORY: "256m", REDIS_PASSWORD: "[secret]" }, domains: [], inVault: [] };
const live = {
  composeFile: composeFile.replace("redis:8", "redis:7"),
  env: 'MEMORY=256m\nREDIS_PASSWORD="from before"\n',
  domains: [],
  autoDeploy: false,
};

test("keeps the value that a secret has on Dokploy, unless somebody gave another", () => {
  expect(secretsToKeep(live, wanted, [])).toEqual([{ name: "redis_password", value: "from before" }]);
  expect(secretsToKeep(live, wanted, ["redis_password"])).toEqual([]);
  expect(secretsToKeep({ ...live, env: "" }, wanted, [])).toEqual([]);
});

test("where secrets live in Vault they are kept there, even before the compose file is known", () => {
  const path = "secret/data/platform/staging/redis";
  const inVault = [
    { path, field: "redis_password" },
    { path, field: "another" },
  ];
  const unknown = { ...wanted, composeFile: null, inVault };
  expect(secretsToKeep(live, unknown, [])).toEqual([{ name: "redis_password", value: "from before", path }]);
  expect(differences(live, unknown, ["redis_password"])).toContain("composeFile");
});

test("an equal compose file has the same fingerprint of its secrets: nothing is to be kept and nothing changes", () => {
  const equal = { ...live, composeFile: composeFile.replaceAll("\n", "\r\n") };
  expect(secretsToKeep(equal, wanted, [])).toEqual([]);
  expect(differences(equal, wanted, [])).toEqual([]);
});

test.each([
  ["another text", live, ["redis_password"], ["composeFile"]],
  ["a secret that gets a new value", live, [], ["composeFile", "env.REDIS_PASSWORD"]],
  ["another value", { ...live, env: "MEMORY=1g\nREDIS_PASSWORD=x" }, ["redis_password"], ["composeFile", "env.MEMORY"]],
  ["a value that goes", { ...live, env: `${live.env}OLD=1` }, ["redis_password"], ["composeFile", "env.OLD"]],
  ["no env", { ...live, env: null }, [], ["composeFile", "env.MEMORY", "env.REDIS_PASSWORD"]],
  ["automatic deploys", { ...live, autoDeploy: true }, ["redis_password"], ["composeFile", "autoDeploy"]],
])("names the keys that differ: %s", (_, found, kept, keys) => {
  expect(differences(found, wanted, kept)).toEqual(keys);
});

test("names routes that are not there yet", () => {
  const routed = { ...wanted, domains: [{ host: "a.example.org", path: "/" }, { host: "b.example.org" }] };
  const found = { ...live, domains: [{ host: "a.example.org", path: null }] };
  expect(differences(found, routed, ["redis_password"])).toEqual(["composeFile", "domains.b.example.org/"]);
});

test("names volumes as they are on the server; external ones and broken files have none", () => {
  const volumes = (text: string | null) => [...volumesOf({ appName: "app-1", composeFile: text })];
  expect(volumes("volumes: {data: , cache: {name: shared-cache}, other: {external: true}}")).toEqual([
    ["data", "app-1_data"],
    ["cache", "shared-cache"],
  ]);
  for (const text of [null, "", "a: [", "volumes: 5"]) expect(volumes(text)).toEqual([]);
});
