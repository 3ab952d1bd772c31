import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createSigner } from "../signer.ts";
import { type Clones, commit, createOrigin, git, push, remoteTags, setHook } from "./clones.ts";
import { type FakeRunner, startFakeRunner, view } from "./fake-runner.ts";
import { runCli } from "./run-cli.ts";

// Every command is a process of its own: slow where many tests share few cores.
vi.setConfig({ testTimeout: 120_000 });

let repositories: Clones;
let runner: FakeRunner;
let work: string;

beforeEach(async () => {
  repositories = createOrigin();
  runner = await startFakeRunner();
  work = repositories.clone();
});
afterEach(async () => {
  await runner.close();
  repositories.close();
});

const GIT_ENV = { GIT_CONFIG_GLOBAL: "/dev/null", GITHUB_ACTIONS: "true", GITHUB_ACTOR: "octocat" };

/** Runs a release command; what is asked of the runner is answered by `runs`. */
function release(words: string[], cwd = work) {
  return runCli(["release", ...words], { cwd, env: { ...GIT_ENV, ...runner.env } });
}

const tags = () => remoteTags(repositories.origin);

/** What the runner says that production has, and which commits succeeded on staging. */
function history(production: { tag: string; commit: string } | null, staging: string[] = []) {
  const none = view({ env: "elsewhere" });
  const had = production ? [view({ env: "production", ...production })] : [];
  runner.history.splice(0, Infinity, ...had, ...staging.map((id) => view({ env: "staging", commit: id })), none);
}

