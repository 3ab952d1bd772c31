import { describe, expect, it } from "vitest";
import { z } from "zod";
import { printProblem } from "../../../../components/compose/problem.ts";
import type { GivenDrift } from "../../../../components/dokploy/rules/drift-policy.ts";
import { deriveSecret } from "../../../../components/platform/keys.ts";
import type { ServicePlan } from "../../../../components/platform/plan.ts";
import { planServices } from "../../../../components/platform/plan-services.ts";
import { defineService, type Service } from "../../../../components/platform/service.ts";

const KEY = "a-master-key-that-is-long-enough-for-all";

const compose = (name: string, secret?: string) => `services:
  ${name}:
    image: x:1
    healthcheck: {test: x}
    volumes: ["data:/data"]
${secret ? `    secrets: [${secret}]\nsecrets:\n  ${secret}: {environment: ${secret.toUpperCase()}}\n` : ""}volumes:
  data:
`;

const store = defineService({
  name: "store",
  settings: { size: z.int().default(1) },
  describe: ({ size }) => ({ env: { SIZE: String(size) }, shares: ["password"], data: ["data"] }),
});
const app = defineService({
  name: "app",
  settings: {},
  describe: () => ({
    borrows: { store_password: { service: "store", name: "password" } },
    routes: [{ container: "app", port: 8080, host: "app", path: "/x" }],
  }),
});
const FILES: Record<string, string> = { store: compose("store", "password"), app: compose("app", "store_password") };

interface Scene {
  catalogue?: Service[];
  files?: Record<string, string>;
  settings?: Record<string, unknown>;
  stack?: string;
  suffix?: string;
  services?: string[];
  drift?: GivenDrift;
}

function plan({
  catalogue = [app, store],
  files = FILES,
  settings = {},
  stack = "staging",
  suffix = "-staging",
  services,
  drift,
}: Scene = {}) {
  const names = services ?? catalogue.map(({ name }) => name);
  const result = planServices(
    { stack, domain: "example.org", suffix, key: KEY, services: names, settings, drift },
    {
      catalogue,
      readFile: (service, path) => {
        const text = path === "compose.yaml" ? files[service] : undefined;
        return text === undefined ? undefined : { bytes: new TextEncoder().encode(text), executable: false };
      },
      configProblem: (key, path, message, hint) => ({
        file: "config",
        message: `${[key, ...path].join(".")} ${message}`,
        hint,
      }),
    },
  );
  return { services: result.services, problems: result.problems.map(printProblem) };
}

function planned(scene: Scene, name: string): ServicePlan {
  const { services, problems } = plan(scene);
  const found = services.find((service) => service.name === name);
  if (!found) throw new Error(problems.join("\n"));
  return found;
}

