import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSigner, signersFile } from "../signer.ts";
import { type Harness, type SendOptions, startHarness } from "./harness.ts";
import { createInstantEngine, type InstantEngine } from "./instant.ts";
import { until } from "./until.ts";

// The release rules on a real repository; the rules themselves have tables and properties of their own.

let harness: Harness;
let engine: InstantEngine;
const ada = createSigner("ada");
const stranger = createSigner("stranger");
const start = async (env: Record<string, string> = {}) => {
  engine = createInstantEngine();
  harness = await startHarness(env, { perform: engine.perform });
};
beforeEach(() => start());
afterEach(() => harness.stop());
afterAll(() => {
  ada.remove();
  stranger.remove();
});

const git = (...words: string[]) => harness.origin.git(...words);
const production = (tag: string, more: Record<string, unknown> = {}, form: "plain" | "v2" = "plain") =>
  harness.deploy("production", tag, more, { form });
const v2 = (tag: string, options: SendOptions = {}) =>
  harness.deploy("production", tag, {}, { form: "v2", ...options });

/** Tags a commit with the trailers that the release commands write, and pushes the tag. */
function tag(name: string, kind: string, commit = "HEAD", trailers = ""): void {
  git("tag", "-a", name, commit, "-m", `Release ${name}\n\nDockmaster-Kind: ${kind}${trailers}`);
  git("push", "--quiet", "origin", `refs/tags/${name}`);
}

/** The same, signed. */
function signedTag(name: string, signer = ada): void {
  git(...signer.config, "tag", "-s", name, "-m", `Release ${name}\n\nDockmaster-Kind: hotfix`);
  git("push", "--quiet", "origin", `refs/tags/${name}`);
}

/** Puts a release on main through staging to production. */
async function promote(staging: string, promoted: string): Promise<void> {
  expect((await harness.deploy("staging", staging)).body).toMatchObject({ status: "success" });
  tag(promoted, "production", `${staging}^{commit}`);
  expect((await production(promoted)).body).toMatchObject({ status: "success" });
}

/** A fix on a branch from a release, and the tag that `make` makes of it: without one, a hotfix's, signed by somebody whom main names. */
function hotfix(from: string, name: string, make: (name: string) => void = signedTag): string {
  if (make === signedTag) harness.origin.release(null, signersFile(ada));
  git("checkout", "--quiet", "-b", `fix-${name}`, `${from}^{commit}`);
  const commit = harness.origin.release(null, { [`fix-${name}`]: name });
  make(name);
  git("checkout", "--quiet", "main");
  return commit;
}

