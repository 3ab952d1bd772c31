import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  type EngineSettings,
  engineCompany,
  type RunnerSettings,
  renderRunner,
} from "../../../../../components/bootstrap/runner/compose.ts";
import { DOOR_SECRETS, ENGINE_SECRETS } from "../../../../../components/bootstrap/runner/secrets.ts";
import { TMPFS } from "../../../../../components/compose/names.ts";
import { printProblem } from "../../../../../components/compose/problem.ts";

const TEXT = readFileSync(new URL("../../../../../components/bootstrap/runner/compose.yaml", import.meta.url), "utf8");
const IMAGE = `ghcr.io/you/dockmaster:v1.2.4@sha256:${"a".repeat(64)}`;
const PATH = "secret/data/platform/bootstrap/runner";

const engine = (stack: string, changes: Partial<EngineSettings> = {}): EngineSettings => ({
  name: `engine-${stack}`,
  stack,
  users: stack === "staging" ? "20000-20007" : "20008-20015",
  memory: "2g",
  env: { DOKPLOY_URL: "https://dokploy.example.org", LOG_LEVEL: "info" },
  secrets: [],
  path: `secret/data/platform/bootstrap/engine-${stack}`,
  signIn: "0011223344556677",
  ...changes,
});

const settings = (changes: Partial<RunnerSettings> = {}): RunnerSettings => ({
  image: IMAGE,
  memory: "512m",
  env: { GIT_BRANCH: "main", LOG_LEVEL: "info" },
  secrets: [],
  vault: { address: "https://vault.example.org", approle: "approle", path: PATH },
  signIn: "0011223344556677",
  engines: [engine("production"), engine("staging")],
  ...changes,
});

interface Template {
  contents: string;
  destination: string;
  user?: string;
}

function render(changes: Partial<RunnerSettings> = {}) {
  const { rendered, problems } = renderRunner(TEXT, settings(changes));
  expect(problems.map(printProblem)).toEqual([]);
  const file = parse(rendered!.text);
  const container = (name: string) => file.services[`platform-runner-${name}-bootstrap`];
  const configOf = (agent: { configs: { source: string }[] }): { template: Template[] } =>
    JSON.parse(file.configs[agent.configs[0]!.source].content);
  const agent = container("vault-agent");
  return {
    rendered: rendered!,
    file,
    runner: file.services["platform-runner-bootstrap"],
    agent,
    config: configOf(agent),
    container,
    configOf,
  };
}

const writable = (container: { volumes: (string | { read_only?: boolean })[] }) =>
  container.volumes.filter((mount) => (typeof mount === "string" ? !mount.endsWith(":ro") : !mount.read_only));

