import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { printProblem } from "../../../../components/compose/problem.ts";
import { planBootstrap } from "../../../../stacks/bootstrap/plan.ts";
import { fromStackFile } from "../../../../stacks/config/stack-file.ts";

const ROOT = new URL("../../../..", import.meta.url).pathname;

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "dockmaster-plan-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("says all at once what the config, this checkout and the environment lack, each with what to do", async () => {
  const text = `config:
  bootstrap:image: {repository: ghcr.io/you/dockmaster, push: you, pull: you, use: v1.2.4}
  bootstrap:github: {repository: you/platform}
  bootstrap:runner: {memory: much}
`;
  const { raw } = fromStackFile("bootstrap", text);
  const { plan, problems } = await planBootstrap({ raw: raw!, env: { HOME: home }, folder: ROOT });
  expect(plan).toBeUndefined();
  const said = problems.map(printProblem);
  expect(said).toEqual([
    expect.stringMatching(/^Dokploy {2}DOKPLOY_URL is not set {2}\(set DOKPLOY_URL/),
    expect.stringMatching(/^GITHUB_TOKEN {2}is not set {2}\(set a token that may administer the repository/),
    expect.stringMatching(/^PLATFORM_KEY {2}is not set {2}\(the one of your environments/),
    expect.stringMatching(/^PULUMI_BACKEND_URL {2}nobody is signed in to a state backend/),
    "Pulumi.bootstrap.yaml  `bootstrap:domain`: is missing  (the runner answers at `iac.<domain>`: write `example.org`)",
    "Pulumi.bootstrap.yaml  `vault:address`: is missing; the containers reach Vault there  (write it like `https://vault.example.org`)",
    expect.stringMatching(/^Pulumi.bootstrap.yaml:4:22 {2}`bootstrap:runner.memory`: is no size of memory/),
    expect.stringMatching(/^REGISTRY_PULL_PASSWORD {2}is not set, and the registry wants one of you/),
    expect.stringMatching(/^Vault {2}VAULT_ADDR is not set/),
  ]);
});