describe("production", () => {
  test("takes a commit that succeeded on staging, under any tag of it", async () => {
    expect(await production("v1.0.1")).toMatchObject({ status: 409, body: { error: { code: "not_on_staging" } } });
    await promote("v1.0.1", "v1.1.0");
    expect((await production("v1.0.1")).body).toMatchObject({ status: "success" });
  });

  test("takes no commit of a branch that main does not have", async () => {
    await promote("v1.0.1", "v1.1.0");
    git("checkout", "--quiet", "-b", "experiment");
    harness.origin.release("v1.0.2", { note: "off main" });
    expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "success" });
    tag("v1.2.0", "production", "v1.0.2^{commit}");
    expect(await production("v1.2.0")).toMatchObject({
      status: 409,
      body: { error: { code: "not_on_main", hint: expect.stringContaining("hotfix") } },
    });
    expect(engine.performed).not.toContain("production v1.2.0");
  });

  test("takes a hotfix that descends from what it has, and no other", async () => {
    await promote("v1.0.1", "v1.1.0");
    harness.origin.release("v1.0.2", { note: "2" });
    await promote("v1.0.2", "v1.2.0");
    hotfix("v1.1.0", "v1.1.1");
    expect(await v2("v1.1.1")).toMatchObject({ status: 409, body: { error: { code: "not_on_main" } } });
    hotfix("v1.2.0", "v1.2.1");
    expect((await v2("v1.2.1")).body).toMatchObject({ status: "success", tag: "v1.2.1" });
  });

  test("does not lose a hotfix that is only being deployed, nor what is under way to a hotfix of the release before", async () => {
    await promote("v1.0.1", "v1.1.0");
    hotfix("v1.1.0", "v1.1.1");
    harness.origin.release("v1.0.2", { note: "2" });
    expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "success" });
    tag("v1.2.0", "production", "v1.0.2^{commit}");

    const underWay = async (name: string) => {
      const held = Promise.withResolvers<void>();
      engine.hold = held.promise;
      const { body } = await v2(name, { waitSeconds: 0 });
      expect(body).toMatchObject({ status: "in_progress" });
      const end = async () => {
        engine.hold = undefined;
        held.resolve();
        await until("it has ended", 10_000, async () => {
          return (await harness.send("GET", `/runs/${body.run}`)).body.finished_at !== null;
        });
      };
      return end;
    };
    const endFix = await underWay("v1.1.1");
    expect(await production("v1.2.0")).toMatchObject({
      status: 409,
      body: { error: { code: "would_lose", message: expect.stringContaining("v1.1.1") } },
    });
    await endFix();

    tag("v1.3.0", "production", "v1.0.2^{commit}", "\nDrops: v1.1.1");
    const endRelease = await underWay("v1.3.0");
    hotfix("v1.1.1", "v1.1.2");
    expect(await v2("v1.1.2")).toMatchObject({ status: 409, body: { error: { code: "not_on_main" } } });
    await endRelease();
  });

  test("does not lose a hotfix that main lacks, unless it was dropped by name", async () => {
    await promote("v1.0.1", "v1.1.0");
    hotfix("v1.1.0", "v1.1.1");
    expect((await v2("v1.1.1")).body).toMatchObject({ status: "success" });
    harness.origin.release("v1.0.2", { note: "2" });
    expect((await harness.deploy("staging", "v1.0.2")).body).toMatchObject({ status: "success" });
    tag("v1.2.0", "production", "v1.0.2^{commit}");
    expect(await production("v1.2.0")).toMatchObject({
      status: 409,
      body: { error: { code: "would_lose", message: expect.stringContaining("v1.1.1") } },
    });
    tag("v1.3.0", "production", "v1.0.2^{commit}", "\nDrops: v1.1.1");
    expect((await production("v1.3.0")).body).toMatchObject({ status: "success" });
  });

  test("recognises a hotfix that was merged, and one that was cherry-picked", async () => {
    await promote("v1.0.1", "v1.1.0");
    const fix = hotfix("v1.1.0", "v1.1.1");
    expect((await v2("v1.1.1")).body).toMatchObject({ status: "success" });
    harness.origin.release(null, { note: "something else first" });
    git("cherry-pick", fix);
    harness.origin.release("v1.0.2", { note: "2" });
    await promote("v1.0.2", "v1.2.0");

    hotfix("v1.2.0", "v1.2.1");
    expect((await v2("v1.2.1")).body).toMatchObject({ status: "success" });
    git("merge", "--quiet", "--no-ff", "-m", "merge the fix", "fix-v1.2.1");
    harness.origin.release("v1.0.3", { note: "3" });
    await promote("v1.0.3", "v1.3.0");
  });

  test("goes back only by a rollback, signed v2, to a release that it had", async () => {
    await promote("v1.0.1", "v1.1.0");
    harness.origin.release("v1.0.2", { note: "2" });
    harness.origin.release("v1.0.3", { note: "3" });
    await promote("v1.0.3", "v1.2.0");
    expect((await production("v1.1.0")).body).toMatchObject({ status: "superseded", superseded_by: "v1.2.0" });
    expect(await production("v1.1.0", { rollback: true })).toMatchObject({ status: 401 });
    expect(await production("v1.0.2", { rollback: true }, "v2")).toMatchObject({
      status: 409,
      body: { error: { code: "never_had" } },
    });
    expect((await production("v1.1.0", { rollback: true }, "v2")).body).toMatchObject({
      status: "success",
      tag: "v1.1.0",
    });
    // Recorded before the rollback, sent again after it.
    expect((await production("v1.2.0")).body).toMatchObject({ status: "superseded" });
  });

  test("is not updated by a push", async () => {
    const after = harness.origin.release(null, { "components/redis/compose.yaml": "services: {}\n" });
    await harness.send("POST", "/webhook", { ref: "refs/heads/main", after, before: "0".repeat(40) });
    expect(engine.performed.filter((each) => each.startsWith("production"))).toEqual([]);
  });
});

