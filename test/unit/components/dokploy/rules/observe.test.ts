import { expect, test } from "vitest";
import { printMarker } from "../../../../../components/dokploy/api/marker.ts";
import { composeRecord, environmentRecord } from "../../../../../components/dokploy/api/schema.ts";
import { fingerprintKey, printDeployment } from "../../../../../components/dokploy/rules/fingerprint.ts";
import { observeEnvironment, observeService, routesIn } from "../../../../../components/dokploy/rules/observe.ts";
import { LEFT_FORMAT } from "../../../../../components/look/left.ts";
import { observeSecret, observeSignIn } from "../../../../../components/vault/observe.ts";

const key = fingerprintKey("a-platform-key-of-this-test-alone") as Buffer;
const owner = { project: "platform", stack: "staging", keyId: "0123456789abcdef" };
const domain = {
  domainId: "d1",
  host: "Web.example.org",
  path: "/app",
  port: 80,
  https: true,
  certificateType: "letsencrypt",
  serviceName: "web",
  stripPath: false,
  createdAt: "2026-11-20T13:00:00Z",
};
const raw = {
  composeId: "compose-1",
  name: "web",
  appName: "web-a1b2c3",
  description: printMarker({ ...owner, service: "web", routes: ["web.example.org/app"] }),
  env: 'A=1\nB="two\\nlines"\n',
  composeFile: "services:\n  web: {}\n",
  sourceType: "raw",
  composeType: "docker-compose",
  autoDeploy: false,
  command: "compose up",
  createEnvFile: true,
  composePath: "./docker-compose.yml",
  suffix: "",
  randomize: false,
  isolatedDeployment: false,
  serviceNetworks: [],
  environmentId: "environment-1",
  environment: { projectId: "p1", project: { projectId: "p1", name: "platform" } },
  deployments: [
    { deploymentId: "1", title: "first", status: "error", createdAt: "2026-11-20T12:00:00Z" },
    {
      deploymentId: "2",
      title: "second",
      status: "done",
      description: printDeployment("v1.0.2", "0123456789abcdef01234567"),
      createdAt: "2026-11-20T13:00:00Z",
    },
  ],
  domains: [domain, { ...domain, domainId: "d2", host: "by-hand.example.org" }],
};
const observe = (patch: object = {}, ours = ["web.example.org/app"]) =>
  observeService(composeRecord.parse({ ...raw, ...patch }), key, ours);
