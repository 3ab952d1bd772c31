import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { printProblem } from "../../../../components/compose/problem.ts";
import {
  assessContainers,
  expectedServices,
  lastingContainers,
} from "../../../../components/dokploy/rules/containers.ts";
import type { Check } from "../../../../components/platform/checks/checks.ts";
import { planServices } from "../../../../components/platform/plan-services.ts";
import { defineService } from "../../../../components/platform/service.ts";

const FILES: Record<string, string> = {
  web: `services:
  web:
    image: web:1.2
    user: "1000"
    healthcheck: {test: x}
    environment: {COLOR: red, SUFFIX: mine}
    secrets: [web_password]
    volumes: ["data:/data", "./web.conf:/etc/web.conf:ro"]
    ports: ["8080"]
    labels: {team: a}
    depends_on: {setup: {condition: service_completed_successfully}}
  setup: {image: "setup:1.0"}
volumes: {data: }
secrets:
  web_password: {environment: WEB_PASSWORD}
`,
  store: `services:
  store: {image: "store:1.0", healthcheck: {test: x}}
  hidden: {image: "store:1.0", healthcheck: {test: x}}
`,
};

interface Scene {
  own?: Check[];
  settings?: object[];
  masked?: object[];
  files?: Record<string, string>;
  waitTimeout?: number;
}

function plan({ own, settings = [], masked, files = FILES, waitTimeout }: Scene) {
  const web = defineService({
    name: "web",
    settings: {},
    describe: () => ({ data: ["data"], joins: ["web"], ...(own && { checks: own }) }),
  });
  const store = defineService({ name: "store", settings: {}, describe: () => ({ joins: ["store"] }) });
  const common = waitTimeout ? { waitTimeout } : {};
  const { services, problems } = planServices(
    {
      ...{
        stack: "staging",
        domain: "example.org",
        suffix: "-staging",
        key: "k".repeat(40),
        services: ["web", "store"],
      },
      settings: { web: { checks: settings, ...common } },
      ...(masked && { masked: { web: { checks: masked, ...common } } }),
    },
    {
      catalogue: [web, store],
      readFile: (service, path) => {
        const text = path === "compose.yaml" ? files[service] : path === "web.conf" ? "x" : undefined;
        return text === undefined ? undefined : { bytes: new TextEncoder().encode(text), executable: false };
      },
      configProblem: (key, path, message, hint) => ({
        file: "config",
        message: `${[key, ...path].join(".")} ${message}`,
        hint,
      }),
    },
  );
  const found = services.find(({ name }) => name === "web");
  return { web: found, text: found && parse(found.composeFile), problems: problems.map(printProblem) };
}

const NAME = (key: string) => `platform-web-${key}-staging`;
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
const COMMAND = { command: 'test "$(cat /run/secrets/web_password)" != "" || echo ${X} $$', beside: "web" };

