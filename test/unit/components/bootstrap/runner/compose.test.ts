import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type RunnerSettings, renderRunner } from "../../../../../components/bootstrap/runner/compose.ts";
import { RUNNER_SECRETS } from "../../../../../components/bootstrap/runner/secrets.ts";
import { printProblem } from "../../../../../components/compose/problem.ts";

const TEXT = readFileSync(new URL("../../../../../components/bootstrap/runner/compose.yaml", import.meta.url), "utf8");
const IMAGE = `ghcr.io/you/dockmaster:v1.2.4@sha256:${"a".repeat(64)}`;
const PATH = "secret/data/platform/bootstrap/runner";

const settings = (changes: Partial<RunnerSettings> = {}): RunnerSettings => ({
  image: IMAGE,
  memory: "2g",
  env: { DOKPLOY_URL: "https://dokploy.example.org", GIT_BRANCH: "main" },
  secrets: [],
  vault: { address: "https://vault.example.org", approle: "approle", path: PATH },
  signIn: "0011223344556677",
  ...changes,
});

function render(changes: Partial<RunnerSettings> = {}) {
  const { rendered, problems } = renderRunner(TEXT, settings(changes));
  expect(problems.map(printProblem)).toEqual([]);
  const file = parse(rendered!.text);
  const { "platform-runner-bootstrap": runner, "platform-runner-vault-agent-bootstrap": agent } = file.services;
  const [config] = Object.values<{ content: string }>(file.configs);
  return { rendered: rendered!, file, runner, agent, config: JSON.parse(config!.content) };
}

describe("the runner on Dokploy", () => {
  test("runs the image that was pushed, by its digest", () => {
    expect(render().runner.image).toBe(IMAGE);
  });

  test("writes to its data folder and nowhere else, as nobody's root, with a fixed host name and a process that ends zombies", () => {
    const { runner, file } = render();
    expect(runner).toMatchObject({
      read_only: true,
      user: "1000:1000",
      hostname: "dockmaster-runner",
      init: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
    });
    const writable = runner.volumes.filter((mount: { read_only?: boolean }) => !mount.read_only);
    expect(writable).toEqual(["data:/data"]);
    expect(file.volumes.data).toEqual({ name: "platform-runner-data-bootstrap" });
  });

  test("shares no network with an environment", () => {
    expect(render().file.networks).toEqual({ default: { name: "platform-bootstrap" } });
  });

  test("reads each of its secrets from a file that the agent writes for it alone", () => {
    const { runner, agent, config } = render();
    for (const name of RUNNER_SECRETS) {
      expect(runner.environment).toContain(`${name}_FILE=/run/secrets/${name}`);
      expect(config.template).toContainEqual({
        contents: `{{ with secret "${PATH}" }}{{ .Data.data.${name} }}{{ end }}`,
        destination: `/secrets/runner/${name}`,
        user: "1000",
        group: "1000",
        perms: "0400",
        error_on_missing_key: true,
      });
    }
    expect(runner.secrets).toBeUndefined();
    expect(runner.depends_on).toEqual({ "platform-runner-vault-agent-bootstrap": { condition: "service_healthy" } });
    expect(agent.secrets).toEqual(["vault_role_id", "vault_secret_id"]);
  });

  test("gets more secrets the same way", () => {
    const { runner, rendered, config } = render({ secrets: ["API_TOKEN"] });
    expect(runner.environment).toContain(`API_TOKEN_FILE=\${API_TOKEN_FILE}`);
    expect(rendered.env.API_TOKEN_FILE).toBe("/run/secrets/API_TOKEN");
    expect(config.template.map((one: { destination: string }) => one.destination)).toContain(
      "/secrets/runner/API_TOKEN",
    );
  });

  test("has plain variables in its env, and the memory that was asked for", () => {
    const { rendered, runner } = render();
    expect(rendered.env).toMatchObject({ RUNNER_MEMORY: "2g", GIT_BRANCH: "main" });
    expect(runner.environment).toContain(`GIT_BRANCH=\${GIT_BRANCH}`);
  });

  test("is found by its full name, after its agent", () => {
    const { rendered } = render();
    expect(rendered.containers.runner).toBe("platform-runner-bootstrap");
    expect(rendered.stages).toBe(2);
  });

  test("has an agent that is made anew with another secret id, and only then", () => {
    expect(render().rendered.text).toBe(render().rendered.text);
    const { agent, runner } = render({ signIn: "other" });
    expect(agent.labels).toContain("dockmaster.secrets.sign-in=other");
    expect(runner).toEqual(render().runner);
  });

  test("cannot be rendered with an image that floats", () => {
    const { problems } = renderRunner(TEXT, settings({ image: "ghcr.io/you/dockmaster:latest" }));
    expect(problems.map(({ message }) => message)).toEqual(["`latest` floats"]);
  });
});
