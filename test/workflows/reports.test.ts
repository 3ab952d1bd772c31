import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunView } from "../../automation/api/views.ts";
import { error, type FakeRunner, startFakeRunner, view } from "../integration/cli/fake-runner.ts";
import { readGitHub } from "./github.ts";
import { type Event, type JobEnd, type Machine, runJob } from "./job.ts";
import { type Job, readWorkflow } from "./workflow.ts";

vi.setConfig({ testTimeout: 120_000 });

const root = new URL("../..", import.meta.url).pathname;
let runner: FakeRunner;
let machine: Machine;
/** Commits of the origin: what the stacks have, and what the pull request brings. */
let base: string;
let head: string;

function git(cwd: string, ...words: string[]): string {
  const env = { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: "/dev/null" };
  const named = ["-c", "user.name=Test", "-c", "user.email=test@example.org", ...words];
  return execFileSync("git", named, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

beforeEach(async () => {
  runner = await startFakeRunner();
  const folder = mkdtempSync(join(tmpdir(), "workflows-"));
  const origin = join(folder, "origin.git");
  const clone = join(folder, "clone");
  git(folder, "init", "--quiet", "--bare", "--initial-branch=main", origin);
  git(folder, "init", "--quiet", "--initial-branch=main", clone);
  // The commands come from this checkout; the pull request's own files are what a diff shows.
  for (const part of ["automation", "cli", "text", "tools"]) symlinkSync(join(root, part), join(clone, part));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), text);
  };
  const commit = (branch: string, message: string) => {
    git(clone, "add", "--all");
    git(clone, "commit", "--quiet", "-m", message);
    git(clone, "push", "--quiet", origin, `HEAD:refs/heads/${branch}`);
    return git(clone, "rev-parse", "HEAD");
  };
  write("package-lock.json", "{}");
  write("components/redis/compose.yaml", "services:\n  redis:\n    image: redis:7.0.0\n");
  write("components/minio/compose.yaml", "services: {}\n");
  write("Pulumi.staging.yaml", "config:\n  platform:key:\n    secure: v1:abc:old-ciphertext\n");
  base = commit("main", "feat: begin");
  write("components/redis/compose.yaml", "services:\n  redis:\n    image: redis:7.0.1\n");
  write("components/minio/compose.yaml", "services: { a: {} }\n");
  write("Pulumi.staging.yaml", "config:\n  platform:key:\n    secure: v1:abc:new-ciphertext\n");
  head = commit("change", "feat: a newer redis");
  const github = join(folder, "github");
  mkdirSync(github);
  const { DOCKMASTER_URL = "", WEBHOOK_SECRET = "" } = runner.env;
  machine = { folder, origin, vars: { DOCKMASTER_URL }, secrets: { WEBHOOK_SECRET }, github };
});
afterEach(async () => {
  await runner.close();
  rmSync(machine.folder, { recursive: true, force: true });
});

/** Scripts what the runner answers about each stack. */
function answer(kind: "preview" | "drift", runs: Record<string, Partial<RunView> | "away" | "not merged">) {
  const accepted: { status: number; body: unknown }[] = [];
  for (const [env, run] of Object.entries(runs)) {
    const id = `${kind}-${env}`;
    if (run === "away") {
      accepted.push({ status: 404, body: error("env_unknown", `There is no environment ${env}`, "name another") });
      continue;
    }
    if (run === "not merged") {
      accepted.push({ status: 403, body: error("preview_not_merged", "it is not on main", "set PREVIEW=approved") });
      continue;
    }
    accepted.push({ status: 202, body: { status: "in_progress", run: id } });
    runner.script.set(`GET /runs/${id}`, [{ status: 200, body: view({ id, kind, env, tag: null, ...run }) }]);
  }
  runner.script.set(`POST /${kind}`, accepted);
  const stacks = Object.keys(runs).map((env) => ({
    ...{ env, tag: "v1.0.1", commit: base, since: null, healthy: true, drift: null, behind_by: 0 },
  }));
  runner.script.set("GET /stacks", [{ status: 200, body: { stacks } }]);
}

const equal = { outcomes: [{ service: "redis", result: "unchanged" as const, reason: "equal" }] };
const changed = {
  outcomes: [
    { service: "minio", result: "unchanged" as const, reason: "equal" },
    { service: "redis", result: "changed" as const, reason: "changed: composeFile" },
  ],
};

