import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, missing, note, startHarness, UP } from "./harness.ts";

const KV = "platform-kv/data";
const OLD = `${KV}/old/iac_runner`;

/** What a runner of one process had in Vault; the environment of the update says other things where it may. */
const BEFORE = {
  WEBHOOK_SECRET: "webhook-canary-of-more-than-32-characters",
  GIT_REPO_URL: "https://old-git-canary@git.example.org/you/platform.git",
  DOKPLOY_API_KEY: "old-api-canary",
  PULUMI_CONFIG_PASSPHRASE: "passphrase-canary",
  PLATFORM_KEY: "platform-key-canary-of-more-than-32-characters",
  PULUMI_BACKEND_URL: "postgres://old-canary@db.example.org/state",
  VAULT_ROLE_ID: "old-role",
  VAULT_SECRET_ID: "old-secret-canary",
  NOTE: "somebody's own",
};

describe.skipIf(missing)(`a runner of before, with one secret in Vault${note}`, { timeout: 240_000 }, () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
    await harness.bao.demand("POST", "sys/mounts/platform-kv", { type: "kv", options: { version: "2" } });
    await harness.bao.demand("POST", "sys/auth/approle", { type: "approle" });
    await harness.bao.demand("POST", OLD, { data: BEFORE });
    harness.configure({
      image: { repository: "ghcr.io/you/dockmaster", use: "v1.2.4" },
      vault: { kv: "platform-kv", existing: true },
      runner: { checks: [], kept: "old/iac_runner", memory: "2g", env: { LOG_LEVEL: "debug" } },
      github: undefined,
    });
  });
  afterAll(() => harness?.stop());

  const values = async (path: string) => (await harness.bao.demand("GET", path)).data.data;
  const engineValues = (stack: string) => values(`${KV}/platform/bootstrap/engine-${stack}`);
  let said = "";

  test("becomes a door and workers in one update, with a configuration of before", async () => {
    // Nobody types them again.
    const { ok, text } = await harness.run(UP, { GIT_REPO_URL: "" });
    said = text.replaceAll(/\s+/g, " ");
    expect(ok, text).toBe(true);
    const states = ["", "engine-production-", "engine-staging-"].map((part) => `platform-runner-${part}bootstrap`);
    for (const name of states) expect(await harness.containers.inspect(name), name).toBeDefined();
  });

  test("hands its keys on to each worker, and keeps its own secret as it was", async () => {
    const { WEBHOOK_SECRET: _webhook, GIT_REPO_URL: _git, NOTE: _note, VAULT_ROLE_ID: _role, ...keys } = BEFORE;
    const { VAULT_SECRET_ID: _secret, ...production } = keys;
    expect(await engineValues("production")).toEqual(production);
    expect(await engineValues("staging")).toEqual({
      ...production,
      VAULT_ROLE_ID: expect.not.stringMatching("old"),
      VAULT_SECRET_ID: expect.not.stringMatching("old"),
    });
    expect(await values(OLD)).toEqual(BEFORE);
  });

  test("is told which fields nobody needs there any more, and how they go", async () => {
    const command =
      /`vault kv patch -mount=platform-kv ((?:-remove-data=\w+ )+)old\/iac_runner`/.exec(said)?.[1]?.trim() ?? "";
    const names = command.split(" ").map((flag) => flag.replace("-remove-data=", ""));
    const workers = Object.keys(BEFORE).filter((name) => !["WEBHOOK_SECRET", "GIT_REPO_URL", "NOTE"].includes(name));
    expect(names).toEqual(workers.sort());
    const gone = Object.fromEntries(names.map((name) => [name, null]));
    await harness.bao.demand("PATCH", OLD, { data: gone });
    const { ok, text, changes } = await harness.run(UP);
    expect(ok, text).toBe(true);
    expect(text).not.toContain("-remove-data");
    expect(changes).toEqual({});
    expect(Object.keys(await values(OLD)).sort()).toEqual(["GIT_REPO_URL", "NOTE", "WEBHOOK_SECRET"]);
  });

  test("shows none of it", async () => {
    const everything = await harness.everything();
    for (const secret of Object.values(BEFORE).filter((value) => value.includes("canary")))
      expect(everything.includes(secret), secret).toBe(false);
  });
});