describe("the runner on Dokploy", () => {
  test("runs the image that was pushed, by its digest", () => {
    const { runner, container } = render();
    for (const one of [runner, container("engine-staging"), container("engine-production")])
      expect(one.image).toBe(IMAGE);
  });

  test("is one door, one worker for each stack, and an agent for each of them", () => {
    expect(Object.keys(render().file.services).sort()).toEqual([
      "platform-runner-bootstrap",
      "platform-runner-engine-production-bootstrap",
      "platform-runner-engine-staging-bootstrap",
      "platform-runner-vault-agent-bootstrap",
      "platform-runner-vault-agent-production-bootstrap",
      "platform-runner-vault-agent-staging-bootstrap",
    ]);
  });

  test("is found by its full name, after its agent", () => {
    const { rendered } = render();
    expect(rendered.containers.runner).toBe("platform-runner-bootstrap");
    expect(rendered.stages).toBe(2);
  });

  test("has agents that are made anew with another secret id, and only then", () => {
    expect(render().rendered.text).toBe(render().rendered.text);
    const other = render({ engines: [engine("production"), engine("staging", { signIn: "other" })] });
    const { container, runner, agent } = render();
    expect(other.container("vault-agent-staging").labels).toContain("dockmaster.secrets.sign-in=other");
    expect(other.container("engine-staging")).toEqual(container("engine-staging"));
    expect(other.container("vault-agent-production")).toEqual(container("vault-agent-production"));
    expect([other.agent, other.runner]).toEqual([agent, runner]);
    const { agent: own, runner: door } = render({ signIn: "other" });
    expect(own.labels).toContain("dockmaster.secrets.sign-in=other");
    expect(door).toEqual(runner);
  });

  test("cannot be rendered with an image that floats", () => {
    const { problems } = renderRunner(TEXT, settings({ image: "ghcr.io/you/dockmaster:latest" }));
    // The workers' lines are nowhere in the file.
    expect(problems.map(printProblem)).toEqual([
      ...Array(3).fill(expect.stringMatching(/^components\/bootstrap\/runner\/compose\.yaml {2}`latest` floats/)),
    ]);
  });

  test("takes plain values as they are, each only where it belongs", () => {
    const { rendered, runner, container } = render({
      env: { GIT_BRANCH: "main", LOG_LEVEL: "a $b #c: '\"" },
      engines: [
        engine("production", { env: { LOG_LEVEL: "debug", PULUMI_BACKEND_URL: "s3://state" } }),
        engine("staging", { env: { LOG_LEVEL: "a $b #c: '\"" } }),
      ],
    });
    expect(rendered.env).toEqual({
      GIT_BRANCH: "main",
      LOG_LEVEL: "a $b #c: '\"",
      ENGINE_PRODUCTION_LOG_LEVEL: "debug",
      PULUMI_BACKEND_URL: "s3://state",
    });
    expect(runner.environment).toEqual(
      expect.arrayContaining([`GIT_BRANCH=\${GIT_BRANCH}`, `LOG_LEVEL=\${LOG_LEVEL}`]),
    );
    expect(runner.environment.join()).not.toContain("PULUMI_BACKEND_URL");
    expect(container("engine-staging").environment).toContain(`LOG_LEVEL=\${LOG_LEVEL}`);
    expect(container("engine-production").environment).toEqual(
      expect.arrayContaining([
        `LOG_LEVEL=\${ENGINE_PRODUCTION_LOG_LEVEL}`,
        `PULUMI_BACKEND_URL=\${PULUMI_BACKEND_URL}`,
      ]),
    );
  });
});

describe("the door", () => {
  test("writes to its data folder of before and nowhere else, as nobody's root, with a fixed host name and a process that ends zombies", () => {
    const { runner, file } = render();
    expect(runner).toMatchObject({
      read_only: true,
      user: "1000:1000",
      hostname: "dockmaster-runner",
      command: ["node", "automation/main.mjs"],
      init: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      mem_limit: "512m",
    });
    expect(runner.cap_add).toBeUndefined();
    expect(writable(runner)).toEqual(["data:/data"]);
    expect(file.volumes.data).toEqual({ name: "platform-runner-data-bootstrap" });
  });

  test("finds each worker's socket where it may not write", () => {
    const { runner } = render();
    expect(runner.environment).toContain(
      "ENGINES=production=/run/engines/production/engine.sock,staging=/run/engines/staging/engine.sock",
    );
    expect(runner.volumes).toEqual(
      expect.arrayContaining([
        "engine-staging-socket:/run/engines/staging:ro",
        "engine-production-socket:/run/engines/production:ro",
      ]),
    );
  });

  test("reads each of its secrets, and none of a worker, from a file that its agent writes for it alone", () => {
    const { runner, agent, config, rendered } = render({ secrets: ["API_TOKEN"] });
    const names = [...DOOR_SECRETS, "API_TOKEN"];
    expect(config.template.slice(0, -1)).toEqual(
      names.map((name) => ({
        contents: `{{ with secret "${PATH}" }}{{ .Data.data.${name} }}{{ end }}`,
        destination: `/secrets/runner/${name}`,
        user: "1000",
        group: "1000",
        perms: "0400",
        error_on_missing_key: true,
      })),
    );
    const files = runner.environment.filter((entry: string) => entry.includes("_FILE="));
    expect(files.sort()).toEqual(names.map((name) => `${name}_FILE=/run/secrets/${name}`).sort());
    expect(runner.secrets).toBeUndefined();
    expect(runner.depends_on).toEqual({ "platform-runner-vault-agent-bootstrap": { condition: "service_healthy" } });
    expect(agent.secrets).toEqual(["vault_role_id", "vault_secret_id"]);
    for (const name of ENGINE_SECRETS) expect(JSON.stringify(runner) + rendered.env).not.toContain(name);
  });
});

