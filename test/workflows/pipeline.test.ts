import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { remoteTags } from "../integration/cli/clones.ts";
import { runCli } from "../integration/cli/run-cli.ts";
import { type Harness, startHarness } from "../integration/runner/harness.ts";
import { platformProgram } from "../integration/runner/origin.ts";
import { createSigner, signersFile } from "../integration/signer.ts";
import { readGitHub } from "./github.ts";
import { type JobEnd, type Machine, runJob } from "./job.ts";
import { type Job, readWorkflow } from "./workflow.ts";

vi.setConfig({ testTimeout: 300_000 });

const root = new URL("../..", import.meta.url).pathname;
const PREVIEW_SECRET = "says-yes-to-previews-of-pull-requests";
const REDIS = "components/redis/compose.yaml";

// One platform's life, told in order: every test goes on where the one before ended.
describe("from push to production, through the workflows", () => {
  let dokploy: Emulator;
  let harness: Harness;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "pipeline-"));
    mkdirSync(join(folder, "github"));
    dokploy = await startEmulator({ dataDir: join(folder, "dokploy") });
    const access = { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey, PREVIEW: "approved", PREVIEW_SECRET };
    const program = (into: string) => {
      platformProgram(["redis"])(into);
      // The workflows use the commands of the repository that they run in.
      for (const part of ["automation", "cli", "text", "tools"])
        cpSync(join(root, part), join(into, part), { recursive: true });
    };
    harness = await startHarness(access, { program, apart: true });
  }, 120_000);
  afterAll(async () => {
    await harness.stop();
    await dokploy.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const machine = (): Machine => ({
    folder,
    origin: harness.origin.url,
    vars: { DOCKMASTER_URL: harness.runner.url },
    secrets: { WEBHOOK_SECRET: harness.secret },
    github: join(folder, "github"),
  });
  const tags = () => remoteTags(harness.origin.url);
  const count = () => Object.keys(tags()).length;
  /** Starts a workflow by hand, or for a commit that was pushed. */
  async function start(name: string, { inputs = {}, sha }: { inputs?: Record<string, string>; sha?: string } = {}) {
    const workflow = readWorkflow(name);
    const [job] = Object.values(workflow.jobs) as [Job];
    return runJob(machine(), workflow, job, { inputs, github: sha === undefined ? {} : { sha } });
  }
  const promote = (staging_tag: string, confirm = "deploy") =>
    start("platform-production", { inputs: { staging_tag, confirm } });
  /** Changes redis on the branch that is checked out, and pushes it. */
  function push(message: string, line = "stop_grace_period"): string {
    const file = join(harness.origin.folder, REDIS);
    const text = readFileSync(file, "utf8");
    const changed = text.replace(new RegExp(`(${line}: )(\\d+)`), (_, key, value) => `${key}${Number(value) + 1}`);
    if (changed === text) throw new Error(`${REDIS} has no ${line}`);
    writeFileSync(file, changed);
    harness.origin.git("commit", "--quiet", "--all", "-m", message);
    harness.origin.git("push", "--quiet", "origin", "HEAD");
    return harness.origin.git("rev-parse", "HEAD");
  }
  async function stack(env: string) {
    const { body } = await harness.send("GET", "/stacks");
    const { tag, commit } = (body.stacks as { env: string; tag: string; commit: string }[]).find(
      (each) => each.env === env,
    )!;
    return { tag, commit };
  }
  function expectOk(end: JobEnd) {
    expect(end.ok, `${end.failed}\n${end.output}`).toBe(true);
  }

  let first: string;
  test("a push to main gets the next tag, and staging is brought to it", async () => {
    first = push("feat(redis): more time to end");
    const end = await start("platform-staging", { sha: first });
    expectOk(end);
    expect(end.outputs.release).toEqual({ tag: "v1.0.2" });
    expect(tags()["v1.0.2"]).toBe(first);
    expect(await stack("staging")).toEqual({ tag: "v1.0.2", commit: first });
    expect(end.summary).toContain("### deploy of staging, v1.0.2: succeeded");
    expect(end.summary).toMatch(/\| redis \| created \|/);
  });

  test.each([
    ["confirm is not the word", ["v1.0.2", "yes"], 'is not "deploy"'],
    ["confirm is empty", ["v1.0.2", ""], 'is not "deploy"'],
    ["the tag does not exist", ["v9.9.9"], "has no release v9.9.9"],
    ["the tag is an option", ["--new-major"], "has no release --new-major"],
    ["the tag is a command", ["$(touch /tmp/owned)`id`"], "has no release"],
    ["the tag never reached staging", ["v1.0.1"], "has not succeeded on staging"],
  ] as const)("production refuses when %s, and makes no tag", async (_, [tag, confirm], reason) => {
    const before = tags();
    const end = await promote(tag, confirm);
    expect(end).toMatchObject({ ok: false, failed: "Promote" });
    expect(end.output).toContain(reason);
    expect(tags()).toEqual(before);
  });

  test("a promotion makes the next minor on the same commit and deploys it, also when GitHub then takes no release", async () => {
    const workflow = readWorkflow("platform-production");
    const job = structuredClone(workflow.jobs.deploy) as Job;
    job.steps.at(-1)!.env!.GH_TOKEN = "";
    const end = await runJob(machine(), workflow, job, { inputs: { staging_tag: "v1.0.2", confirm: "deploy" } });
    expect(end, end.output).toMatchObject({ ok: false, failed: "Publish the notes" });
    expect(tags()["v1.1.0"]).toBe(first);
    expect(await stack("production")).toEqual({ tag: "v1.1.0", commit: first });
    expect(end.summary).toContain("### deploy of production, v1.1.0: succeeded");
    expect(readGitHub(join(folder, "github")).releases).toEqual({});
  });

  test("the same once more publishes its notes, and makes no other tag", async () => {
    const before = count();
    expectOk(await promote("v1.0.2"));
    expect(count()).toBe(before);
    expect(readGitHub(join(folder, "github")).releases).toEqual({
      "v1.1.0": expect.stringContaining("- redis: more time to end"),
    });
  });

  test("a hotfix is deployed to production as it is", async () => {
    const ada = createSigner("ada");
    harness.origin.release(null, signersFile(ada));
    harness.origin.git("fetch", "--quiet", "--tags", "origin");
    harness.origin.git("switch", "--quiet", "--create", "hotfix", "v1.1.0");
    const fix = push("fix(redis): the fire", "retries");
    harness.origin.git("config", "gpg.format", "ssh");
    harness.origin.git("config", "user.signingkey", ada.key);
    const env = { ...laptop(), GIT_CONFIG_GLOBAL: "/dev/null" };
    const made = await runCli(["release", "hotfix"], { cwd: harness.origin.folder, env });
    expect([made.code, made.stdout], made.stderr).toEqual([0, "v1.1.1\n"]);
    const before = count();
    expectOk(await promote("v1.1.1"));
    expect(count()).toBe(before);
    expect(await stack("production")).toEqual({ tag: "v1.1.1", commit: fix });
    const notes = readGitHub(join(folder, "github")).releases["v1.1.1"];
    expect(notes).toMatch(/^Changes since v1\.1\.0\.\nServices touched: redis\./);
    expect(notes).toContain("- redis: the fire");
    harness.origin.git("switch", "--quiet", "main");
    harness.origin.git("config", "--unset", "user.signingkey");
    ada.remove();
  });

  test("a promotion that would lose the hotfix is refused with its name, and makes no tag", async () => {
    expectOk(await start("platform-staging", { sha: push("feat(redis): main goes on without the fix") }));
    const { tag } = await stack("staging");
    const before = tags();
    const end = await promote(tag);
    expect(end).toMatchObject({ ok: false, failed: "Promote" });
    expect(end.output).toContain("v1.1.1 would be taken away");
    expect(tags()).toEqual(before);
  });

  test("an older release is answered with the command that goes back", async () => {
    const end = await promote("v1.0.2");
    expect(end).toMatchObject({ ok: false, failed: "Promote" });
    expect(end.output).toContain("dockmaster rollback production --to v1.1.0");
  });

  test("a rollback goes to the release before, or to the one that is named", async () => {
    const back = await start("platform-rollback", { inputs: { environment: "production", reason: "logins fail" } });
    expectOk(back);
    expect(await stack("production")).toEqual({ tag: "v1.1.0", commit: first });
    expect(back.summary).toContain("### rollback of production, v1.1.0: succeeded");
    expectOk(await start("platform-rollback", { inputs: { environment: "production", tag: "v1.1.1" } }));
    expect((await stack("production")).tag).toBe("v1.1.1");
    const never = await start("platform-rollback", { inputs: { environment: "production", tag: "v1.0.1" } });
    expect(never).toMatchObject({ ok: false, failed: "Roll back" });
    expect(never.output).toContain("production never had v1.0.1");
  });

  test("two pushes at once get two tags, and staging ends with the newer one", async () => {
    const before = count();
    const [older, newer] = [push("feat(redis): one"), push("feat(redis): two")];
    const ends = await Promise.all([newer, older].map((sha) => start("platform-staging", { sha })));
    for (const end of ends) expectOk(end);
    expect(count()).toBe(before + 2);
    const now = tags();
    expect(ends.map(({ outputs }) => now[outputs.release?.tag ?? ""])).toEqual([newer, older]);
    expect((await stack("staging")).commit).toBe(newer);
  });

  test("while the runner is away a push gets its tag only, production none; the same step later completes it", async () => {
    const sha = push("feat(redis): while nobody is there");
    const before = count();
    await harness.runner.stop(0);
    const failed = await start("platform-staging", { sha });
    expect(failed).toMatchObject({ ok: false, failed: "Deploy" });
    expect(failed.output).toContain("does not answer");
    expect(await promote("v1.0.2")).toMatchObject({ ok: false, failed: "Promote" });
    expect(count()).toBe(before + 1);
    await harness.restart();
    const again = await start("platform-staging", { sha });
    expectOk(again);
    expect(again.outputs).toEqual(failed.outputs);
    expect(count()).toBe(before + 1);
    expect((await stack("staging")).commit).toBe(sha);
  });

  test("what is changed by hand on Dokploy becomes an issue that names it", async () => {
    const id = await composeId("staging", "redis");
    const { env } = (await ask(`compose.one?composeId=${id}`)) as { env: string };
    await ask("compose.saveEnvironment", { composeId: id, env: `${env}\nBY_HAND=1\n` });
    expectOk(await start("platform-drift"));
    const { issues } = readGitHub(join(folder, "github"));
    expect(issues).toMatchObject([{ open: true, body: expect.stringContaining("BY\\_HAND") }]);
    expect(issues[0]?.body).toContain("### production: as its last update left it");
  });

  test("a pull request is told what it would change, and nothing is changed", async () => {
    harness.origin.git("switch", "--quiet", "--create", "change");
    const sha = push("feat(redis): a change to look at");
    const base = harness.origin.git("rev-parse", "main");
    const workflow = readWorkflow("platform-preview");
    const before = await stack("staging");
    const event = {
      pull_request: { number: 7, head: { sha, repo: { full_name: "team/platform" } }, base: { sha: base } },
    };
    const run = (secrets: Record<string, string>) => {
      const on = { ...machine(), secrets: { ...machine().secrets, ...secrets } };
      return runJob(on, workflow, workflow.jobs.preview as Job, { github: { event } });
    };
    // Nobody let the job into the environment that holds the secret: the code of the pull request does not run.
    const unapproved = await run({});
    expectOk(unapproved);
    expect(unapproved.summary).toContain("### staging: not previewed");
    expect(unapproved.summary).toContain("Its files touch redis.");
    expectOk(await run({ PREVIEW_SECRET }));
    const [{ body } = { body: "" }] = readGitHub(join(folder, "github")).comments;
    expect(body).toContain("### staging: would change redis");
    expect(body).toMatch(/^\+ +stop_grace_period: \d+s$/m);
    expect(await stack("staging")).toEqual(before);
  });

  function laptop(): Record<string, string> {
    return { DOCKMASTER_URL: harness.runner.url, WEBHOOK_SECRET: harness.secret };
  }
  async function ask(path: string, body?: object): Promise<unknown> {
    const headers = { "x-api-key": dokploy.apiKey, "content-type": "application/json" };
    const request = body ? { method: "POST", body: JSON.stringify(body) } : {};
    const text = await (await fetch(new URL(`/api/${path}`, dokploy.url), { ...request, headers })).text();
    return text === "" ? undefined : JSON.parse(text);
  }
  async function composeId(environment: string, service: string): Promise<string> {
    const projects = (await ask("project.all")) as {
      environments: { name: string; compose: { composeId: string; name: string }[] }[];
    }[];
    const found = projects
      .flatMap(({ environments }) => environments)
      .find(({ name }) => name === environment)
      ?.compose.find(({ name }) => name === service);
    return found?.composeId ?? "";
  }
});
