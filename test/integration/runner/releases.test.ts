import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { createInstantEngine, type InstantEngine } from "./instant.ts";
import { until } from "./until.ts";

// The release rules on a real repository; the rules themselves have tables and properties of their own.

let harness: Harness;
let engine: InstantEngine;
beforeEach(async () => {
  engine = createInstantEngine();
  harness = await startHarness({}, { perform: engine.perform });
});
afterEach(() => harness.stop());

const git = (...words: string[]) => harness.origin.git(...words);
const production = (tag: string, more: Record<string, unknown> = {}, form: "plain" | "v2" = "plain") =>
  harness.deploy("production", tag, more, { form });

/** Tags a commit with the trailers that the release commands write, and pushes the tag. */
function tag(name: string, kind: string, commit = "HEAD", trailers = ""): void {
  git("tag", "-a", name, commit, "-m", `Release ${name}\n\nDockmaster-Kind: ${kind}${trailers}`);
  git("push", "--quiet", "origin", `refs/tags/${name}`);
}

/** Puts a release on main through staging to production. */
async function promote(staging: string, promoted: string): Promise<void> {
  expect((await harness.deploy("staging", staging)).body).toMatchObject({ status: "success" });
  tag(promoted, "production", `${staging}^{commit}`);
  expect((await production(promoted)).body).toMatchObject({ status: "success" });
}

/** A fix on a branch from a release, tagged as a hotfix. */
function hotfix(from: string, name: string): string {
  git("checkout", "--quiet", "-b", `fix-${name}`, `${from}^{commit}`);
  const commit = harness.origin.release(null, { [`fix-${name}`]: name });
  tag(name, "hotfix");
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
    expect(await production("v1.1.1")).toMatchObject({ status: 409, body: { error: { code: "not_on_main" } } });
    hotfix("v1.2.0", "v1.2.1");
    expect((await production("v1.2.1")).body).toMatchObject({ status: "success", tag: "v1.2.1" });
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
      const { body } = await harness.deploy("production", name, {}, { waitSeconds: 0 });
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
    expect(await production("v1.1.2")).toMatchObject({ status: 409, body: { error: { code: "not_on_main" } } });
    await endRelease();
  });

  test("does not lose a hotfix that main lacks, unless it was dropped by name", async () => {
    await promote("v1.0.1", "v1.1.0");
    hotfix("v1.1.0", "v1.1.1");
    expect((await production("v1.1.1")).body).toMatchObject({ status: "success" });
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
    expect((await production("v1.1.1")).body).toMatchObject({ status: "success" });
    harness.origin.release(null, { note: "something else first" });
    git("cherry-pick", fix);
    harness.origin.release("v1.0.2", { note: "2" });
    await promote("v1.0.2", "v1.2.0");

    hotfix("v1.2.0", "v1.2.1");
    expect((await production("v1.2.1")).body).toMatchObject({ status: "success" });
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
