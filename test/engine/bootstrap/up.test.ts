import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publicKeyOf } from "../../../components/bootstrap/github/tag-key.ts";
import { STATE_RULE } from "../../../stacks/config/state-backend.ts";
import { type Harness, missing, note, PREVIEW, startHarness, UP } from "./harness.ts";

const SECRET = "platform-kv/data/platform/bootstrap/runner";
const RUNNER = "platform-runner-bootstrap";
const AGENT = "platform-runner-vault-agent-bootstrap";
const engine = (stack: string) => `platform-runner-engine-${stack}-bootstrap`;
const agent = (stack: string) => `platform-runner-vault-agent-${stack}-bootstrap`;

describe.skipIf(missing)(`from nothing to a runner${note}`, { timeout: 240_000 }, () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness?.stop());

  const values = async (path = SECRET) => (await harness.bao.demand("GET", path)).data.data;
  const engineValues = (stack: string) => values(`platform-kv/data/platform/bootstrap/engine-${stack}`);

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

  test("the containers' environment tells nothing but where their secrets are, and whom the door asks", () => {
    const door = harness.containers.environmentOf(RUNNER);
    expect(door).toMatchObject({
      WEBHOOK_SECRET_FILE: "/run/secrets/WEBHOOK_SECRET",
      GIT_BRANCH: "main",
      ENGINES: "production=/run/engines/production/engine.sock,staging=/run/engines/staging/engine.sock",
    });
    expect(JSON.stringify(door)).not.toContain("PULUMI_BACKEND_URL");
    const users = ["production", "staging"].map((stack) => {
      const env = harness.containers.environmentOf(engine(stack));
      expect(env).toMatchObject({
        PULUMI_BACKEND_URL_FILE: "/run/secrets/PULUMI_BACKEND_URL",
        DOKPLOY_URL: harness.dokploy.url,
        ENGINE_STACKS: stack,
      });
      return env?.ENGINE_USERS;
    });
    expect(new Set(users).size).toBe(2);
    expect(harness.containers.environmentOf(engine("staging"))).toHaveProperty("VAULT_ADDR");
    expect(harness.containers.environmentOf(engine("production"))).not.toHaveProperty("VAULT_ADDR");
    for (const container of [
      RUNNER,
      AGENT,
      ...["production", "staging"].flatMap((stack) => [engine(stack), agent(stack)]),
    ])
      expect(JSON.stringify(harness.containers.environmentOf(container)), container).not.toContain("canary");
  });

  test("Vault holds the door's secrets, given ones as they are and a new webhook secret, and a worker's at a path of its own", async () => {
    const { WEBHOOK_SECRET, ...given } = await values();
    expect(given).toEqual({ GIT_REPO_URL: harness.env.GIT_REPO_URL });
    expect(WEBHOOK_SECRET).toMatch(/^[0-9a-f]{64}$/);
    const keys = {
      DOKPLOY_API_KEY: harness.env.DOKPLOY_API_KEY,
      PULUMI_CONFIG_PASSPHRASE: harness.env.PULUMI_CONFIG_PASSPHRASE,
      PLATFORM_KEY: harness.env.PLATFORM_KEY,
      PULUMI_BACKEND_URL: harness.env.PULUMI_BACKEND_URL,
    };
    // Its stack has no secrets in Vault, so it has no business there.
    expect(await engineValues("production")).toEqual(keys);
    const { VAULT_ROLE_ID, VAULT_SECRET_ID, ...staging } = await engineValues("staging");
    expect(staging).toEqual(keys);
    const signIn = { role_id: VAULT_ROLE_ID, secret_id: VAULT_SECRET_ID };
    const { client_token, policies } = (await harness.bao.demand("POST", "auth/approle/login", signIn)).auth;
    expect(policies).toEqual(["default", "platform-engine-staging"]);
    const role = "auth/approle/role/platform.staging.redis/role-id";
    expect((await harness.bao.request("GET", role, undefined, client_token)).status).toBe(200);
    for (const name of ["runner", "engine-staging", "engine-production"]) {
      const path = `platform-kv/data/platform/bootstrap/${name}`;
      expect((await harness.bao.request("GET", path, undefined, client_token)).status, name).toBe(403);
    }
  });

  test("each agent reads the secret of its own container, and no other", async () => {
    const names = ["runner", "engine-production", "engine-staging"];
    for (const [name, container] of [
      ["runner", AGENT],
      ["engine-production", agent("production")],
      ["engine-staging", agent("staging")],
    ] as const) {
      const read = (file: string) => harness.containers.readFile(container, `/run/secrets/vault_${file}`);
      const signIn = { role_id: read("role_id"), secret_id: read("secret_id") };
      const { client_token } = (await harness.bao.demand("POST", "auth/approle/login", signIn)).auth;
      const may = [];
      for (const other of names) {
        const path = `platform-kv/data/platform/bootstrap/${other}`;
        if ((await harness.bao.request("GET", path, undefined, client_token)).status === 200) may.push(other);
      }
      expect(may).toEqual([name]);
    }
  });

  test("every service of a stack with its secrets in Vault has a role there, with what is shared with it", async () => {
    const { keys } = (await harness.bao.demand("LIST", "auth/approle/role")).data;
    expect(keys.sort()).toEqual([
      "platform.bootstrap.engine-production",
      "platform.bootstrap.engine-staging",
      "platform.bootstrap.runner",
      "platform.engine-staging",
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

  test("a webhook secret rotated in Vault reaches GitHub, and new secret ids Vault: door and workers are not touched", async () => {
    await harness.bao.demand("PATCH", SECRET, {
      data: { WEBHOOK_SECRET: "webhook-canary-2-0123456789abcdef0, the-old-one-0123456789abcdef0123" },
    });
    const both = async () => ({ door: await values(), staging: await engineValues("staging") });
    const inspect = () => Promise.all([RUNNER, engine("staging")].map((name) => harness.containers.inspect(name)));
    const [before, containers] = [await both(), await inspect()];
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
    expect(Object.keys(changes).sort()).toEqual([
      "engine-production-agent",
      "engine-staging",
      "engine-staging-agent",
      "github-push",
      "github-webhook-secret",
      "runner",
      "runner-agent",
    ]);
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
    const after = await both();
    expect(after.staging.VAULT_SECRET_ID).not.toBe(before.staging.VAULT_SECRET_ID);
    expect({ ...after.staging, VAULT_SECRET_ID: "" }).toEqual({ ...before.staging, VAULT_SECRET_ID: "" });
    expect(after.door).toEqual(before.door);
    expect((await inspect()).map((one) => one?.Id)).toEqual(containers.map((one) => one?.Id));
  });

  test("production and previews get secrets of their own, and tags people who may make them", async () => {
    harness.github.calls.length = 0;
    harness.configure({
      github: {
        repository: "you/platform",
        api: harness.github.api,
        reviewers: ["anna", "team:platform"],
        trigger: "webhook",
        tagMakers: ["anna"],
      },
      runner: { checks: [], signIn: 2, secrets: ["PRODUCTION_SECRET", "PREVIEW_SECRET"], env: { PREVIEW: "approved" } },
    });
    const { ok, text } = await harness.run(UP);
    expect(ok, text).toBe(true);
    const { PRODUCTION_SECRET, PREVIEW_SECRET, TAG_KEY } = await values();
    expect([PRODUCTION_SECRET, PREVIEW_SECRET]).toEqual(Array(2).fill(expect.stringMatching(/^[0-9a-f]{64}$/)));
    const made = harness.github.calls.map(({ method, path }) => `${method} ${path}`);
    expect(made.sort()).toEqual([
      "POST keys",
      "POST rulesets",
      "PUT environments/preview",
      "PUT environments/preview/secrets/PREVIEW_SECRET",
      "PUT environments/production/secrets/PRODUCTION_SECRET",
      "PUT environments/production/secrets/TAG_KEY",
      "PUT environments/staging/secrets/TAG_KEY",
    ]);
    const call = (path: string) => harness.github.calls.find((each) => each.path === path)?.body;
    expect(call("keys")).toMatchObject({ key: publicKeyOf(TAG_KEY), read_only: false });
    expect(call("rulesets")).toMatchObject({
      target: "tag",
      rules: [{ type: "creation" }],
      bypass_actors: [
        { actor_type: "DeployKey", actor_id: null },
        { actor_type: "RepositoryRole", actor_id: 5 },
        { actor_type: "User", actor_id: 11 },
      ],
    });
    expect(call("environments/preview")).toMatchObject({ reviewers: [{ id: 11 }, { id: 22 }] });
    const env = harness.containers.environmentOf(RUNNER);
    expect(env).toMatchObject({ PRODUCTION_SECRET_FILE: "/run/secrets/PRODUCTION_SECRET", PREVIEW: "approved" });
    expect(JSON.stringify(env)).not.toContain("TAG_KEY");
  });

  test("a laptop whose state is in a folder cannot take the runner from its shared one", async () => {
    const { ok, text } = await harness.run(PREVIEW, { PULUMI_BACKEND_URL: `file://${harness.env.HOME}` });
    expect(ok).toBe(false);
    expect(text).toContain("1 problem in stack bootstrap; nothing was changed:");
    expect(text).toContain(
      "PULUMI_BACKEND_URL  Vault has it at platform-kv/data/platform/bootstrap/engine-production, platform-kv/data/platform/bootstrap/engine-staging, so the",
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

  test("another master key than the workers' is refused before anything happens", async () => {
    const { ok, text } = await harness.run(PREVIEW, { PLATFORM_KEY: "another-key-of-more-than-32-characters" });
    expect(ok).toBe(false);
    expect(text).toContain("PLATFORM_KEY  is another one than that of the engine worker of staging, in Vault at");
    expect(text).not.toContain("another-key");
  });

  test("no secret has come into state, output or events in clear", async () => {
    const everything = await harness.everything();
    const { WEBHOOK_SECRET, PRODUCTION_SECRET, PREVIEW_SECRET, TAG_KEY } = await values();
    const { VAULT_SECRET_ID } = await engineValues("staging");
    const canaries = ["git-canary", "push-canary", "pull-canary", "passphrase-canary", "platform-key-canary"];
    const agents = [AGENT, agent("production"), agent("staging")].map(
      (name) => harness.containers.readFile(name, "/run/secrets/vault_secret_id") ?? "",
    );
    for (const secretId of agents) expect(secretId).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(agents).size).toBe(3);
    const made = [PRODUCTION_SECRET, PREVIEW_SECRET, TAG_KEY, TAG_KEY.split("\n")[1]];
    const minted = [WEBHOOK_SECRET, VAULT_SECRET_ID, ...agents, ...made];
    const keys = [harness.github.token, harness.env.DOKPLOY_API_KEY ?? ""];
    for (const secret of [...canaries, "webhook-canary-2-0123456789abcdef0", ...minted, ...keys]) {
      expect(everything.includes(secret), secret).toBe(false);
    }
  });
});