it("a compose file that is a Git LFS pointer is refused with those words", () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"4d".repeat(32)}\nsize 12345\n`;
  expect(plan({ files: { ...FILES, app: pointer } }).problems).toContain(
    "components/app/compose.yaml  is a Git LFS pointer: its content is not in the checkout  (commit the file itself (`git lfs untrack` it and add it again))",
  );
});

describe("order", () => {
  it("puts a service behind those whose secrets it reads, whatever the catalogue's order", () => {
    expect(plan({ catalogue: [app, store] }).services.map(({ name, needs }) => [name, needs])).toEqual([
      ["store", []],
      ["app", ["store"]],
    ]);
    expect(plan({ catalogue: [store, app] }).services.map(({ name }) => name)).toEqual(["store", "app"]);
  });

  it("refuses services that wait for each other", () => {
    const a = defineService({ name: "a", needs: ["b"], settings: {}, describe: () => ({}) });
    const b = defineService({ name: "b", needs: ["a"], settings: {}, describe: () => ({}) });
    const files = { a: compose("a"), b: compose("b") };
    expect(plan({ catalogue: [a, b], files }).problems).toEqual([
      expect.stringContaining("services wait for each other: a → b → a"),
    ]);
  });
});

describe("secrets", () => {
  it("are derived for the service that owns them, and the same for who reads them", () => {
    const password = deriveSecret(KEY, { stack: "staging", service: "store", name: "password", version: 1 });
    expect(planned({}, "store").secretEnv).toEqual({ PASSWORD: password });
    expect(planned({}, "app").secretEnv).toEqual({ STORE_PASSWORD: password });
  });

  it("get a new value with secretVersion, for owner and reader, and both files change", () => {
    const before = [planned({}, "store"), planned({}, "app")];
    const after = ["store", "app"].map((name) => planned({ settings: { store: { secretVersion: 2 } } }, name));
    expect(after[0]?.secretEnv.PASSWORD).toBe(after[1]?.secretEnv.STORE_PASSWORD);
    expect(after[0]?.secretEnv.PASSWORD).not.toBe(before[0]?.secretEnv.PASSWORD);
    expect(after.map(({ composeFile }) => composeFile)).not.toEqual(before.map(({ composeFile }) => composeFile));
    const labels = (text: string) => text.replaceAll(/dockmaster\.secrets=\w+/g, "");
    expect(after.map(({ composeFile }) => labels(composeFile))).toEqual(
      before.map(({ composeFile }) => labels(composeFile)),
    );
  });

  it("take a given value, for owner and reader", () => {
    const settings = { store: { secrets: { password: "given" } } };
    expect(planned({ settings }, "store").secretEnv).toEqual({ PASSWORD: "given" });
    expect(planned({ settings }, "app").secretEnv).toEqual({ STORE_PASSWORD: "given" });
  });

  it("never show in the text or the plain env", () => {
    const { composeFile, env } = planned({ settings: { store: { secrets: { password: "canary-1234" } } } }, "store");
    expect(JSON.stringify({ composeFile, env })).not.toContain("canary-1234");
  });

  it("differ between stacks", () => {
    const other = planned({ stack: "production", suffix: "" }, "store").secretEnv;
    expect(other).not.toEqual(planned({}, "store").secretEnv);
  });
});

describe("a plan", () => {
  it("is the same bytes each time, and says nothing of the release", () => {
    expect(plan()).toEqual(plan());
    expect(JSON.stringify(plan())).toBe(JSON.stringify(plan()));
  });

  it("of a service stays as it is when another one's settings change", () => {
    expect(planned({ settings: { store: { size: 7 } } }, "app")).toEqual(planned({}, "app"));
  });

  it("changes env, not text, with a setting", () => {
    const { env, composeFile } = planned({ settings: { store: { size: 7 } } }, "store");
    expect(env).toEqual({ SIZE: "7" });
    expect(composeFile).toBe(planned({}, "store").composeFile);
  });

  it("takes checks, patience and adoption from the settings", () => {
    const settings = { store: { checks: [{ url: "https://x.example.org/" }], waitTimeout: 30, adopt: true } };
    expect(planned({ settings }, "store")).toMatchObject({
      checks: [{ url: "https://x.example.org/" }],
      waitTimeout: 30,
      adopt: true,
    });
    expect(planned({}, "store")).toMatchObject({ checks: [], ownChecks: [], waitTimeout: 120, adopt: false });
  });

  it("tells requests from commands, those of the service and those of the settings", () => {
    const web = defineService({
      name: "web",
      settings: {},
      describe: () => ({ checks: [{ command: "own" }, { url: "https://web.example.org/", expect: 204 }] }),
    });
    const settings = { web: { checks: [{ command: "asked for", attempts: 3, interval: 1 }] } };
    const { checks, ownChecks } = planned({ catalogue: [web], files: { web: compose("web") }, settings }, "web");
    expect(checks).toEqual([{ url: "https://web.example.org/", expect: 204 }]);
    expect(ownChecks).toEqual([{ command: "own" }, { command: "asked for", attempts: 3, interval: 1 }]);
  });

  it("names routes with suffix and domain, and the container as it is called in the text", () => {
    expect(planned({}, "app").domains).toEqual([
      {
        host: "app-staging.example.org",
        service: "platform-app-staging",
        port: 8080,
        path: "/x",
        https: true,
        certificate: "letsencrypt",
      },
    ]);
  });

  it("may differ in what the stack and the service itself let differ", () => {
    const settings = { app: { drift: { mode: "heal", ignore: ["env.B", "name"] } } };
    expect(planned({ settings }, "app").ignore).toEqual(["env.B", "name"]);
    expect(planned({ settings }, "store")).not.toHaveProperty("ignore");
    const drift = { ignore: ["env.A"] };
    expect(planned({ settings, drift }, "app").ignore).toEqual(["env.A", "env.B", "name"]);
    expect(planned({ settings, drift }, "store").ignore).toEqual(["env.A"]);
    expect(plan({ settings: { app: { drift: { ignore: ["nmae"] } } } }).problems).toEqual([
      "config  platform:app.drift.ignore.0 there is no part `nmae`  (did you mean `name`?)",
    ]);
  });

  it("shares nothing between two environments", () => {
    const names = (scene: Scene) =>
      plan(scene).services.flatMap(({ composeFile, domains }) => [
        ...(composeFile.match(/platform[a-z-]*/g) ?? []),
        ...domains.map(({ host }) => host),
      ]);
    const production = new Set(names({ stack: "production", suffix: "" }));
    expect(names({}).filter((name) => production.has(name))).toEqual([]);
  });
});

describe("refuses", () => {
  it.each<[string, Scene, string]>([
    [
      "an unknown setting",
      { settings: { store: { sise: 1 } } },
      "platform:store.sise unknown key  (did you mean `size`?)",
    ],
    ["a setting of a wrong type", { settings: { store: { size: "big" } } }, "platform:store.size"],
    [
      "a check of something that is no address",
      { settings: { store: { checks: [{ url: "x" }] } } },
      "platform:store.checks.0.url is no address",
    ],
    [
      "a check that is neither a request nor a command",
      { settings: { store: { checks: [{ attempts: 3 }] } } },
      "platform:store.checks.0 has to be of one kind  (write `url` or `command` or `prometheus`, and only one of them)",
    ],
    [
      "a check that is both",
      { settings: { store: { checks: [{ url: "https://x.example.org/", command: "true" }] } } },
      "platform:store.checks.0 has to be of one kind",
    ],
    [
      "a command with a status",
      { settings: { store: { checks: [{ command: "true", expect: 200 }] } } },
      "platform:store.checks.0 a command has no status  (leave `expect` out)",
    ],
    [
      "an unknown key of a check",
      { settings: { store: { checks: [{ comand: "true" }] } } },
      "platform:store.checks.0.comand unknown key  (did you mean `command`?)",
    ],
    ["settings that are no map", { settings: { store: "big" } }, "platform:store"],
    [
      "a service without what it needs",
      { services: ["app"] },
      "platform:services app needs store, which does not run here",
    ],
    [
      "a missing compose file",
      { files: { app: FILES.app ?? "" } },
      "components/store/compose.yaml  there is no such file",
    ],
    [
      "a given secret that does not exist",
      { settings: { store: { secrets: { pasword: "x" } } } },
      "platform:store.secrets.pasword store has no such secret  (did you mean `password`?)",
    ],
    [
      "a given secret that another service owns",
      { settings: { app: { secrets: { store_password: "x" } } } },
      "the value belongs to store  (give it as `platform:store.secrets.password`)",
    ],
    [
      "a given secret that cannot travel",
      { settings: { store: { secrets: { password: "a${{b" } } } },
      "platform:store.secrets.password the value contains ${{",
    ],
    [
      "extra env that cannot travel",
      { settings: { store: { env: { A: "a\rb" } } } },
      "platform:store.env.A the value contains a carriage return",
    ],
    [
      "extra env that the service sets",
      { settings: { store: { env: { SIZE: "2" } } } },
      "platform:store.env.SIZE the service sets this variable itself",
    ],
    [
      "a route to a container that is not there",
      {
        catalogue: [
          defineService({
            name: "web",
            settings: {},
            describe: () => ({ routes: [{ container: "wbe", port: 1, host: "w" }] }),
          }),
        ],
        files: { web: compose("web") },
      },
      "components/web/index.ts  container `wbe` is not in compose.yaml",
    ],
    [
      "a volume that is not there",
      {
        catalogue: [defineService({ name: "web", settings: {}, describe: () => ({ data: ["files"] }) })],
        files: { web: compose("web") },
      },
      "volume `files` is not in compose.yaml",
    ],
    [
      "a secret that its owner does not have",
      {
        catalogue: [
          store,
          defineService({
            name: "web",
            settings: {},
            describe: () => ({ borrows: { pw: { service: "store", name: "pasword" } } }),
          }),
        ],
        files: { ...FILES, web: compose("web", "pw") },
      },
      "store has no secret `pasword`",
    ],
    [
      "a dependency on a service that does not exist",
      {
        catalogue: [store, defineService({ name: "web", needs: ["stor"], settings: {}, describe: () => ({}) })],
        files: { ...FILES, web: compose("web") },
      },
      "components/web/index.ts  needs `stor`, which is no service of the catalogue  (did you mean `store`?)",
    ],
  ])("%s", (_name, scene, expected) => {
    const { services, problems } = plan(scene);
    expect(services).toEqual([]);
    expect(problems).toEqual(expect.arrayContaining([expect.stringContaining(expected)]));
  });

  it("everything at once, over config and files", () => {
    const { problems } = plan({
      settings: { app: { x: 1 } },
      files: { ...FILES, store: compose("store").replace("x:1", "x") },
    });
    expect(problems).toHaveLength(2);
  });
});

describe("a Pulumi secret in the settings", () => {
  const service = defineService({
    name: "app",
    settings: { size: z.string().default("1"), mail: z.email().optional() },
    describe: ({ size, mail = "none" }) => ({ env: { SIZE: size, MAIL: mail, BOTH: `${size} ${mail}`, FIXED: "x" } }),
  });
  const hidden = (settings: object, masked: object) =>
    planServices(
      {
        ...{ stack: "staging", domain: "example.org", suffix: "-staging", key: KEY, services: ["app"] },
        settings: { app: settings },
        masked: { app: masked },
      },
      {
        catalogue: [service],
        readFile: () => ({ bytes: new TextEncoder().encode(compose("app")), executable: false }),
        configProblem: (key, _path, message, hint) => ({ file: "config", message: `${key} ${message}`, hint }),
      },
    ).services[0]?.hidden;

  it("hides what of the env depends on it, and nothing else", () => {
    expect(hidden({ size: "s3cret" }, { size: "stand-in" })).toEqual(["BOTH", "SIZE"]);
    expect(hidden({ size: "2", env: { A: "1", B: "s3cret" } }, { size: "2", env: { A: "1", B: "stand-in" } })).toEqual([
      "B",
    ]);
    expect(hidden({ size: "2", secrets: {} }, { size: "2", secrets: {} })).toEqual([]);
  });

  it("is not known where the settings make no sense without it", () => {
    expect(hidden({ mail: "a@example.org" }, { mail: "stand-in" })).toBeUndefined();
  });
});

it("refuses a first login whose password is no secret of the service", () => {
  const service = defineService({ name: "app", settings: {}, describe: () => ({ login: { secret: "pasword" } }) });
  expect(plan({ catalogue: [service], files: { app: compose("app", "password") } }).problems).toEqual([
    "components/app/index.ts  secret `pasword` is not in compose.yaml  (there are password)",
  ]);
});

it("a service's plan says what its own file allows itself, and no other's", () => {
  const allowing = FILES.app!.replace("    image:", "    privileged: true\n    image:");
  const files = { ...FILES, app: `x-dockmaster: {allow: [privileged], why: it mounts}\n${allowing}` };
  expect(planned({ files }, "app").allows).toEqual(["components/app/compose.yaml:4:5  allows `privileged`: it mounts"]);
  expect(planned({ files }, "store").allows).toBeUndefined();
});
