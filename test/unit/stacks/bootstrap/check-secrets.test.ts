import { describe, expect, test } from "vitest";
import { printProblem } from "../../../../components/compose/problem.ts";
import type { Vault } from "../../../../components/vault/api/client.ts";
import { VaultError } from "../../../../components/vault/api/errors.ts";
import { checkSecrets, type RunnerSecrets } from "../../../../stacks/bootstrap/check-secrets.ts";

const DOOR = "secret/data/platform/bootstrap/runner";
const STAGING = "secret/data/platform/bootstrap/engine-staging";
const PRODUCTION = "secret/data/platform/bootstrap/engine-production";

const asked = (changes: Partial<RunnerSecrets> = {}): RunnerSecrets => ({
  door: { path: DOOR, names: ["GIT_REPO_URL"] },
  engines: [
    { stack: "production", path: PRODUCTION, names: ["PLATFORM_KEY", "DOKPLOY_API_KEY"] },
    { stack: "staging", path: STAGING, names: ["PLATFORM_KEY", "DOKPLOY_API_KEY"] },
  ],
  env: { PLATFORM_KEY: "key-canary" },
  unwanted: ["PULUMI_BACKEND_URL"],
  existing: false,
  allowed: "",
  ...changes,
});

const vault = (live: Record<string, Record<string, unknown>>) =>
  ({ readSecret: async (path: string) => live[path] && { version: 1, values: live[path] } }) as unknown as Vault;

const failing = (code: "vault_missing" | "vault_denied") =>
  ({
    readSecret: async () => {
      throw new VaultError(code, "no", "do this");
    },
  }) as unknown as Vault;

async function check(client: Vault, changes?: Partial<RunnerSecrets>) {
  const { problems, notes } = await checkSecrets(client, asked(changes));
  const printed = problems.map(printProblem);
  expect([...printed, ...notes].join()).not.toContain("canary");
  return { printed, notes };
}

const door = { GIT_REPO_URL: "git-canary" };
const keys = { PLATFORM_KEY: "key-canary", DOKPLOY_API_KEY: "api-canary" };

describe("the runner's secrets", () => {
  test("that are nowhere are named, with what to do", async () => {
    expect((await check(vault({}))).printed).toEqual([
      `GIT_REPO_URL  the runner has none: neither Vault at ${DOOR} nor the environment  (set it for this one run, e.g. with \`op run\`)`,
      `DOKPLOY_API_KEY  the engine workers of production, staging have none: neither Vault at ${PRODUCTION}, ${STAGING} nor the environment  (set it for this one run, e.g. with \`op run\`; \`PRODUCTION_DOKPLOY_API_KEY\` counts for production alone)`,
    ]);
    const { printed } = await check(vault({ [DOOR]: door, [PRODUCTION]: keys }));
    expect(printed).toEqual([expect.stringContaining("DOKPLOY_API_KEY  the engine worker of staging has none")]);
  });

  test("of a runner of before are all that its workers need: nobody types them again, and the rest is told", async () => {
    const { printed, notes } = await check(vault({ [DOOR]: { ...door, ...keys, VAULT_ROLE_ID: "role-canary" } }));
    expect(printed).toEqual([]);
    expect(notes).toEqual([
      expect.stringContaining(
        "`vault kv patch -mount=secret -remove-data=DOKPLOY_API_KEY -remove-data=PLATFORM_KEY -remove-data=VAULT_ROLE_ID platform/bootstrap/runner`",
      ),
    ]);
  });

  test("of a runner with workers are in order, and nothing is left to tell", async () => {
    expect(await check(vault({ [DOOR]: door, [STAGING]: keys, [PRODUCTION]: keys }))).toEqual({
      printed: [],
      notes: [],
    });
  });

  test("that differ from people's are named, and never shown", async () => {
    const other = { ...keys, PLATFORM_KEY: "other-canary" };
    const { printed } = await check(vault({ [DOOR]: door, [STAGING]: other, [PRODUCTION]: other }));
    expect(printed).toEqual([
      expect.stringMatching(
        /^PLATFORM_KEY {2}is another one than that of the engine worker of production, in Vault at .*`vault kv get -mount=secret -field=PLATFORM_KEY platform\/bootstrap\/engine-production`, or give it as `PRODUCTION_PLATFORM_KEY` where production has its own/,
      ),
      expect.stringContaining("worker of staging"),
    ]);
    const before = await check(vault({ [DOOR]: { ...door, ...other } }));
    expect(before.printed).toHaveLength(2);
  });

  test("may be production's own: then people's have to be those of another stack, or said to be production's", async () => {
    const live = { [DOOR]: door, [STAGING]: keys, [PRODUCTION]: { ...keys, PLATFORM_KEY: "production-canary" } };
    expect((await check(vault(live))).printed).toEqual([]);
    const own = { PLATFORM_KEY: "key-canary", PRODUCTION_PLATFORM_KEY: "production-canary" };
    expect((await check(vault(live), { env: own })).printed).toEqual([]);
    const wrong = { ...own, PRODUCTION_PLATFORM_KEY: "wrong-canary" };
    expect((await check(vault(live), { env: wrong })).printed).toEqual([
      expect.stringMatching(/^PRODUCTION_PLATFORM_KEY {2}is another one than that of the engine worker of production/),
    ]);
  });

  test("of a shared state are no secrets of a runner that keeps a folder, before it has workers and after", async () => {
    const shared = { PULUMI_BACKEND_URL: "postgres://canary" };
    const before = await check(vault({ [DOOR]: { ...door, ...keys, ...shared } }));
    expect(before.printed).toEqual([
      `PULUMI_BACKEND_URL  Vault has it at ${DOOR}, so the runner's state is a shared one, and here it is in a folder  (\`pulumi login\` to the runner's; to change to a folder on purpose, take the field out of Vault)`,
    ]);
    const after = await check(
      vault({ [DOOR]: { ...door, ...shared }, [STAGING]: { ...keys, ...shared }, [PRODUCTION]: keys }),
    );
    expect(after.printed).toEqual([expect.stringContaining(`Vault has it at ${STAGING}`)]);
  });

  test("may lack their mount the first time, but not where it is somebody else's", async () => {
    const env = { GIT_REPO_URL: "x", DOKPLOY_API_KEY: "y", PLATFORM_KEY: "z" };
    expect((await check(failing("vault_missing"), { env })).printed).toEqual([]);
    const existing = await check(failing("vault_missing"), { env, existing: true });
    expect(existing.printed).toEqual(["Vault  no  (do this)"]);
  });

  test("that may not be read are said to be that", async () => {
    expect((await check(failing("vault_denied"))).printed).toEqual(["Vault  no  (do this)"]);
  });
});
