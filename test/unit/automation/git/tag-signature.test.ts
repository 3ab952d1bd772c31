import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALLOWED_SIGNERS, type TagProof } from "../../../../automation/domain/releases/tag-proof.ts";
import { createGit } from "../../../../automation/git/git.ts";
import { type Mirror, openMirror } from "../../../../automation/git/mirror.ts";
import { proveTag } from "../../../../automation/git/tag-signature.ts";

// Real git and ssh-keygen, as the image has them.

const folder = mkdtempSync(join(tmpdir(), "dockmaster-tags-"));
const origin = join(folder, "origin.git");
const clone = join(folder, "clone");
const git = createGit({ env: { PATH: process.env.PATH, HOME: folder }, mask: (text) => text });

function run(words: string[], env: NodeJS.ProcessEnv = {}, input?: string): string {
  const who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "gpg.format=ssh"];
  const around = { cwd: clone, encoding: "utf8" as const, stdio: "pipe" as const, env: { ...process.env, ...env } };
  return execFileSync("git", [...who, ...words], { ...around, ...(input === undefined ? {} : { input }) }).trim();
}

/** Makes a key; returns its public half. */
function makeKey(name: string): string {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(folder, name)]);
  const [type, key] = readFileSync(join(folder, `${name}.pub`), "utf8").split(" ");
  return `${type} ${key}`;
}

const sign = (tag: string, key: string, commit = "HEAD", env: NodeJS.ProcessEnv = {}) =>
  run(["-c", `user.signingkey=${join(folder, key)}`, "tag", "-s", tag, commit, "-m", `Release ${tag}`], env);

let mirror: Mirror;
let main: string;
let fix: string;
const keys: Record<string, string> = {};

/** Puts the file on main. */
async function allow(text: string | null): Promise<void> {
  run(["checkout", "--quiet", "main"]);
  mkdirSync(join(clone, ".github"), { recursive: true });
  if (text === null) rmSync(join(clone, ALLOWED_SIGNERS), { force: true });
  else writeFileSync(join(clone, ALLOWED_SIGNERS), text);
  run(["add", "--all"]);
  run(["commit", "--quiet", "--allow-empty", "-m", "signers"]);
  run(["push", "--quiet", "origin", "main"]);
  await mirror.fetch();
}

async function prove(tag: string, commit = fix): Promise<TagProof> {
  run(["push", "--quiet", "origin", `refs/tags/${tag}`]);
  await mirror.fetch();
  return proveTag(mirror, { tag, commit, branch: "main" });
}

