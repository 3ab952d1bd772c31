import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { STATE_RULE } from "../../../stacks/config/state-backend.ts";
import { type Harness, missing, note, PREVIEW, startHarness, UP } from "./harness.ts";

const SECRET = "platform-kv/data/platform/bootstrap/runner";
const RUNNER = "platform-runner-bootstrap";
const AGENT = "platform-runner-vault-agent-bootstrap";

describe.skipIf(missing)(`from nothing to a runner${note}`, { timeout: 240_000 }, () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness?.stop());

  const values = async () => (await harness.bao.demand("GET", SECRET)).data.data;

  test("all that is wrong is said at once, and nothing is made", async () => {
    harness.configure({
      domain: "https://x",
      github: { repository: "you/platform", api: harness.github.api, reviewers: ["bob"] },
      runner: { checks: [], secrets: ["PULUMI_BACKEND_URL"] },
    });
    const wrong = {
      PULUMI_BACKEND_URL: `file://${harness.env.HOME}`,
      VAULT_TOKEN: "wrong",
      PLATFORM_KEY: "short",
      REGISTRY_PASSWORD: "",
    };
    expect((await harness.run(["stack", "init", "--no-select"], wrong)).ok).toBe(true);
    const { ok, text, changes } = await harness.run(UP, wrong);
    harness.configure();
    expect(ok).toBe(false);
    expect(text).toContain("6 problems in stack bootstrap; nothing was changed:");
    expect(text).toContain("`bootstrap:domain`: is no domain name");
    expect(text).toContain("`bootstrap:github.reviewers.0`: there is no user `bob`");
    expect(text).toContain(
      "PULUMI_BACKEND_URL  is below `bootstrap:runner.secrets`, and here the state is in a folder",
    );
    expect(text).toContain("PLATFORM_KEY  is shorter than 32 characters");
    expect(text).toContain("REGISTRY_PASSWORD  is not set, and the registry wants one of pusher");
    expect(text).toContain("Vault  GET auth/token/lookup-self answered 403");
    expect(changes).toEqual({ "dockmaster-bootstrap": "create" });
    expect(harness.github.calls).toEqual([]);
  });

  test("with a state in a folder the runner keeps one of its own, and people are told when that is right", async () => {
    const { ok, text } = await harness.run(PREVIEW, { PULUMI_BACKEND_URL: `file://${harness.env.HOME}` });
    expect(ok, text).toBe(true);
    expect(text.replaceAll(/\s+/g, " ")).toContain(STATE_RULE);
  });

  test("a preview shows what would be made, and makes nothing", async () => {
    const { ok, text } = await harness.run(PREVIEW);
    expect(text).not.toContain("canary");
    expect(text).toContain("docker:index/image:Image");
    expect(ok, text).toBe(true);
    expect((await harness.bao.request("GET", SECRET)).status).toBe(404);
    expect(harness.github.calls).toEqual([]);
    expect(harness.dokploy.logins).toEqual([]);
    expect(harness.pushed()).toEqual([]);
  });

  test("GitHub away in the middle: what is there stays, and the same step again completes it", async () => {
    harness.github.failAt("rulesets");
    const { ok, text } = await harness.run([...UP, "--continue-on-error"]);
    expect(ok).toBe(false);
    expect(text).toContain("503");
    harness.github.failAt(undefined);
    const again = await harness.run(UP);
    expect(again.ok, again.text).toBe(true);
  });

  test("the image carries release and commit", () => {
    const [image, ...others] = harness.pushed();
    expect(others).toEqual([]);
    expect(image).toMatchObject({
      imageName: "ghcr.io/you/dockmaster:v1.2.4",
      build: { context: "..", args: { COMMIT: harness.commit, RELEASE: "v1.2.4" }, platform: "linux/amd64" },
      user: "pusher",
    });
  });

  test("the runner runs it by its digest, and Dokploy may pull it", async () => {
    const config = (await harness.containers.inspect(RUNNER))?.Config as {
      Image: string;
      Labels: Record<string, string>;
    };
    const [{ repoDigest }] = harness.pushed();
    expect(config.Image).toBe(`ghcr.io/you/dockmaster:v1.2.4@${repoDigest.split("@")[1]}`);
    expect(JSON.stringify(config.Labels)).toContain("Host(`iac.example.org`)");
    expect(harness.dokploy.logins).toEqual([
      expect.objectContaining({ registryUrl: "ghcr.io", username: "puller", password: "pull-canary" }),
    ]);
  });

  test("the runner's environment tells nothing but where its secrets are", () => {
    const env = harness.containers.environmentOf(RUNNER);
    expect(env).toMatchObject({
      WEBHOOK_SECRET_FILE: "/run/secrets/WEBHOOK_SECRET",
      PULUMI_BACKEND_URL_FILE: "/run/secrets/PULUMI_BACKEND_URL",
      DOKPLOY_URL: harness.dokploy.url,
      GIT_BRANCH: "main",
    });
    expect(JSON.stringify(env)).not.toContain("canary");
    expect(JSON.stringify(harness.containers.environmentOf(AGENT))).not.toContain("canary");
  });

  test("Vault holds its secrets: given ones as they are, a new webhook secret, and its own sign-in", async () => {
    const { WEBHOOK_SECRET, VAULT_ROLE_ID, VAULT_SECRET_ID, ...given } = await values();
    expect(given).toEqual({
      GIT_REPO_URL: harness.env.GIT_REPO_URL,
      DOKPLOY_API_KEY: harness.env.DOKPLOY_API_KEY,
      PULUMI_CONFIG_PASSPHRASE: harness.env.PULUMI_CONFIG_PASSPHRASE,
      PLATFORM_KEY: harness.env.PLATFORM_KEY,
      PULUMI_BACKEND_URL: harness.env.PULUMI_BACKEND_URL,
    });
    expect(WEBHOOK_SECRET).toMatch(/^[0-9a-f]{64}$/);
    const signIn = { role_id: VAULT_ROLE_ID, secret_id: VAULT_SECRET_ID };
    const { client_token, policies } = (await harness.bao.demand("POST", "auth/approle/login", signIn)).auth;
    expect(policies).toEqual(["default", "platform-runner"]);
    const role = "auth/approle/role/platform.staging.redis/role-id";
    expect((await harness.bao.request("GET", role, undefined, client_token)).status).toBe(200);
    expect((await harness.bao.request("GET", SECRET, undefined, client_token)).status).toBe(403);
  });

  test("every service of a stack with its secrets in Vault has a role there, with what is shared with it", async () => {
    const { keys } = (await harness.bao.demand("LIST", "auth/approle/role")).data;
    expect(keys.sort()).toEqual([
      "platform.bootstrap.runner",
      "platform.runner",
      "platform.staging.authentik",
      "platform.staging.postgres",
      "platform.staging.redis",
    ]);
    const { metadata } = (await harness.bao.demand("GET", "identity/entity/name/platform.staging.authentik")).data;
    expect(Object.values(metadata)).toEqual(
      expect.arrayContaining(["redis_redis_password", "postgres_database_authentik"]),
    );
  });

  test("the repository is set up: who approves, what stays, what workflows know", async () => {
    const { github } = harness;
    expect(github.at("environments/production")).toMatchObject({
      prevent_self_review: true,
      can_admins_bypass: false,
      reviewers: [
        { type: "User", id: 11 },
        { type: "Team", id: 22 },
      ],
    });
    expect(github.at("actions/variables/DOCKMASTER_URL")).toMatchObject({ value: "https://iac.example.org" });
    const made = github.calls.map(({ method, path, body }) => `${method} ${path} ${body.name ?? ""}`.trim());
    expect(made).toEqual(
      expect.arrayContaining([
        "PUT actions/secrets/WEBHOOK_SECRET",
        "POST environments/staging/deployment-branch-policies main",
        "POST environments/production/deployment-branch-policies main",
        "POST rulesets Releases stay where they are",
        "POST rulesets Reviewed changes to main",
      ]),
    );
    expect(made.some((call) => call.startsWith("POST hooks"))).toBe(false);
    const tags = github.calls.find(({ body }) => body.target === "tag")?.body;
    expect(tags).toMatchObject({
      enforcement: "active",
      conditions: { ref_name: { include: ["refs/tags/v*"], exclude: [] } },
      rules: [{ type: "update" }, { type: "deletion" }, { type: "non_fast_forward" }],
    });
  });

  test("a registry that refuses Dokploy's login fails the update with the reason, not with the password", async () => {
    harness.dokploy.refuse(true);
    const { ok, text, changes } = await harness.run(["up", "--yes", "--skip-preview"]);
    harness.dokploy.refuse(false);
    expect(ok).toBe(false);
    expect(text).toContain("POST registry.update");
    expect(text).toContain("incorrect username or password");
    expect(text).not.toContain("canary");
    expect(text).not.toContain("unhandled");
    expect(changes).toEqual({});
  });

  test("Vault sealed: said before anything is touched; unsealed, another update changes nothing", async () => {
    const [before, calls] = [await values(), harness.github.calls.length];
    await harness.bao.seal();
    const sealed = await harness.run(PREVIEW);
    await harness.bao.unseal();
    expect(sealed.ok).toBe(false);
    expect(sealed.text).toContain("1 problem in stack bootstrap; nothing was changed:");
    expect(sealed.text).toContain("Vault  Vault is sealed  (unseal it");
    const { ok, changes, text } = await harness.run(UP);
    expect(ok, text).toBe(true);
    expect(changes).toEqual({});
    expect(await values()).toEqual(before);
    expect(harness.github.calls).toHaveLength(calls);
  });

  test("a webhook secret rotated in Vault reaches GitHub, and new secret ids Vault: the runner itself is not touched", async () => {
    await harness.bao.demand("PATCH", SECRET, {
      data: { WEBHOOK_SECRET: "webhook-canary-2-0123456789abcdef0, the-old-one-0123456789abcdef0123" },
    });
    const [before, runner] = [await values(), await harness.containers.inspect(RUNNER)];
    harness.configure({
      github: {
        repository: "you/platform",
        api: harness.github.api,
        reviewers: ["anna", "team:platform"],
        trigger: "webhook",
      },
      runner: { checks: [], signIn: 2 },
    });
    const { ok, changes, text } = await harness.run(UP);
    expect(ok, text).toBe(true);
    expect(Object.keys(changes).sort()).toEqual(["github-push", "github-webhook-secret", "runner", "runner-agent"]);
    const hook = harness.github.calls.find(({ path }) => path === "hooks")?.body;
    expect(hook).toMatchObject({
      events: ["push"],
      config: {
        url: "https://iac.example.org/webhook",
        content_type: "json",
        secret: "webhook-canary-2-0123456789abcdef0",
        insecure_ssl: "0",
      },
    });
    const after = await values();
    expect(after.VAULT_SECRET_ID).not.toBe(before.VAULT_SECRET_ID);
    expect({ ...after, VAULT_SECRET_ID: "" }).toEqual({ ...before, VAULT_SECRET_ID: "" });
    expect((await harness.containers.inspect(RUNNER))?.Id).toBe(runner?.Id);
  });

  test("a laptop whose state is in a folder cannot take the runner from its shared one", async () => {
    const { ok, text } = await harness.run(PREVIEW, { PULUMI_BACKEND_URL: `file://${harness.env.HOME}` });
    expect(ok).toBe(false);
    expect(text).toContain("1 problem in stack bootstrap; nothing was changed:");
    expect(text).toContain(
      "PULUMI_BACKEND_URL  Vault has it at platform-kv/data/platform/bootstrap/runner, so the runner's",
    );
  });

  test("a plan that lacks something says so and sets up the rest", async () => {
    Object.assign(harness.github.repository, { private: true, plan: "free" });
    const { ok, text } = await harness.run(PREVIEW);
    expect(ok, text).toBe(true);
    expect(text).toContain("you/platform is private and its plan (free) has no rulesets");
    expect(text).toContain("has no environments: whoever may start the workflow may deploy to production");
    Object.assign(harness.github.repository, { private: false });
  });

  test("another master key than the runner's is refused before anything happens", async () => {
    const { ok, text } = await harness.run(PREVIEW, { PLATFORM_KEY: "another-key-of-more-than-32-characters" });
    expect(ok).toBe(false);
    expect(text).toContain("PLATFORM_KEY  is another one than the runner's in Vault at");
    expect(text).not.toContain("another-key");
  });

  test("no secret has come into state, output or events in clear", async () => {
    const everything = await harness.everything();
    const { WEBHOOK_SECRET, VAULT_SECRET_ID } = await values();
    const canaries = ["git-canary", "push-canary", "pull-canary", "passphrase-canary", "platform-key-canary"];
    const agents = harness.containers.readFile(AGENT, "/run/secrets/vault_secret_id") ?? "";
    expect(agents).toMatch(/^[0-9a-f-]{36}$/);
    const minted = [WEBHOOK_SECRET, VAULT_SECRET_ID, agents];
    const keys = [harness.github.token, harness.env.DOKPLOY_API_KEY ?? ""];
    for (const secret of [...canaries, "webhook-canary-2-0123456789abcdef0", ...minted, ...keys]) {
      expect(everything.includes(secret), secret).toBe(false);
    }
  });
});