describe("a command beside a container", () => {
  const { text, web } = plan({ own: [COMMAND] });

  it("has image, user, environment, secrets and files of it, and neither its volumes, ports, labels nor name", () => {
    const check = text.services[NAME("check-1")];
    expect(check).toMatchObject({
      image: "web:1.2",
      user: "1000",
      secrets: ["web_password"],
      container_name: NAME("check-1"),
    });
    expect(check.configs).toEqual(text.services["platform-web-staging"].configs);
    expect(check.environment).toEqual([
      `CHECK=${COMMAND.command.replaceAll("$", "$$$$")}`,
      "COLOR=red",
      "DOMAIN=example.org",
      "SERVICE=web",
      "STACK=staging",
      "SUFFIX=-staging",
    ]);
    expect(check.labels).toEqual(["dockmaster.checks=", expect.stringMatching(/^dockmaster\.secrets=/)]);
    // Its image has a volume there: without this the container would leave an empty one behind.
    for (const key of ["check-1", "checked"]) expect(text.services[NAME(key)].tmpfs).toEqual(["/data"]);
    for (const key of ["volumes", "ports", "healthcheck", "restart"]) expect(check).not.toHaveProperty(key);
    expect(Object.keys(check.networks)).toEqual(["default", "platform"]);
  });

  it("starts when the containers that stay up are well, and something that stays up waits for its end", () => {
    expect(text.services[NAME("check-1")].depends_on).toEqual({
      "platform-web-staging": { condition: "service_healthy" },
    });
    expect(text.services[NAME("checked")].depends_on).toEqual({
      [NAME("check-1")]: { condition: "service_completed_successfully" },
    });
    expect(text.services[NAME("checked")]).not.toHaveProperty("secrets");
    expect(web?.stages).toBe(4);
  });

  it("makes no update wait for what only waits, and misses none of them", () => {
    const up = (name: string) => ({ containerId: name, name, state: "running", status: "Up 9 seconds (healthy)" });
    const rows = [
      up("platform-web-staging"),
      { ...up(NAME("checked")), status: "Up Less than a second" },
      ...["setup", "check-1"].map((key) => ({ ...up(NAME(key)), state: "exited", status: "Exited (0) 1 second ago" })),
    ];
    const services = expectedServices(web!.composeFile, "app");
    expect(assessContainers(services, rows)).toEqual({ state: "healthy", problems: [], silent: false });
    expect(lastingContainers(services, rows).map(({ name }) => name)).toEqual(["platform-web-staging"]);
    const failed = rows.map((row) =>
      row.name === NAME("check-1") ? { ...row, status: "Exited (1) 1 second ago" } : row,
    );
    expect(assessContainers(services, failed).problems).toEqual([`${NAME("check-1")}: exited (1)`]);
    const tidy = rows.filter(({ state }) => state === "running");
    expect(assessContainers(services, tidy)).toMatchObject({ state: "healthy", problems: [] });
    const gone = rows.filter(({ name }) => name !== NAME("checked"));
    expect(assessContainers(services, gone).problems).toEqual([`${NAME("checked")}: has no container`]);
  });

  it("leaves the containers of the file, volumes and networks as they are", () => {
    const without = plan({}).text;
    for (const key of Object.keys(without.services)) expect(text.services[key]).toEqual(without.services[key]);
    const { services: _with, ...rest } = text;
    const { services: _without, ...before } = without;
    expect(rest).toEqual(before);
  });

  it("is neither the provider's nor a resource", () => {
    expect(web).toMatchObject({ checks: [], ownChecks: [] });
  });
});

it("checks of the definition come before those of the settings, and each has a number", () => {
  const { text } = plan({ own: [COMMAND], settings: [{ ...COMMAND, command: "second" }] });
  expect(text.services[NAME("check-2")].environment).toContain("CHECK=second");
  expect(Object.keys(text.services[NAME("checked")].depends_on)).toEqual([NAME("check-1"), NAME("check-2")]);
});

it("a check for the time after a release stays up, after the one of the release", () => {
  const { text } = plan({ own: [{ ...COMMAND, during: ["release", "watch"] }] });
  expect(text.services[NAME("watch-1")]).toMatchObject({
    depends_on: { [NAME("check-1")]: { condition: "service_completed_successfully" } },
    healthcheck: { test: ["CMD", "test", "-f", "/tmp/held"] },
    restart: "unless-stopped",
  });
  // It waits for the one-shot itself.
  expect(text.services).not.toHaveProperty(NAME("checked"));
});

it("a check for that time alone is no part of the release", () => {
  const { text } = plan({ own: [{ ...COMMAND, during: "watch" }] });
  expect(text.services).not.toHaveProperty(NAME("check-1"));
  expect(text.services).not.toHaveProperty(NAME("checked"));
  expect(text.services[NAME("watch-1")].depends_on).toEqual({
    "platform-web-staging": { condition: "service_healthy" },
  });
});

it("an address of another service's container is asked from the environment's network", () => {
  const { text } = plan({ settings: [{ url: "http://platform-store-staging:80/ready" }] });
  const check = text.services[NAME("check-1")];
  expect(check).toMatchObject({ image: "busybox:1.36" });
  expect(Object.keys(check.networks)).toContain("platform");
  expect(check).not.toHaveProperty("secrets");
});

it("Prometheus is asked by the provider, with times in seconds", () => {
  const { web } = plan({
    settings: [
      { prometheus: { query: "up", success: "== 1", interval: "1m30s", count: 2, initialDelay: 5 }, during: "watch" },
    ],
  });
  expect(web?.checks).toEqual([
    { prometheus: { query: "up", success: "== 1", interval: 90, count: 2, initialDelay: 5 }, during: "watch" },
  ]);
});