beforeAll(async () => {
  execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", origin]);
  execFileSync("git", ["clone", "--quiet", origin, clone], { stdio: "ignore" });
  run(["checkout", "--quiet", "-B", "main"]);
  run(["commit", "--quiet", "--allow-empty", "-m", "one"]);
  main = run(["rev-parse", "HEAD"]);
  run(["push", "--quiet", "origin", "main"]);
  for (const name of ["ada", "stranger", "old", "mail"]) keys[name] = makeKey(name);
  run(["checkout", "--quiet", "-b", "fix"]);
  run(["commit", "--quiet", "--allow-empty", "-m", "fix"]);
  fix = run(["rev-parse", "HEAD"]);
  run(["push", "--quiet", "origin", "fix"]);
  mirror = await openMirror(git, join(folder, "mirror.git"), origin);
  await mirror.fetch();
  await allow(
    [
      "# who may sign a hotfix",
      `ada@example.org namespaces="git" ${keys.ada}`,
      `old@example.org namespaces="git",valid-before="20200101" ${keys.old}`,
      `mail@example.org namespaces="file" ${keys.mail}`,
      "",
    ].join("\n"),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a tag", () => {
  test("that a signer of main signed has somebody who stands up for it", async () => {
    sign("v1.0.1", "ada", fix);
    expect(await prove("v1.0.1")).toEqual({ by: "ada@example.org" });
  });

  test("that is lightweight, annotated, or signed by a stranger, an expired key, or one for something else, has not", async () => {
    run(["tag", "v1.1.1", fix]);
    expect(await prove("v1.1.1")).toEqual({ lacks: "annotation" });
    run(["tag", "-a", "v1.1.2", fix, "-m", "Release"]);
    expect(await prove("v1.1.2")).toEqual({ lacks: "signature" });
    for (const [tag, key] of Object.entries({ "v1.1.3": "stranger", "v1.1.4": "old", "v1.1.5": "mail" })) {
      sign(tag, key, fix);
      expect([tag, await prove(tag)]).toEqual([tag, { lacks: "allowance" }]);
    }
  });

  test("is not helped by the date that whoever made it chose", async () => {
    sign("v1.1.6", "old", fix, { GIT_COMMITTER_DATE: "2019-06-01T00:00:00Z" });
    // Git's own check believes the tag's date, which is why it is not what is asked.
    const file = ["-c", `gpg.ssh.allowedSignersFile=${join(clone, ALLOWED_SIGNERS)}`];
    expect(() => run([...file, "verify-tag", "v1.1.6"])).not.toThrow();
    expect(await prove("v1.1.6")).toEqual({ lacks: "allowance" });
  });

  test("that was signed under another name, or upon another commit, does not count again", async () => {
    run(["push", "--quiet", "origin", "v1.0.1:refs/tags/v1.0.9"]);
    run(["fetch", "--quiet", "--tags"]);
    expect(await prove("v1.0.9")).toEqual({ lacks: "identity" });
    sign("v1.2.1", "ada", main);
    expect(await prove("v1.2.1", fix)).toEqual({ lacks: "identity" });
    // A tag of a signed tag: git finds the commit through both.
    sign("v1.2.2", "ada", "v1.0.1");
    expect(await prove("v1.2.2")).toEqual({ lacks: "identity" });
  });

  test("with a signature of something else, or changed after it was signed, does not count", async () => {
    const signed = run(["cat-file", "tag", "v1.0.1"]);
    const begin = signed.indexOf("-----BEGIN");
    const make = (tag: string, text: string) =>
      run(["update-ref", `refs/tags/${tag}`, run(["hash-object", "-t", "tag", "-w", "--stdin"], {}, `${text}\n`)]);
    make("v1.3.1", signed.replace("tag v1.0.1", "tag v1.3.1"));
    expect(await prove("v1.3.1")).toEqual({ lacks: "allowance" });
    make("v1.3.2", `${signed.slice(0, begin).replace("tag v1.0.1", "tag v1.3.2")}more\n${signed.slice(begin)}`);
    expect(await prove("v1.3.2")).toEqual({ lacks: "allowance" });
    make("v1.3.3", `${signed.replace("tag v1.0.1", "tag v1.3.3").slice(0, begin)}-----BEGIN SSH SIGNATURE-----\nAAAA`);
    expect(await prove("v1.3.3")).toEqual({ lacks: "allowance" });
    // Two signatures: the last one counts, and covers the first.
    make("v1.3.4", `${signed.replace("tag v1.0.1", "tag v1.3.4")}\n${signed.slice(begin)}`);
    expect(await prove("v1.3.4")).toEqual({ lacks: "allowance" });
  });

  test("does not count any more once main has taken its signer away, nor where the file stands on a branch only", async () => {
    const text = readFileSync(join(clone, ALLOWED_SIGNERS), "utf8");
    await allow(`stranger@example.org ${keys.stranger}\n`);
    expect(await prove("v1.0.1")).toEqual({ lacks: "allowance" });
    await allow("# nobody\n");
    expect(await prove("v1.0.1")).toEqual({ lacks: "signers" });
    await allow(null);
    run(["checkout", "--quiet", "-b", "own-signers"]);
    mkdirSync(join(clone, ".github"), { recursive: true });
    writeFileSync(join(clone, ALLOWED_SIGNERS), text);
    run(["add", "--all"]);
    run(["commit", "--quiet", "-m", "my own signers"]);
    sign("v1.4.1", "ada", "HEAD");
    expect(await prove("v1.4.1", run(["rev-parse", "HEAD"]))).toEqual({ lacks: "signers" });
    await allow(text);
  });

  test("of a signer with several names, or a wildcard, has one of them", async () => {
    await allow(`a@example.org,b@example.org ${keys.ada}\n`);
    expect(await prove("v1.0.1")).toEqual({ by: expect.stringMatching(/^[ab]@example\.org$/) });
    await allow(`*@example.org ${keys.ada}\n`);
    expect(await prove("v1.0.1")).toMatchObject({ by: expect.any(String) });
  });

  test("cannot be decided on where ssh-keygen is not there: nobody knows, which is no yes", async () => {
    const path = process.env.PATH;
    try {
      const { object, head, text } = {
        object: await mirror.tagObject("v1.0.1"),
        head: await mirror.branchHead("main"),
        text: `ada ${keys.ada}\n`,
      };
      process.env.PATH = folder;
      const stand = { tagObject: async () => object, branchHead: async () => head, readText: async () => text };
      await expect(proveTag(stand, { tag: "v1.0.1", commit: fix, branch: "main" })).rejects.toMatchObject({
        code: "tag_unverifiable",
        status: 503,
      });
    } finally {
      process.env.PATH = path;
    }
  });
});