describe("platform-preview", () => {
  const { preview } = readWorkflow("platform-preview").jobs;
  const run = (repository = "team/platform"): Promise<JobEnd> => {
    const event: Event = {
      github: {
        event: {
          pull_request: { number: 7, head: { sha: head, repo: { full_name: repository } }, base: { sha: base } },
        },
      },
    };
    return runJob(machine, readWorkflow("platform-preview"), preview as Job, event);
  };

  test("comments a table for each stack and what differs of the services that change, nothing else", async () => {
    answer("preview", { staging: changed, production: equal });
    const end = await run();
    expect(end, end.output).toMatchObject({ ok: true });
    const [comment, ...others] = readGitHub(machine.github).comments;
    expect(others).toEqual([]);
    expect(comment).toMatchObject({ issue: 7 });
    const body = comment?.body ?? "";
    expect(body).toContain("### staging: would change redis");
    expect(body).toContain("### production: nothing would change");
    expect(body).toContain("+    image: redis:7.0.1");
    expect(body).not.toContain("minio/compose.yaml");
    expect(body).toContain("+    secure: [secret]");
    expect(body).not.toContain("ciphertext");
    expect(end.summary).toBe(body);
    const asked = runner.received.filter(({ path }) => path === "/preview").map((each) => each.body);
    expect(asked).toMatchObject([
      { env: "staging", commit: head, triggered_by: "octocat (GitHub Actions), pull request 7" },
      { env: "production", commit: head },
    ]);
  });

  test("writes over its comment instead of adding another", async () => {
    answer("preview", { staging: changed, production: equal });
    await run();
    answer("preview", { staging: equal, production: equal });
    await run();
    const { comments } = readGitHub(machine.github);
    expect(comments).toHaveLength(1);
    expect(comments[0]?.body).toContain("### staging: nothing would change");
  });

  test("tells what failed, and fails", async () => {
    const cause = { code: "config_invalid", message: "redis has no image", hint: "name one" };
    answer("preview", { staging: { state: "failed", outcomes: [], cause }, production: "away" });
    const end = await run();
    expect(end.ok).toBe(false);
    const body = readGitHub(machine.github).comments[0]?.body ?? "";
    expect(body).toContain("redis has no image → name one");
    expect(body).toContain("### production: could not tell");
  });

  test("says why there is none of code that main lacks, what its files touch, and does not fail for that", async () => {
    answer("preview", { staging: "not merged", production: "not merged" });
    const end = await run();
    expect(end, end.output).toMatchObject({ ok: true });
    const body = readGitHub(machine.github).comments[0]?.body ?? "";
    expect(body).toContain("### staging: not previewed");
    expect(body).toContain("it is not on main → set PREVIEW=approved");
    expect(body).toContain("Its files touch minio, redis.");
    expect(body).toContain("+    image: redis:7.0.1");
    expect(body).not.toContain("ciphertext");
    expect(end.summary).toBe(body);
  });

  test("signs with the secret of its environment, where that has one", async () => {
    machine.secrets = { ...machine.secrets, PREVIEW_SECRET: "another-one" };
    answer("preview", { staging: changed, production: equal });
    // The fake runner knows the webhook's secret alone.
    expect((await run()).ok).toBe(false);
    machine.secrets.PREVIEW_SECRET = machine.secrets.WEBHOOK_SECRET ?? "";
    expect((await run()).ok).toBe(true);
  });

  test("is skipped for a pull request of a fork", async () => {
    expect(await run("stranger/platform")).toMatchObject({ ok: true, skipped: true });
    expect(runner.received).toEqual([]);
  });
});