describe("a hotfix", () => {
  const refused = (code: string, message: RegExp | string = /./) => ({
    status: 409,
    body: { error: { code, message: expect.stringMatching(message) } },
  });
  const push = (name: string) => git("push", "--quiet", "origin", `refs/tags/${name}`);
  const plainTag = (name: string) => {
    git("tag", name);
    push(name);
  };

  test("that nobody stands up for does not come to production, however it is tagged", async () => {
    await promote("v1.0.1", "v1.1.0");
    hotfix("v1.1.0", "v1.1.1", plainTag);
    expect(await v2("v1.1.1")).toMatchObject(refused("hotfix_unsigned", "lightweight"));
    hotfix("v1.1.0", "v1.1.2", (name) => tag(name, "hotfix"));
    expect(await v2("v1.1.2")).toMatchObject(refused("hotfix_unsigned", "not signed"));
    hotfix("v1.1.0", "v1.1.3", signedTag);
    harness.origin.release(null, signersFile(stranger));
    expect(await v2("v1.1.3")).toMatchObject(refused("hotfix_unsigned", "no key that .github/allowed_signers"));
    hotfix("v1.1.0", "v1.1.4", (name) => {
      // Its own branch may name whom it likes.
      harness.origin.release(null, signersFile(ada));
      signedTag(name);
    });
    expect(await v2("v1.1.4")).toMatchObject(refused("hotfix_unsigned"));
    expect(engine.performed.filter((each) => each.startsWith("production"))).toEqual(["production v1.1.0"]);
  });

  test("needs a signature that nobody can send again, and the signed tag under its own name", async () => {
    await promote("v1.0.1", "v1.1.0");
    hotfix("v1.1.0", "v1.1.1");
    expect(await production("v1.1.1")).toMatchObject({
      status: 401,
      body: { error: { code: "signature_v2_required" } },
    });
    git("push", "--quiet", "origin", "v1.1.1:refs/tags/v1.1.7");
    expect(await v2("v1.1.7")).toMatchObject(refused("hotfix_unsigned", "another name"));
    expect((await v2("v1.1.1")).body).toMatchObject({ status: "success", tag: "v1.1.1" });
    // It is what production has now: asked for again it is nothing new.
    expect((await production("v1.1.1")).body).toMatchObject({ status: "success" });
  });

  test("counts by the signers that main has now, though the runner has not looked since", async () => {
    await promote("v1.0.1", "v1.1.0");
    hotfix("v1.1.0", "v1.1.1");
    // The runner learns of the tag and of its signer; then main takes the signer away.
    await harness.send("POST", "/preview", { env: "staging", tag: "v1.1.1" }, { waitSeconds: 60 });
    harness.origin.release(null, signersFile(stranger));
    expect(await v2("v1.1.1")).toMatchObject(refused("hotfix_unsigned"));
  });

  test("and a tag that was refused leaves nothing behind: its name may still be given to something else", async () => {
    await promote("v1.0.1", "v1.1.0");
    hotfix("v1.1.0", "v1.1.1", plainTag);
    expect(await v2("v1.1.1")).toMatchObject(refused("hotfix_unsigned"));
    git("push", "--quiet", "origin", ":refs/tags/v1.1.1", ":refs/heads/fix-v1.1.1");
    git("tag", "-d", "v1.1.1");
    git("branch", "--move", "fix-v1.1.1", "first-try");
    hotfix("v1.1.0", "v1.1.1");
    expect((await v2("v1.1.1")).body).toMatchObject({ status: "success", tag: "v1.1.1" });
  });
});

