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
    expect(read).toMatchObject({ services: { runner: { command: ["node", "automation/main.ts"] } } });
  });

  test("reads what Dokploy makes of the rendered one as it was meant", () => {
    const { rendered } = renderRunner(TEXT, {
      image: "ghcr.io/you/dockmaster:v1.2.4",
      memory: "1g",
      env: { DOKPLOY_URL: "https://dokploy.example.org" },
      secrets: ["API_TOKEN"],
      vault: {
        address: "https://vault.example.org",
        approle: "approle",
        path: "secret/data/platform/bootstrap/runner",
      },
      signIn: "0011223344556677",
    });
    const rewritten = stringify(parse(rendered!.text), { lineWidth: 1000 });
    const env = Object.entries(rendered!.env).map(([key, value]) => `${key}="${value}"\n`);
    const signIn = ["VAULT_ROLE_ID=role\n", "VAULT_SECRET_ID=secret\n"];
    const read = readWithCompose(rewritten, [...env, ...signIn].join(""));
    const names = ["API_TOKEN", "DOKPLOY_API_KEY", "GIT_REPO_URL", "PLATFORM_KEY", "PULUMI_CONFIG_PASSPHRASE"];
    expect(read).toMatchObject({
      services: {
        "platform-runner-bootstrap": {
          image: "ghcr.io/you/dockmaster:v1.2.4",
          entrypoint: guardEntrypoint([...names, "WEBHOOK_SECRET"]),
          command: ["node", "automation/main.ts"],
          environment: {
            API_TOKEN_FILE: "/run/secrets/API_TOKEN",
            DOKPLOY_URL: "https://dokploy.example.org",
            WEBHOOK_SECRET_FILE: "/run/secrets/WEBHOOK_SECRET",
          },
        },
      },
    });
  });
});