describe("platform-drift", () => {
  const { drift } = readWorkflow("platform-drift").jobs;
  const run = () => runJob(machine, readWorkflow("platform-drift"), drift as Job, {});
  const drifted = { outcomes: [{ service: "redis", result: "changed" as const, reason: "drift: env REDIS_ARGS" }] };

  test("opens one issue, brings it up to date, and closes it when the drift is gone", async () => {
    answer("drift", { staging: equal, production: drifted });
    const first = await run();
    expect(first, first.output).toMatchObject({ ok: true });
    expect(readGitHub(machine.github).issues).toMatchObject([
      { number: 1, open: true, labels: ["drift"], body: expect.stringContaining("drift: env REDIS\\_ARGS") },
    ]);
    expect(first.summary).toContain("### production: drift");
    expect(first.summary).toContain("### staging: as its last update left it");

    answer("drift", { staging: drifted, production: drifted });
    await run();
    const { issues } = readGitHub(machine.github);
    expect(issues).toHaveLength(1);
    expect(issues[0]?.body).toContain("### staging: drift");

    answer("drift", { staging: equal, production: equal });
    await run();
    expect(readGitHub(machine.github).issues).toMatchObject([
      { open: false, comments: ["Every stack is as its last update left it."] },
    ]);
  });

  test("opens nothing when there is none", async () => {
    answer("drift", { staging: equal, production: equal });
    expect(await run()).toMatchObject({ ok: true });
    expect(readGitHub(machine.github).issues).toEqual([]);
  });

  test("fails when it could not tell, and leaves the issue as it is", async () => {
    answer("drift", { staging: drifted, production: equal });
    await run();
    answer("drift", { staging: "away", production: equal });
    const end = await run();
    expect(end).toMatchObject({ ok: false, failed: "Look for drift" });
    expect(end.summary).toContain("### staging: could not tell");
    expect(readGitHub(machine.github).issues).toMatchObject([{ open: true }]);
  });
});

test.each<[string, string, Record<string, string>]>([
  ["platform-production", "Deploy", { TAG: "v1.1.0" }],
  ["platform-rollback", "Roll back", { ENVIRONMENT: "production", TAG: "v1.1.0", REASON: "" }],
])("%s signs with production's secret where it is set, else with the webhook's", async (name, step, env) => {
  const workflow = readWorkflow(name);
  const job = structuredClone(Object.values(workflow.jobs)[0]) as Job;
  job.steps = job.steps.filter(({ uses, name: own }) => uses || own === "Install" || own === step);
  Object.assign(job.steps.at(-1)!.env!, env);
  const deployed = view({ id: "run-1", env: "production", tag: "v1.1.0", ...equal });
  runner.script.set("GET /runs/run-1", [{ status: 200, body: deployed }]);
  const accept = () =>
    runner.script.set("POST /deploy", [{ status: 202, body: { status: "in_progress", run: "run-1" } }]);
  const { WEBHOOK_SECRET = "" } = machine.secrets;
  // The runner of this test knows one secret; whichever has it signs.
  for (const [secrets, ok] of [
    [{ WEBHOOK_SECRET }, true],
    [{ WEBHOOK_SECRET: "another", PRODUCTION_SECRET: WEBHOOK_SECRET }, true],
    [{ WEBHOOK_SECRET, PRODUCTION_SECRET: "another" }, false],
  ] as const) {
    accept();
    const end = await runJob({ ...machine, secrets }, workflow, job, { inputs: { environment: "production" } });
    expect([secrets, end.ok], end.output).toEqual([secrets, ok]);
  }
});

describe("the last step of platform-production", () => {
  const workflow = readWorkflow("platform-production");
  const publish = (tag: string) => {
    const job = structuredClone(workflow.jobs.deploy) as Job;
    job.steps = job.steps.filter(({ uses, name }) => uses || name === "Install" || name === "Publish the notes");
    job.steps.at(-1)!.env!.TAG = tag;
    return runJob(machine, workflow, job, {});
  };
  const release = (tag: string, commit: string) => {
    git(machine.origin, "tag", "-a", tag, commit, "-m", `Release ${tag}\n\nDockmaster-Kind: production`);
  };

  test("makes a GitHub Release of the tag, and brings one up to date that is there", async () => {
    release("v1.1.0", base);
    const first = await publish("v1.1.0");
    expect(first.ok, first.output).toBe(true);
    const { releases } = readGitHub(machine.github);
    expect(releases).toEqual({ "v1.1.0": expect.stringContaining("The first release for production.") });
    release("v1.0.0", base);
    expect((await publish("v1.1.0")).ok).toBe(true);
    expect(readGitHub(machine.github).releases).toEqual({ "v1.1.0": expect.stringContaining("Changes since v1.0.0.") });
  });

  test("makes none of a tag that the repository does not have", async () => {
    const end = await publish("v1.2.0");
    expect(end).toMatchObject({ ok: false, failed: "Publish the notes" });
    expect(end.output).toContain("has no release v1.2.0");
    expect(readGitHub(machine.github).releases).toEqual({});
  });
});