describe("a secret of production's own", () => {
  const own = "production-secret-of-thirty-two-characters";
  beforeEach(async () => {
    await harness.stop();
    await start({ PRODUCTION_SECRET: own });
  });
  const forbidden = (code: string) => ({ status: 403, body: { error: { code, hint: expect.stringMatching(/\w/) } } });

  test("is what everything that changes production is signed with, and the webhook's is not", async () => {
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
    tag("v1.1.0", "production", "v1.0.1^{commit}");
    for (const form of ["plain", "v2"] as const) {
      expect(await harness.deploy("production", "v1.1.0", {}, { form })).toMatchObject(
        forbidden("production_secret_required"),
      );
    }
    // GitHub's form can be sent again, so this secret does not sign it.
    expect(await harness.deploy("production", "v1.1.0", {}, { secret: own })).toMatchObject({ status: 401 });
    expect((await v2("v1.1.0", { secret: own })).body).toMatchObject({ status: "success" });
    const asked: [string, Record<string, unknown>][] = [
      ["/deploy", { env: "production", tag: "v1.1.0", triggered_by: "test", rollback: true }],
      ["/sync", { env: "production", all: true }],
    ];
    for (const [path, body] of asked) {
      const options = { form: "v2", waitSeconds: 60 } as const;
      expect(await harness.send("POST", path, body, options)).toMatchObject(forbidden("production_secret_required"));
      expect(await harness.send("POST", path, body, { ...options, secret: own })).toMatchObject({ status: 200 });
    }
  });

  test("cancels what changes production; looking and staging stay as they are", async () => {
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
    tag("v1.1.0", "production", "v1.0.1^{commit}");
    const held = Promise.withResolvers<void>();
    engine.hold = held.promise;
    const { body } = await v2("v1.1.0", { secret: own, waitSeconds: 0 });
    const cancel = (secret: string) => harness.send("POST", `/runs/${body.run}/cancel`, {}, { form: "v2", secret });
    expect(await cancel(harness.secret)).toMatchObject(forbidden("production_secret_required"));
    engine.hold = undefined;
    held.resolve();
    await until("the run ends", 60_000, async () => {
      return (await harness.send("GET", `/runs/${body.run}`)).body.state === "succeeded";
    });
    expect(await cancel(own)).toMatchObject({ status: 409 });
    for (const path of ["/drift", "/preview"]) {
      const asked = { env: "production", ...(path === "/preview" ? { tag: "v1.1.0" } : {}) };
      expect((await harness.send("POST", path, asked, { waitSeconds: 60 })).status).toBe(200);
    }
  });

  test("stands up for a hotfix whose tag nobody signed", async () => {
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
    tag("v1.1.0", "production", "v1.0.1^{commit}");
    expect((await v2("v1.1.0", { secret: own })).body).toMatchObject({ status: "success" });
    hotfix("v1.1.0", "v1.1.1", (name) => tag(name, "hotfix"));
    expect(await v2("v1.1.1")).toMatchObject(forbidden("production_secret_required"));
    expect((await v2("v1.1.1", { secret: own })).body).toMatchObject({ status: "success", tag: "v1.1.1" });
  });
});

describe("numbers", () => {
  const LONG = "v9007199254740991.9007199254740991.9007199254740991";
  const HIGHEST = "v999999.999999.999999";

  test("of more than six digits are no release, and nothing is remembered of who asks for one", async () => {
    git("tag", LONG);
    git("push", "--quiet", "origin", `refs/tags/${LONG}`);
    expect(await harness.deploy("staging", LONG)).toMatchObject({
      status: 400,
      body: { error: { code: "body_invalid" } },
    });
    const after = harness.origin.release(null, { "components/redis/compose.yaml": "services: {}\n" });
    const { body } = await harness.send("POST", "/webhook", { ref: "refs/heads/main", after, before: "0".repeat(40) });
    expect(body).toMatchObject({ tag: "v1.0.2" });
    expect(harness.logged()).toContain('"event":"tags.ignored"');
  });

  test("on a branch, or the highest there is, do not stop the numbering", async () => {
    git("checkout", "--quiet", "-b", "elsewhere");
    harness.origin.release("v1.7.5", { note: "off main" });
    git("checkout", "--quiet", "main");
    git("tag", HIGHEST);
    git("push", "--quiet", "origin", `refs/tags/${HIGHEST}`);
    expect(await harness.deploy("production", HIGHEST)).toMatchObject({ status: 409 });
    const after = harness.origin.release(null, { "components/redis/compose.yaml": "services: {}\n" });
    const { body } = await harness.send("POST", "/webhook", { ref: "refs/heads/main", after, before: "0".repeat(40) });
    expect(body).toMatchObject({ tag: "v1.0.2" });
  });
});