describe("refuses", () => {
  const prometheus = (more: object = {}) => ({ prometheus: { query: "up", success: "== 1", ...more } });

  it.each<[string, Scene, string]>([
    [
      "a container to be beside that is not there",
      { own: [{ ...COMMAND, beside: "wbe" }] },
      "there is no container `wbe` for a check to run beside  (name one of them with `beside`: web, setup)",
    ],
    [
      "an address of a container that is not there",
      { settings: [{ url: "http://platform-sotre-staging/" }] },
      "config  platform:web.checks.0.url there is no container `platform-sotre-staging` in this stack  (did you mean `platform-store-staging`?)",
    ],
    [
      "the same in the definition",
      { own: [{ url: "http://platform-sotre-staging/" }] },
      "components/web/index.ts  check 1: there is no container",
    ],
    [
      "an address that only siblings see",
      { settings: [{ url: "http://platform-store-hidden-staging/" }] },
      "a check cannot reach `platform-store-hidden-staging`: only its siblings in store see it",
    ],
    [
      "a container of the file with the name of one that checks",
      { own: [COMMAND], files: { ...FILES, web: FILES.web!.replaceAll("setup", "checked") } },
      "`checked` is the name of a container that checks",
    ],
    [
      "a check that takes longer than its stage",
      { settings: [COMMAND], waitTimeout: 30 },
      "platform:web.checks.0.attempts it is tried for 30 s, and a stage of the deployment ends after 30 s",
    ],
    [
      "a Pulumi secret that would stand in the text",
      { settings: [COMMAND], masked: [{ ...COMMAND, command: "stand-in" }] },
      "platform:web.checks.0 a check in the platform's network cannot hold a Pulumi secret",
    ],
    [
      "a definition's query that nobody judges",
      { own: [{ prometheus: { query: "up" } }] },
      "components/web/index.ts  check 1: `prometheus.query` is never judged",
    ],
    [
      "a query that nobody judges",
      { settings: [{ prometheus: { query: "up" } }] },
      'platform:web.checks.0.prometheus.query is never judged  (write `success`, `failure` or both, e.g. `success: ">= 0.95"`)',
    ],
    [
      "a condition that is none",
      { settings: [prometheus({ success: "good" })] },
      "platform:web.checks.0.prometheus.success is no condition on a number",
    ],
    [
      "a release that would never end",
      { settings: [prometheus({ interval: "30s" })] },
      "platform:web.checks.0.prometheus.count is missing  (with an `interval` and without it a release would never end)",
    ],
    [
      "a time that is none",
      { settings: [prometheus({ interval: "soon", count: 2 })] },
      "platform:web.checks.0.prometheus.interval is no time from 1 s to a day",
    ],
    [
      "a time of nothing",
      { settings: [prometheus({ interval: 0, count: 2 })] },
      "platform:web.checks.0.prometheus.interval is no time from 1 s to a day",
    ],
    [
      "an unknown key",
      { settings: [prometheus({ failurelimit: 2 })] },
      "platform:web.checks.0.prometheus.failurelimit unknown key",
    ],
    [
      "attempts of a query",
      { settings: [{ ...prometheus(), attempts: 3 }] },
      "a query is not tried until it succeeds  (leave `attempts` out)",
    ],
    [
      "an expected status of a query",
      { settings: [{ ...prometheus(), expect: 200 }] },
      "a query has no status  (leave `expect` out)",
    ],
    [
      "a request beside a container",
      { settings: [{ url: "https://x.example.org", beside: "web" }] },
      "a request runs no command  (leave `beside` out)",
    ],
    [
      "two kinds at once",
      { settings: [{ ...prometheus(), command: "true" }] },
      "platform:web.checks.0 has to be of one kind",
    ],
    ["a moment that is none", { settings: [{ ...COMMAND, during: "night" }] }, "platform:web.checks.0.during"],
    ["no moment", { settings: [{ ...COMMAND, during: [] }] }, "platform:web.checks.0.during"],
    [
      "a command of this machine for the time after a release",
      { settings: [{ command: "true", during: ["watch"] }] },
      "platform:web.checks.0.during cannot be `watch` on the machine that updates  (name a container with `beside`)",
    ],
  ])("%s", (_name, scene, expected) => {
    expect(plan(scene).problems).toEqual(expect.arrayContaining([expect.stringContaining(expected)]));
  });
});

it("a definition's own patience is not measured by a stack that shortens `waitTimeout`", () => {
  expect(plan({ own: [COMMAND], waitTimeout: 20 }).problems).toEqual([]);
});

it("a floating image is told once, where it stands", () => {
  const floating = { ...FILES, web: FILES.web!.replace("web:1.2", "web") };
  expect(plan({ own: [COMMAND], files: floating }).problems.filter((line) => line.includes("floats"))).toHaveLength(1);
});