describe("release next", () => {
  test("makes annotated tags with trailers, counting up; a commit keeps the one it has", async () => {
    const first = await release(["next"]);
    expect([first.code, first.stdout]).toEqual([0, "v1.0.1\n"]);
    expect((await release(["next", "HEAD", "--json"])).stdout).toContain('"new":false');
    const second = push(work, "feat: more");
    expect((await release(["next"])).stdout).toBe("v1.0.2\n");
    expect(tags()).toEqual({ "v1.0.1": git(work, "rev-parse", "HEAD~"), "v1.0.2": second });
    expect(git(work, "cat-file", "-t", "v1.0.2")).toBe("tag");
    const message = git(repositories.origin, "cat-file", "tag", "v1.0.2");
    expect(message).toContain("tagger octocat <octocat@users.noreply.github.com>");
    expect(message).toContain("Dockmaster-Kind: staging\nReleased-By: octocat (GitHub Actions)");
  });

  test("gives every one of several that race its own number", async () => {
    const ids = ["a", "b", "c"].map((name) => push(work, `feat: ${name}`));
    const clones = ids.map(() => repositories.clone());
    const ends = await Promise.all(ids.map((id, index) => release(["next", id], clones[index])));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(ends.map(({ stdout }) => stdout.trim()).sort()).toEqual(["v1.0.1", "v1.0.2", "v1.0.3"]);
    for (const [index, { stdout }] of ends.entries()) expect(tags()[stdout.trim()]).toBe(ids[index]);
  });

  test("takes the next number when somebody's push of the same one comes first", async () => {
    const other = git(work, "rev-parse", "HEAD");
    const own = push(work, "feat: own");
    // Between our look and our push somebody else's tag lands.
    const land = `git -C ${repositories.origin} show-ref --quiet v1.0.1 || env -u GIT_QUARANTINE_PATH git -C ${repositories.origin} update-ref refs/tags/v1.0.1 ${other}`;
    setHook(repositories.origin, "pre-receive", land);
    expect((await release(["next"])).stdout).toBe("v1.0.2\n");
    expect(tags()).toEqual({ "v1.0.1": other, "v1.0.2": own });
    expect(git(work, "tag", "--list")).toBe("v1.0.2");
  });

  test("leaves no tag behind when the remote refuses it, and says so", async () => {
    setHook(repositories.origin, "pre-receive", "echo 'tags are protected' >&2; exit 1");
    const { code, stderr } = await release(["next"]);
    expect(code).toBe(1);
    expect(stderr).toContain("did not take v1.0.1");
    expect(tags()).toEqual({});
    expect(git(work, "tag", "--list")).toBe("");
  });

  test("refuses a commit that is not on the remote's main", async () => {
    commit(work, {}, "feat: not pushed");
    const { code, stderr } = await release(["next"]);
    expect(code).toBe(1);
    expect(stderr).toContain("is not on main of origin");
    expect(tags()).toEqual({});
  });

  test("never gives out a number twice, also when its tag was deleted", async () => {
    await release(["next"]);
    git(repositories.origin, "tag", "--delete", "v1.0.1");
    push(work, "feat: more");
    expect((await release(["next"])).stdout).toBe("v1.0.2\n");
  });

  test("counts lightweight tags, passes over what is no release, and lets a clone's own tags be", async () => {
    git(repositories.origin, "tag", "v1.4.7", "main");
    git(repositories.origin, "tag", "v9.0.0-rc.1", "main");
    git(work, "tag", "v1.4.7", "HEAD");
    push(work, "feat: more");
    git(work, "tag", "--force", "v1.4.7", "HEAD");
    const moved = git(work, "rev-parse", "v1.4.7");
    expect((await release(["next"])).stdout).toBe("v1.4.8\n");
    expect(git(work, "rev-parse", "v1.4.7")).toBe(moved);
  });

  test("works in a shallow clone, as workflows make it", async () => {
    await release(["next"]);
    push(work, "feat: more");
    push(work, "feat: even more");
    const shallow = repositories.clone("--depth=1", "--no-tags");
    expect((await release(["next"], shallow)).stdout).toBe("v1.0.2\n");
  });

  test.each([["nonsense"], ["HEAD;rm -rf ."], ["--upload-pack=touch x"]])(
    "%s is no commit: exit code 2",
    async (name) => {
      expect((await release(["next", "--", name])).code).toBe(2);
      expect(tags()).toEqual({});
    },
  );

  test("a remote that cannot be read makes no tag", async () => {
    git(work, "remote", "set-url", "origin", "file:///nowhere/at/all.git");
    const { code, stderr } = await release(["next"]);
    expect(code).toBe(1);
    expect(stderr).toContain("cannot be read");
  });

  test("a git that is killed has not said no: no tag, and what to do", async () => {
    const path = repositories.breakGit("merge-base");
    const { code, stderr } = await runCli(["release", "next"], { cwd: work, env: { ...GIT_ENV, PATH: path } });
    expect([code, tags()]).toEqual([1, {}]);
    expect(stderr).toContain("Git cannot tell: git merge-base failed: ended by SIGKILL\n  → Run it again");
  });
});

