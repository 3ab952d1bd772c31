import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { renderRunner } from "../../../../../components/bootstrap/runner/compose.ts";
import { guardEntrypoint } from "../../../../../components/vault/agent/agent-scripts.ts";
import { composeVersion, readWithCompose } from "../../../../contract/containers/compose-config.ts";

const TEXT = readFileSync(new URL("../../../../../components/bootstrap/runner/compose.yaml", import.meta.url), "utf8");
const note = composeVersion() ? "" : " (no docker compose here)";

describe.skipIf(!composeVersion() && process.env.REQUIRE_DOCKER !== "1")(`docker compose config${note}`, () => {
  test("accepts the file as it stands", () => {
    const read = readWithCompose(TEXT, "WEBHOOK_SECRET=a\n");
    expect(read).toMatchObject({
      services: {
        runner: { command: ["node", "automation/main.mjs"] },
        engine: { command: ["node", "automation/engine-worker.mjs"] },
      },
    });
  });

  test("reads what Dokploy makes of the rendered one as it was meant", () => {
    const { rendered } = renderRunner(TEXT, {
      image: "ghcr.io/you/dockmaster:v1.2.4",
      memory: "1g",
      env: { LOG_LEVEL: "info" },
      secrets: ["API_TOKEN"],
      vault: {
        address: "https://vault.example.org",
        approle: "approle",
        path: "secret/data/platform/bootstrap/runner",
      },
      signIn: "0011223344556677",
      engines: [
        {
          name: "engine-staging",
          stack: "staging",
          users: "20000-20007",
          memory: "1g",
          env: { DOKPLOY_URL: "http://dokploy:3000", LOG_LEVEL: "debug" },
          secrets: [],
          path: "secret/data/platform/bootstrap/engine-staging",
          signIn: "0011223344556677",
        },
      ],
    });
    const rewritten = stringify(parse(rendered!.text), { lineWidth: 1000 });
    const env = Object.entries(rendered!.env).map(([key, value]) => `${key}="${value}"\n`);
    const variables = ["VAULT_ROLE_ID", "VAULT_SECRET_ID", "ENGINE_STAGING_ROLE_ID", "ENGINE_STAGING_SECRET_ID"];
    const signIn = variables.map((name) => `${name}=given\n`);
    const read = readWithCompose(rewritten, [...env, ...signIn].join(""));
    expect(read).toMatchObject({
      services: {
        "platform-runner-bootstrap": {
          image: "ghcr.io/you/dockmaster:v1.2.4",
          entrypoint: guardEntrypoint(["API_TOKEN", "GIT_REPO_URL", "WEBHOOK_SECRET"]),
          command: ["node", "automation/main.mjs"],
          environment: {
            API_TOKEN_FILE: "/run/secrets/API_TOKEN",
            ENGINES: "staging=/run/engines/staging/engine.sock",
            LOG_LEVEL: "info",
            WEBHOOK_SECRET_FILE: "/run/secrets/WEBHOOK_SECRET",
          },
        },
        "platform-runner-engine-staging-bootstrap": {
          entrypoint: guardEntrypoint(["DOKPLOY_API_KEY", "PLATFORM_KEY", "PULUMI_CONFIG_PASSPHRASE"]),
          command: ["node", "automation/engine-worker.mjs"],
          environment: {
            DOKPLOY_URL: "http://dokploy:3000",
            ENGINE_STACKS: "staging",
            ENGINE_USERS: "20000-20007",
            LOG_LEVEL: "debug",
          },
        },
      },
    });
  });
});