describe("an engine worker", () => {
  test("may give files and processes to the users of its runs, and end these, and nothing else", () => {
    const { container } = render();
    expect(container("engine-staging")).toMatchObject({
      command: ["node", "automation/engine-worker.mjs"],
      user: "0:0",
      cap_drop: ["ALL"],
      cap_add: ["CHOWN", "FOWNER", "KILL", "SETGID", "SETUID"],
      security_opt: ["no-new-privileges:true"],
      read_only: true,
      init: true,
      hostname: "dockmaster-engine-staging",
      mem_limit: "2g",
      pids_limit: 4096,
    });
    expect(container("engine-production").hostname).toBe("dockmaster-engine-production");
  });

  test("takes runs of its stack alone, with users of its own, at a socket that the door's group may use", () => {
    const { container } = render();
    expect(container("engine-staging").environment).toEqual(
      expect.arrayContaining([
        "ENGINE_STACKS=staging",
        "ENGINE_USERS=20000-20007",
        "ENGINE_SOCKET=/run/engine/engine.sock",
        "ENGINE_SOCKET_GROUP=1000",
        "DATA_DIR=/engine",
      ]),
    );
    expect(container("engine-production").environment).toEqual(
      expect.arrayContaining(["ENGINE_STACKS=production", "ENGINE_USERS=20008-20015"]),
    );
  });

  test("has volumes that nobody else writes to", () => {
    const { file, container } = render();
    expect(writable(container("engine-staging"))).toEqual([
      "engine-staging-data:/engine",
      "engine-staging-socket:/run/engine",
    ]);
    expect(file.volumes).toMatchObject({
      "engine-staging-data": { name: "platform-runner-engine-staging-data-bootstrap" },
      "engine-production-data": { name: "platform-runner-engine-production-data-bootstrap" },
      // Memory: without it nobody is without data.
      "engine-staging-socket": { name: "platform-runner-engine-staging-socket-bootstrap", ...TMPFS },
    });
    const users = (volume: string) =>
      Object.entries<{ volumes: (string | { source: string })[] }>(file.services)
        .filter(([, { volumes }]) =>
          volumes.some((mount) => (typeof mount === "string" ? mount.split(":")[0] : mount.source) === volume),
        )
        .map(([name]) => name)
        .sort();
    expect(users("engine-staging-data")).toEqual(["platform-runner-engine-staging-bootstrap"]);
    expect(users("engine-staging-socket")).toEqual([
      "platform-runner-bootstrap",
      "platform-runner-engine-staging-bootstrap",
    ]);
    expect(users("engine-staging-secrets")).toEqual([
      "platform-runner-engine-staging-bootstrap",
      "platform-runner-vault-agent-staging-bootstrap",
    ]);
    expect(Object.keys(file.volumes)).not.toContain("engine-data");
  });

  test("reads its stack's secrets, and none of the door or of another stack, as root, from an agent of its own", () => {
    const { container, configOf } = render({
      engines: [engine("production"), engine("staging", { secrets: ["VAULT_ROLE_ID", "VAULT_SECRET_ID"] })],
    });
    const staging = container("engine-staging");
    const { template } = configOf(container("vault-agent-staging"));
    const names = [...ENGINE_SECRETS, "VAULT_ROLE_ID", "VAULT_SECRET_ID"];
    expect(template.slice(0, -1).map(({ destination }) => destination)).toEqual(
      names.map((name) => `/secrets/engine-staging/${name}`),
    );
    expect(template.map(({ user }) => user)).toEqual([...names.map(() => "0"), undefined]);
    for (const { contents } of template) {
      expect(contents).not.toContain('bootstrap/runner"');
      expect(contents).not.toContain("engine-production");
    }
    expect(JSON.stringify(staging)).not.toContain("WEBHOOK_SECRET");
    expect(JSON.stringify(staging)).not.toContain("GIT_REPO_URL");
    expect(JSON.stringify(container("engine-production"))).not.toContain("VAULT_SECRET_ID");
    expect(staging.depends_on).toEqual({
      "platform-runner-vault-agent-staging-bootstrap": { condition: "service_healthy" },
    });
  });

  test("has an agent that signs in as another than the door's and the other workers'", () => {
    const { file, container } = render();
    const signIn = (stack: string) => container(`vault-agent-${stack}`).secrets;
    expect(signIn("staging")).toEqual([
      { source: "engine_staging_role_id", target: "vault_role_id" },
      { source: "engine_staging_secret_id", target: "vault_secret_id" },
    ]);
    expect(signIn("production")).not.toEqual(signIn("staging"));
    expect(file.secrets).toMatchObject({
      vault_secret_id: { environment: "VAULT_SECRET_ID" },
      engine_staging_secret_id: { environment: "ENGINE_STAGING_SECRET_ID" },
      engine_production_secret_id: { environment: "ENGINE_PRODUCTION_SECRET_ID" },
    });
  });
});