describe("release promote", () => {
  test("makes the next minor on the same commit, and says where it came from", async () => {
    await release(["next"]);
    const id = git(work, "rev-parse", "HEAD");
    history(null, [id]);
    const first = await release(["promote", "v1.0.1"]);
    expect([first.code, first.stdout]).toEqual([0, "v1.1.0\n"]);
    expect(tags()["v1.1.0"]).toBe(id);
    const message = git(repositories.origin, "cat-file", "tag", "v1.1.0");
    expect(message).toContain("Dockmaster-Kind: production\nPromoted-From: v1.0.1");
    history({ tag: "v1.1.0", commit: id }, [id]);
    expect((await release(["promote", "v1.0.1", "--json"])).stdout).toContain('"tag":"v1.1.0"');
    expect(Object.keys(tags())).toEqual(["v1.0.1", "v1.1.0"]);
  });

  test("refuses what never succeeded on staging, and makes no tag", async () => {
    await release(["next"]);
    history(null, []);
    const { code, stderr } = await release(["promote", "v1.0.1"]);
    expect(code).toBe(1);
    expect(stderr).toContain("has not succeeded on staging");
    expect(Object.keys(tags())).toEqual(["v1.0.1"]);
  });

  /** Production has a hotfix v1.1.1 on v1.1.0; main went on to v1.1.2 without it. */
  async function withHotfix() {
    await release(["next"]);
    const base = git(work, "rev-parse", "HEAD");
    history(null, [base]);
    await release(["promote", "v1.0.1"]);
    git(work, "switch", "--quiet", "--create", "hotfix", "v1.1.0");
    const fix = commit(work, { "components/redis/fix.txt": "fixed\n" }, "fix: the fire");
    history({ tag: "v1.1.0", commit: base });
    const made = await release(["hotfix"]);
    git(work, "switch", "--quiet", "main");
    const ahead = push(work, "feat: main went on");
    await release(["next"]);
    return { base, fix, ahead, made };
  }

  test("names a hotfix that would be taken away; --drop gives it up, on record", async () => {
    const { fix, ahead } = await withHotfix();
    expect(tags()["v1.1.2"]).toBe(ahead);
    history({ tag: "v1.1.1", commit: fix }, [ahead]);
    const refused = await release(["promote", "v1.1.2"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("v1.1.1 would be taken away");
    expect(refused.stderr).toContain("--drop v1.1.1");
    expect((await release(["promote", "v1.1.2", "--drop", "v1.1.1"])).stdout).toBe("v1.2.0\n");
    expect(git(repositories.origin, "cat-file", "tag", "v1.2.0")).toContain("Drops: v1.1.1");
  });

  test("what was given up once stays given up when the same is promoted again", async () => {
    const { fix, ahead } = await withHotfix();
    history({ tag: "v1.1.1", commit: fix }, [ahead]);
    await release(["promote", "v1.1.2", "--drop", "v1.1.1"]);
    const again = await release(["promote", "v1.1.2"]);
    expect([again.code, again.stdout], again.stderr).toEqual([0, "v1.2.0\n"]);
  });

  test.each(["", "Deploy", "yes", "-"])("refuses --confirm=%s before anything is asked or made", async (word) => {
    await release(["next"]);
    const before = runner.received.length;
    const { code, stderr } = await release(["promote", `--confirm=${word}`, "--", "v1.0.1"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not "deploy"')]);
    expect(runner.received).toHaveLength(before);
    expect(Object.keys(tags())).toEqual(["v1.0.1"]);
  });

  test("knows a fix that was picked onto main", async () => {
    const { fix } = await withHotfix();
    git(work, "cherry-pick", fix);
    const picked = push(work, "chore: after the pick");
    await release(["next"]);
    history({ tag: "v1.1.1", commit: fix }, [picked]);
    expect((await release(["promote", "v1.1.3"])).stdout).toBe("v1.2.0\n");
  });

  test("a hotfix is made upon what production has, and is deployed as it is", async () => {
    const { fix, base, made } = await withHotfix();
    expect(made.stdout).toBe("v1.1.1\n");
    expect(tags()["v1.1.1"]).toBe(fix);
    history({ tag: "v1.1.0", commit: base });
    const { code, stdout } = await release(["promote", "v1.1.1", "--json"]);
    expect([code, JSON.parse(stdout)]).toEqual([0, { tag: "v1.1.1", commit: fix, new: false }]);

    // Production has it, and main has it too: what was asked for stays what it is.
    git(work, "merge", "--quiet", "--no-edit", "hotfix");
    push(work, "chore: after the merge");
    history({ tag: "v1.1.1", commit: fix });
    expect((await release(["promote", "v1.1.1"])).stdout).toBe("v1.1.1\n");
  });

  test("answers an older release with the command that goes back", async () => {
    const { base, ahead } = await withHotfix();
    history({ tag: "v1.1.2", commit: ahead }, [base]);
    const { code, stderr } = await release(["promote", "v1.0.1"]);
    expect(code).toBe(1);
    expect(stderr).toContain("dockmaster rollback production --to v1.1.0");
  });

  test("does not know a release that the remote does not have, nor what ran where without a runner", async () => {
    git(work, "tag", "v1.0.9");
    expect((await release(["promote", "v1.0.9"])).code).toBe(2);
    const { code, stderr } = await runCli(["release", "promote", "v1.0.1"], { cwd: work, env: GIT_ENV });
    expect([code, stderr]).toEqual([2, expect.stringContaining("DOCKMASTER_URL")]);
  });
});

describe("release hotfix", () => {
  test("refuses a commit of main, and one that production's release is not part of", async () => {
    await release(["next"]);
    const base = push(work, "feat: production has this");
    history({ tag: "v1.1.0", commit: base });
    const onMain = await release(["hotfix"]);
    expect([onMain.code, onMain.stderr]).toEqual([1, expect.stringContaining("is on main")]);
    git(work, "switch", "--quiet", "--create", "fix", "v1.0.1");
    commit(work, {}, "fix: from the wrong place");
    history({ tag: "v1.1.0", commit: base });
    const beside = await release(["hotfix"]);
    expect([beside.code, beside.stderr]).toEqual([1, expect.stringContaining("git switch -c hotfix v1.1.0")]);
    expect(Object.keys(tags())).toEqual(["v1.0.1"]);
  });
});

describe("the tag of a hotfix", () => {
  const ada = createSigner("ada");
  afterAll(() => ada.remove());
  /** A fix upon v1.1.0, which production has. */
  async function withFix(): Promise<string> {
    const base = git(work, "rev-parse", "HEAD");
    git(work, "tag", "-a", "v1.1.0", "-m", "Release v1.1.0");
    git(work, "push", "--quiet", "origin", "v1.1.0");
    history({ tag: "v1.1.0", commit: base });
    git(work, "switch", "--quiet", "--create", "hotfix", "v1.1.0");
    return commit(work, {}, "fix: the fire");
  }
  const useKey = (key: string) => {
    git(work, "config", "gpg.format", "ssh");
    git(work, "config", "user.signingkey", key);
  };
  /** What git itself says of it, with the key in the file of signers. */
  const verify = (tag: string) => {
    const file = join(work, "..", "signers");
    writeFileSync(file, ada.line);
    return () => git(work, "-c", `gpg.ssh.allowedSignersFile=${file}`, "verify-tag", tag);
  };

  test("is signed with the key that Git knows, so that git finds it good; with --no-sign it is not", async () => {
    await withFix();
    useKey(ada.key);
    const made = await release(["hotfix"]);
    expect([made.code, made.stdout], made.stderr).toEqual([0, "v1.1.1\n"]);
    expect(verify("v1.1.1")).not.toThrow();
    expect(git(repositories.origin, "cat-file", "tag", "v1.1.1")).toContain("Dockmaster-Kind: hotfix");
    git(work, "switch", "--quiet", "--create", "other", "v1.1.0");
    commit(work, {}, "fix: another fire");
    const unsigned = await release(["hotfix", "--no-sign"]);
    expect([unsigned.stdout, unsigned.stderr]).toEqual(["v1.1.2\n", expect.stringContaining("PRODUCTION_SECRET")]);
    expect(verify("v1.1.2")).toThrow();
  });

  test("that is there unsigned is not taken for it: the commit gets a signed one, which promote keeps", async () => {
    const fix = await withFix();
    git(work, "tag", "v1.1.1");
    git(work, "push", "--quiet", "origin", "v1.1.1");
    useKey(ada.key);
    expect((await release(["hotfix"])).stdout).toBe("v1.1.2\n");
    expect((await release(["hotfix"])).stdout).toBe("v1.1.2\n");
    expect(tags()["v1.1.2"]).toBe(fix);
    expect((await release(["promote", "v1.1.2"])).stdout).toBe("v1.1.2\n");
    // By hand, with git alone: no trailers say what it is.
    git(work, "-c", `user.signingkey=${ada.key}`, "tag", "-s", "v1.1.7", "-m", "by hand");
    git(work, "push", "--quiet", "origin", "v1.1.7");
    expect((await release(["promote", "v1.1.7"])).stdout).toBe("v1.1.7\n");
  });

  test("is not made when the key cannot be used", async () => {
    await withFix();
    useKey(join(work, "no-such-key"));
    const { code, stderr } = await release(["hotfix"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("--no-sign")]);
    expect(Object.keys(tags())).toEqual(["v1.1.0"]);
  });
});

describe("numbers that somebody made to be in the way", () => {
  const LONG = "v9007199254740991.9007199254740991.9007199254740991";

  test("are ignored with a word when they are too long, and stop nothing when they are the highest or on a branch", async () => {
    await release(["next"]);
    git(work, "switch", "--quiet", "--create", "elsewhere");
    commit(work, {}, "feat: not on main");
    for (const tag of ["v7.7.7", LONG]) git(work, "tag", tag);
    git(work, "tag", "v999999.999999.999999", "main");
    git(work, "push", "--quiet", "origin", "--tags");
    git(work, "switch", "--quiet", "main");
    const id = push(work, "feat: more");
    const { code, stdout, stderr } = await release(["next"]);
    expect([code, stdout, stderr]).toEqual([
      0,
      "v1.0.2\n",
      expect.stringContaining(`ignored: ${LONG}: a release tag has`),
    ]);
    history(null, [id]);
    expect((await release(["promote", "v1.0.2"])).stdout).toBe("v1.1.0\n");
    expect((await release(["list"])).stdout).not.toContain(LONG);
  });
});

describe("release list and notes", () => {
  test("list shows kind, origin and what is deployed where", async () => {
    await release(["next"]);
    const id = git(work, "rev-parse", "HEAD");
    history(null, [id]);
    await release(["promote", "v1.0.1"]);
    const stack = { since: null, healthy: true, drift: false, behind_by: 0, commit: id };
    const stacks = [
      { ...stack, env: "production", tag: "v1.1.0" },
      { ...stack, env: "staging", tag: "v1.0.1" },
    ];
    runner.script.set("GET /stacks", [{ status: 200, body: { stacks } }]);
    const { code, stdout } = await release(["list", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).releases).toMatchObject([
      {
        tag: "v1.1.0",
        kind: "production",
        promotedFrom: "v1.0.1",
        deployed: ["production"],
        releasedBy: "octocat (GitHub Actions)",
      },
      { tag: "v1.0.1", kind: "staging", promotedFrom: null, deployed: ["staging"] },
    ]);
    const table = await runCli(["release", "list", "--limit", "1"], { cwd: work, env: GIT_ENV });
    expect(table.stdout).toMatch(/v1\.1\.0 +production +v1\.0\.1/);
    expect(table.stdout).not.toMatch(/^v1\.0\.1/m);
  });

  test("notes tell the changes since the production release before, and the services they touch", async () => {
    await release(["next"]);
    history(null, [git(work, "rev-parse", "HEAD")]);
    await release(["promote", "v1.0.1"]);
    push(work, "feat(redis): evict <b>less</b> @everyone", { "components/redis/compose.yaml": "services: {a: {}}\n" });
    const id = push(work, "fix!: the docs", { "docs/index.md": "hello\n" });
    await release(["next"]);
    history({ tag: "v1.1.0", commit: git(work, "rev-parse", "v1.1.0^{commit}") }, [id]);
    await release(["promote", "v1.1.1"]);
    const { code, stdout } = await release(["notes", "v1.2.0"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Changes since v1\.1\.0\.\nServices touched: redis\.\n/);
    expect(stdout).toMatch(/### Breaking\n\n- the docs \([0-9a-f]{7}\)/);
    expect(stdout).toContain("- redis: evict \\<b\\>less\\</b\\> @\u200beveryone");
    expect(stdout).not.toContain("begin");
  });

  test("notes of the first production release tell everything", async () => {
    await release(["next"]);
    const { stdout } = await release(["notes", "v1.0.1", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      since: null,
      services: ["redis"],
      changes: [{ type: "feat", text: "begin" }],
    });
  });
});