describe("a preview of a commit that main lacks", () => {
  const keys = { PRODUCTION_SECRET: "p".repeat(32), PREVIEW_SECRET: "q".repeat(32) };
  const branch = () => {
    git("checkout", "--quiet", "-b", "idea");
    const commit = harness.origin.release(null, { note: "an idea" });
    git("checkout", "--quiet", "main");
    return commit;
  };
  const preview = (commit: string, options: SendOptions = {}) =>
    harness.send("POST", "/preview", { env: "staging", commit }, { form: "v2", waitSeconds: 60, ...options });
  const forbidden = (code: string) => ({
    status: 403,
    body: { error: { code, hint: expect.stringMatching(/PREVIEW/) } },
  });
  const again = async (env: Record<string, string>) => {
    await harness.stop();
    await start(env);
  };

  test("is refused by default, whoever asks; once main has it, it is not", async () => {
    await again(keys);
    const commit = branch();
    for (const secret of [harness.secret, keys.PREVIEW_SECRET, keys.PRODUCTION_SECRET]) {
      expect(await preview(commit, { secret })).toMatchObject(forbidden("preview_not_merged"));
    }
    expect(engine.performed).toEqual([]);
    git("merge", "--quiet", "--ff-only", "idea");
    git("push", "--quiet", "origin", "main");
    expect((await preview(commit)).body).toMatchObject({ status: "success" });
  });

  test("waits, with PREVIEW=approved, for a key that may say yes to that commit, in a form that nobody can send again", async () => {
    await again({ ...keys, PREVIEW: "approved" });
    const commit = branch();
    expect(await preview(commit)).toMatchObject(forbidden("preview_not_approved"));
    expect(await preview(commit, { secret: keys.PREVIEW_SECRET, form: "plain" })).toMatchObject({ status: 401 });
    expect((await preview(commit, { secret: keys.PREVIEW_SECRET })).body).toMatchObject({ status: "success" });
    // A yes is to one request: it opens nothing for others.
    expect(await preview(commit)).toMatchObject(forbidden("preview_not_approved"));
    expect((await preview(commit, { secret: keys.PRODUCTION_SECRET })).body).toMatchObject({ status: "success" });
  });

  test("is all that its own key is for", async () => {
    await again({ ...keys, PREVIEW: "approved" });
    const secret = keys.PREVIEW_SECRET;
    const refused = { status: 403, body: { error: { code: "caller_not_allowed" } } };
    const asked: [string, Record<string, unknown>][] = [
      ["/deploy", { env: "staging", tag: "v1.0.1", triggered_by: "test" }],
      ["/sync", { env: "staging", all: true }],
      ["/webhook", { ref: "refs/heads/main" }],
    ];
    for (const [path, body] of asked) {
      expect(await harness.send("POST", path, body, { form: "v2", secret })).toMatchObject(refused);
    }
    expect((await harness.send("GET", "/runs", undefined, { form: "v2", secret })).status).toBe(200);
    const { body } = await harness.deploy("staging", "v1.0.1");
    expect(await harness.send("POST", `/runs/${body.run}/cancel`, {}, { form: "v2", secret })).toMatchObject(refused);
  });

  test("is for everybody with PREVIEW=any, which is said at the start", async () => {
    expect(harness.logged()).not.toContain("preview.any");
    await again({ PREVIEW: "any" });
    expect(harness.logged()).toContain('"event":"preview.any"');
    expect((await preview(branch())).body).toMatchObject({ status: "success" });
  });
});