describe("the networks", () => {
  test("door and workers share none, nor with an environment", () => {
    const { file, runner, agent, container } = render();
    expect(file.networks).toEqual({
      default: { name: "platform-bootstrap" },
      "engine-staging": { name: "platform-runner-engine-staging-bootstrap" },
      "engine-production": { name: "platform-runner-engine-production-bootstrap" },
    });
    expect([runner.networks, agent.networks]).toEqual([undefined, undefined]);
    for (const stack of ["staging", "production"]) {
      const own = { [`engine-${stack}`]: {} };
      expect(container(`engine-${stack}`).networks).toEqual(own);
      expect(container(`vault-agent-${stack}`).networks).toEqual(own);
    }
    expect(engineCompany(settings().engines)).toEqual([]);
  });

  test("a Dokploy that is only a container's name is found where it is, and it is told who is there too", () => {
    const engines = [engine("production"), engine("staging", { env: { DOKPLOY_URL: "http://dokploy:3000" } })];
    const { file, container } = render({ engines });
    expect(container("engine-staging").networks).toEqual({ "engine-staging": {}, "dokploy-network": {} });
    expect(container("engine-production").networks).toEqual({ "engine-production": {} });
    expect(container("vault-agent-staging").networks).toEqual({ "engine-staging": {} });
    expect(file.networks["dokploy-network"]).toEqual({ name: "dokploy-network", external: true });
    expect(engineCompany(engines)).toEqual(["staging"]);
  });

  test("so is a Vault, by the worker and by every agent", () => {
    const vault = { address: "http://vault:8200", approle: "approle", path: PATH };
    const engines = [engine("staging", { env: { VAULT_ADDR: vault.address } }), engine("x")];
    const { container } = render({ vault, engines });
    const both = { "engine-staging": {}, platform: {} };
    expect(container("engine-staging").networks).toEqual(both);
    expect(container("vault-agent-staging").networks).toEqual(both);
    expect(container("engine-x").networks).toEqual({ "engine-x": {} });
    expect(engineCompany(engines)).toEqual(["staging"]);
  });
});
