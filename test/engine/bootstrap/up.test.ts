import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { STATE_RULE } from "../../../stacks/config/state-backend.ts";
import { missing, note, PREVIEW, startWorld, UP, type World } from "./world.ts";

const SECRET = "platform-kv/data/platform/bootstrap/runner";
const RUNNER = "platform-runner-bootstrap";
const AGENT = "platform-runner-vault-agent-bootstrap";

describe.skipIf(missing)(`from nothing to a runner${note}`, { timeout: 240_000 }, () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());

  const values = async () => (await world.bao.demand("GET", SECRET)).data.data;

  test("all that is wrong is said at once, and nothing is made", async () => {
    world.configure({
      domain: "https://x",
      github: { repository: "you/platform", api: world.github.api, reviewers: ["bob"] },
      runner: { checks: [], secrets: ["PULUMI_BACKEND_URL"] },
    });
    const wrong = {
      PULUMI_BACKEND_URL: `file://${world.env.HOME}`,
      VAULT_TOKEN: "wrong",
      PLATFORM_KEY: "short",
      REGISTRY_PASSWORD: "",
    };
    expect((await world.run(["stack", "init", "--no-select"], wrong)).ok).toBe(true);
    const { ok, text, changes } = await world.run(UP, wrong);
    world.configure();
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
    expect(world.github.calls).toEqual([]);
  });

  test("with a state in a folder the runner keeps one of its own, and people are told when that is right", async () => {
    const { ok, text } = await world.run(PREVIEW, { PULUMI_BACKEND_URL: `file://${world.env.HOME}` });
    expect(ok, text).toBe(true);
    expect(text.replaceAll(/\s+/g, " ")).toContain(STATE_RULE);
  });

  test("a preview shows what would be made, and makes nothing", async () => {
    const { ok, text } = await world.run(PREVIEW);
    expect(text).not.toContain("canary");
    expect(text).toContain("docker:index/image:Image");
    expect(ok, text).toBe(true);
    expect((await world.bao.request("GET", SECRET)).status).toBe(404);
    expect(world.github.calls).toEqual([]);
    expect(world.dokploy.logins).toEqual([]);
    expect(world.pushed()).toEqual([]);
  });

  test("GitHub away in the middle: what is there stays, and the same step again completes it", async () => {
    world.github.failAt("rulesets");
    const { ok, text } = await world.run([...UP, "--continue-on-error"]);
    expect(ok).toBe(false);
    expect(text).toContain("503");
    world.github.failAt(undefined);
    const again = await world.run(UP);
    expect(again.ok, again.text).toBe(true);
  });

  test("the image carries release and commit", () => {
    const [image, ...others] = world.pushed();
    expect(others).toEqual([]);
    expect(image).toMatchObject({
      imageName: "ghcr.io/you/dockmaster:v1.2.4",
      build: { context: "..", args: { COMMIT: world.commit, RELEASE: "v1.2.4" }, platform: "linux/amd64" },
      user: "pusher",
    });
  });

  test("the runner runs it by its digest, and Dokploy may pull it", async () => {
    const config = (await world.containers.inspect(RUNNER))?.Config as {
      Image: string;
      Labels: Record<string, string>;
    };
    const [{ repoDigest }] = world.pushed();
    expect(config.Image).toBe(`ghcr.io/you/dockmaster:v1.2.4@${repoDigest.split("@")[1]}`);
    expect(JSON.stringify(config.Labels)).toContain("Host(`iac.example.org`)");
    expect(world.dokploy.logins).toEqual([
      expect.objectContaining({ registryUrl: "ghcr.io", username: "puller", password: "pull-canary" }),
    ]);
  });

  test("the runner's environment tells nothing but where its secrets are", () => {
    const env = world.containers.environmentOf(RUNNER);
    expect(env).toMatchObject({
      WEBHOOK_SECRET_FILE: "/run/secrets/WEBHOOK_SECRET",
      PULUMI_BACKEND_URL_FILE: "/run/secrets/PULUMI_BACKEND_URL",
      DOKPLOY_URL: world.dokploy.url,
      GIT_BRANCH: "main",
    });
    expect(JSON.stringify(env)).not.toContain("canary");
    expect(JSON.stringify(world.containers.environmentOf(AGENT))).not.toContain("canary");
  });

  test("Vault holds its secrets: given ones as they are, a new webhook secret, and its own sign-in", async () => {
    const { WEBHOOK_SECRET, VAULT_ROLE_ID, VAULT_SECRET_ID, ...given } = await values();
    expect(given).toEqual({
      GIT_REPO_URL: world.env.GIT_REPO_URL,
      DOKPLOY_API_KEY: world.env.DOKPLOY_API_KEY,
      PULUMI_CONFIG_PASSPHRASE: world.env.PULUMI_CONFIG_PASSPHRASE,
      PLATFORM_KEY: world.env.PLATFORM_KEY,
      PULUMI_BACKEND_URL: world.env.PULUMI_BACKEND_URL,
    });
    expect(WEBHOOK_SECRET).toMatch(/^[0-9a-f]{64}$/);
    const signIn = { role_id: VAULT_ROLE_ID, secret_id: VAULT_SECRET_ID };
    const { client_token, policies } = (await world.bao.demand("POST", "auth/approle/login", signIn)).auth;
    expect(policies).toEqual(["default", "platform-runner"]);
    const role = "auth/approle/role/platform.staging.redis/role-id";
    expect((await world.bao.request("GET", role, undefined, client_token)).status).toBe(200);
    expect((await world.bao.request("GET", SECRET, undefined, client_token)).status).toBe(403);
  });

  test("every service of a stack with its secrets in Vault has a role there, with what is shared with it", async () => {
    const { keys } = (await world.bao.demand("LIST", "auth/approle/role")).data;
    expect(keys.sort()).toEqual([
      "platform.bootstrap.runner",
      "platform.runner",
      "platform.staging.authentik",
      "platform.staging.postgres",
      "platform.staging.redis",
    ]);
    const { metadata } = (await world.bao.demand("GET", "identity/entity/name/platform.staging.authentik")).data;
    expect(Object.values(metadata)).toEqual(
      expect.arrayContaining(["redis_redis_password", "postgres_database_authentik"]),
    );
  });

  test("the repository is set up: who approves, what stays, what workflows know", async () => {
    const { github } = world;
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
    world.dokploy.refuse(true);
    const { ok, text, changes } = await world.run(["up", "--yes", "--skip-preview"]);
    world.dokploy.refuse(false);
    expect(ok).toBe(false);
    expect(text).toContain("POST registry.update");
    expect(text).toContain("incorrect username or password");
    expect(text).not.toContain("canary");
    expect(text).not.toContain("unhandled");
    expect(changes).toEqual({});
  });

  test("Vault sealed: said before anything is touched; unsealed, another update changes nothing", async () => {
    const [before, calls] = [await values(), world.github.calls.length];
    await world.bao.seal();
    const sealed = await world.run(PREVIEW);
    await world.bao.unseal();
    expect(sealed.ok).toBe(false);
    expect(sealed.text).toContain("1 problem in stack bootstrap; nothing was changed:");
    expect(sealed.text).toContain("Vault  Vault is sealed  (unseal it");
    const { ok, changes, text } = await world.run(UP);
    expect(ok, text).toBe(true);
    expect(changes).toEqual({});
    expect(await values()).toEqual(before);
    expect(world.github.calls).toHaveLength(calls);
  });

  test("a webhook secret rotated in Vault reaches GitHub, and new secret ids Vault: the runner itself is not touched", async () => {
    await world.bao.demand("PATCH", SECRET, { data: { WEBHOOK_SECRET: "webhook-canary-2, old" } });
    const [before, runner] = [await values(), await world.containers.inspect(RUNNER)];
    world.configure({
      github: {
        repository: "you/platform",
        api: world.github.api,
        reviewers: ["anna", "team:platform"],
        trigger: "webhook",
      },
      runner: { checks: [], signIn: 2 },
    });
    const { ok, changes, text } = await world.run(UP);
    expect(ok, text).toBe(true);
    expect(Object.keys(changes).sort()).toEqual(["github-push", "github-webhook-secret", "runner", "runner-agent"]);
    const hook = world.github.calls.find(({ path }) => path === "hooks")?.body;
    expect(hook).toMatchObject({
      events: ["push"],
      config: {
        url: "https://iac.example.org/webhook",
        content_type: "json",
        secret: "webhook-canary-2",
        insecure_ssl: "0",
      },
    });
    const after = await values();
    expect(after.VAULT_SECRET_ID).not.toBe(before.VAULT_SECRET_ID);
    expect({ ...after, VAULT_SECRET_ID: "" }).toEqual({ ...before, VAULT_SECRET_ID: "" });
    expect((await world.containers.inspect(RUNNER))?.Id).toBe(runner?.Id);
  });

  test("a laptop whose state is in a folder cannot take the runner from its shared one", async () => {
    const { ok, text } = await world.run(PREVIEW, { PULUMI_BACKEND_URL: `file://${world.env.HOME}` });
    expect(ok).toBe(false);
    expect(text).toContain("1 problem in stack bootstrap; nothing was changed:");
    expect(text).toContain(
      "PULUMI_BACKEND_URL  Vault has it at platform-kv/data/platform/bootstrap/runner, so the runner's",
    );
  });

  test("a plan that lacks something says so and sets up the rest", async () => {
    Object.assign(world.github.repository, { private: true, plan: "free" });
    const { ok, text } = await world.run(PREVIEW);
    expect(ok, text).toBe(true);
    expect(text).toContain("you/platform is private and its plan (free) has no rulesets");
    expect(text).toContain("has no environments: whoever may start the workflow may deploy to production");
    Object.assign(world.github.repository, { private: false });
  });

  test("another master key than the runner's is refused before anything happens", async () => {
    const { ok, text } = await world.run(PREVIEW, { PLATFORM_KEY: "another-key-of-more-than-32-characters" });
    expect(ok).toBe(false);
    expect(text).toContain("PLATFORM_KEY  is another one than the runner's in Vault at");
    expect(text).not.toContain("another-key");
  });

  test("no secret has come into state, output or events in clear", async () => {
    const everything = await world.everything();
    const { WEBHOOK_SECRET, VAULT_SECRET_ID } = await values();
    const canaries = ["git-canary", "push-canary", "pull-canary", "passphrase-canary", "platform-key-canary"];
    const agents = world.containers.readFile(AGENT, "/run/secrets/vault_secret_id") ?? "";
    expect(agents).toMatch(/^[0-9a-f-]{36}$/);
    const minted = [WEBHOOK_SECRET, VAULT_SECRET_ID, agents];
    const keys = [world.github.token, world.env.DOKPLOY_API_KEY ?? ""];
    for (const secret of [...canaries, "webhook-canary-2", ...minted, ...keys]) {
      expect(everything.includes(secret), secret).toBe(false);
    }
  });
});