const differing = (patch: object) => {
  const [before, after] = [observe(), observe(patch)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((part) => before[part] !== after[part]);
};

// What was left is kept by runners of one release and compared by those of another. Whoever has to change these digests changes what
// they mean: raise LEFT_FORMAT in components/look/left.ts with it, and whoever kept the old ones asks the engine once.
test("the meaning of every digest is frozen", () => {
  const environment = environmentRecord.parse({
    environmentId: "environment-1",
    name: "staging",
    projectId: "p1",
    project: { projectId: "p1", name: "platform" },
  });
  const secret = { version: 3, created: "2026-11-20T13:00:00.123Z", deleted: false };
  expect({
    format: LEFT_FORMAT,
    service: observe(),
    environment: observeEnvironment(environment, key),
    secret: observeSecret("secret/data/platform/staging/web", secret, key),
    signIn: observeSignIn("backend=approle::role=r::accessor=a", { roleId: "1", accessor: "a" }, key),
  }).toMatchInlineSnapshot(`
    {
      "environment": {
        "PLATFORM_KEY": "dfcd8036e1724f840447b9b8",
        "name": "e3227a51d1bde9517eb79a19",
        "project": "d388628fc0b690a500b62c6c",
        "projectId": "6a0ab6eea53bc112ddd68ad2",
      },
      "format": 1,
      "secret": {
        "PLATFORM_KEY": "22d74169774f3c86279e8457",
        "version": "c608c19dc8a1bb7d509e691e",
      },
      "service": {
        "PLATFORM_KEY": "fa52e4b04fdcc2bb25efe72b",
        "appName": "f24e0e6b0b87df6885549fc0",
        "composeFile": "b743ed5af42f69d151d262ec",
        "deployment": "ca3aa490e600fbfa593b53b9",
        "domains.by-hand.example.org/app (made by hand)": "6b5811c19b02b01504ee518c",
        "domains.web.example.org/app": "638009dbeb622258c74cd07d",
        "env.A": "3da9e2af9d12cd45067e2533",
        "env.B": "c537cd9993ffd183e7c223ad",
        "name": "52b64d7035bdd22f9f48e22e",
        "owner": "275ac331f89d8984e1ffc45d",
        "settings.autoDeploy": "990e2a266f7e46c0bbd99a48",
        "settings.command": "1ba822fc38ca1935fffd5121",
        "settings.composePath": "3fdfb3f9841ae527d6d2d1a2",
        "settings.composeType": "d30b94a021ab291edf35461b",
        "settings.createEnvFile": "180caba5d59e89c9cec65b0e",
        "settings.environmentId": "c1c3b0b51a379161308a49eb",
        "settings.isolatedDeployment": "2ea21619d52a5e75fa4e9199",
        "settings.randomize": "ba536840c924ba3ff58cf5df",
        "settings.serviceNetworks": "87ee7e79af27ec84fd4905de",
        "settings.sourceType": "3b53db0ea781e846874b6427",
        "settings.suffix": "91a78907f463ec0f249091d3",
      },
      "signIn": {
        "PLATFORM_KEY": "124c4b8fdafee3a014857a9e",
        "roleId": "63190dea823599b85a95dcce",
        "secretId": "ce1650c96e3748d7addb125e",
      },
    }
  `);
});

test.each<[string, object, string[]]>([
  ["the name", { name: "other" }, ["name"]],
  ["the name of its project", { appName: "other" }, ["appName"]],
  ["the text", { composeFile: "services: {}\n" }, ["composeFile"]],
  ["a variable", { env: 'A=2\nB="two\\nlines"' }, ["env.A"]],
  ["a variable less", { env: "A=1" }, ["env.B"]],
  ["a variable more", { env: `${raw.env}C=` }, ["env.C"]],
  ...(
    [
      ["autoDeploy", true],
      ["command", "other"],
      ["sourceType", "github"],
      ["composeType", "stack"],
      ["createEnvFile", false],
      ["composePath", "./other.yml"],
      ["suffix", "x"],
      ["randomize", true],
      ["isolatedDeployment", true],
      ["serviceNetworks", [{}]],
      ["environmentId", "environment-2"],
    ] as const
  ).map(([name, value]): [string, object, string[]] => [`setting ${name}`, { [name]: value }, [`settings.${name}`]]),
  [
    "whose it is",
    { description: printMarker({ ...owner, stack: "other", service: "web", routes: ["web.example.org/app"] }) },
    ["owner"],
  ],
  [
    "which service it is",
    { description: printMarker({ ...owner, service: "db", routes: ["web.example.org/app"] }) },
    ["owner"],
  ],
  [
    "a deployment more",
    { deployments: [...raw.deployments, { deploymentId: "3", title: "third", createdAt: "2026-11-20T14:00:00Z" }] },
    ["deployment"],
  ],
  ["how the last one ended", { deployments: [{ ...raw.deployments[1], status: "error" }] }, ["deployment"]],
  ["what it brought", { deployments: [{ ...raw.deployments[1], description: "" }] }, ["deployment"]],
  ["no deployment", { deployments: [] }, ["deployment"]],
  ["a route of ours", { domains: [{ ...domain, port: 81 }, raw.domains[1]] }, ["domains.web.example.org/app"]],
  [
    "a second one for it",
    { domains: [...raw.domains, { ...domain, domainId: "d3" }] },
    ["domains.web.example.org/app"],
  ],
  [
    "what only a person sets of it",
    { domains: [{ ...domain, middlewares: ["x"] }, raw.domains[1]] },
    ["domains.web.example.org/app"],
  ],
  ["one that it lost", { domains: [raw.domains[1]] }, ["domains.web.example.org/app"]],
  ["a route made by hand, gone", { domains: [domain] }, ["domains.by-hand.example.org/app (made by hand)"]],
])("a refresh looks at it, so it counts: %s", (_, patch, parts) => {
  expect(differing(patch)).toEqual(parts);
});

test.each<[string, object]>([
  ["words around the marker", { description: raw.description.replace("undone", "UNDONE") }],
  ["line ends", { composeFile: "services:\r\n  web: {}\r\n" }],
  ["how env is written, and in which order", { env: "# hi\nB='two\nlines'\nexport A=1" }],
  ["older deployments", { deployments: [raw.deployments[1]] }],
  ["the log of the last", { deployments: [{ ...raw.deployments[1], finishedAt: "2026-11-20T13:01:00Z" }] }],
  ["the order of routes", { domains: [...raw.domains].reverse() }],
  [
    "a column that stands at its default",
    { domains: [{ ...domain, internalPath: "/", enabled: true, middlewares: [] }, raw.domains[1]] },
  ],
  ["where a route goes that somebody made", { domains: [domain, { ...raw.domains[1], port: 99 }] }],
  ["what nobody reads", { refreshToken: "x", updatedAt: "now" }],
])("a refresh does not look at it, so it does not: %s", (_, patch) => {
  expect(differing(patch)).toEqual([]);
});

test("a route is ours by the program or by the marker, whichever says so", () => {
  const unmarked = { description: printMarker({ ...owner, service: "web", routes: [] }) };
  expect(observe(unmarked)).toEqual(observe());
  expect(observe({}, [])).toEqual(observe());
  expect(routesIn(observe())).toContain("web.example.org/app");
});

test("equal values in two places or two services have nothing in common", () => {
  const other = observe({ composeId: "compose-2", env: "A=1\nB=1" });
  expect(other["env.A"]).not.toBe(other["env.B"]);
  expect(other["env.A"]).not.toBe(observe()["env.A"]);
});
