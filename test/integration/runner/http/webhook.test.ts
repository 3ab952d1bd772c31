import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { signPlain } from "../../../../automation/api/signature.ts";
import { type Harness, startHarness } from "../harness.ts";
import { createInstantEngine } from "../instant.ts";
import { until } from "../until.ts";
import { requireDocumented } from "./documented.ts";

const recorded = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/github/${name}.json`, import.meta.url), "utf8")) as Record<
    string,
    unknown
  >;

const engine = createInstantEngine();
let harness: Harness;
let deliveries = 0;

async function deliver(
  payload: Record<string, unknown>,
  {
    event = "push",
    id = `delivery-${++deliveries}`,
    headers = {},
  }: { event?: string; id?: string; headers?: Record<string, string> } = {},
) {
  const body = new TextEncoder().encode(JSON.stringify(payload));
  const answer = await fetch(new URL("/webhook", harness.runner.url), {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "x-hub-signature-256": signPlain(harness.secret, body),
      "x-github-event": event,
      "x-github-delivery": id,
      ...headers,
    },
  });
  const parsed = (await answer.json()) as Record<string, unknown>;
  requireDocumented("POST", "/webhook", { status: answer.status, body: parsed });
  return { status: answer.status, body: parsed };
}

/** GitHub's recorded push with the commits of this repository. */
function push(before: string, after: string, over: Record<string, unknown> = {}) {
  return { ...recorded("push-branch"), ref: "refs/heads/main", before, after, created: false, commits: [], ...over };
}

/** A commit on main without a tag; the one before it comes first. */
function commit(files: Record<string, string>): [string, string] {
  const before = harness.origin.git("rev-parse", "HEAD");
  return [before, harness.origin.release(null, files)];
}

const tags = () =>
  harness.origin
    .git("ls-remote", "--tags", "origin")
    .split("\n")
    .filter((line) => line.endsWith("^{}"));

describe("a push", () => {
  beforeAll(async () => {
    harness = await startHarness({}, { perform: engine.perform });
    expect((await harness.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
  });
  afterAll(() => harness.stop());
  beforeEach(() => {
    engine.performed.length = 0;
  });

  test.each<[string, string, Record<string, unknown>, object]>([
    ["GitHub's greeting", "ping", recorded("ping"), { status: "pong" }],
    [
      "of another branch",
      "push",
      recorded("push-branch"),
      { status: "ignored", reason: expect.stringContaining("refs/heads/master") },
    ],
    [
      "of a tag",
      "push",
      recorded("push-tag"),
      { status: "ignored", reason: expect.stringContaining("refs/tags/simple-tag") },
    ],
    ["that deletes a tag", "push", recorded("push-tag-deleted"), { status: "ignored" }],
    [
      "that is another event",
      "issues",
      recorded("issues"),
      { status: "ignored", reason: expect.stringContaining("issues") },
    ],
    [
      "that deletes the branch",
      "push",
      { ...recorded("push-branch"), ref: "refs/heads/main", after: "0".repeat(40), deleted: true },
      { status: "ignored", reason: expect.stringContaining("deleted") },
    ],
    [
      "of a commit that the repository does not have",
      "push",
      { ...recorded("push-branch"), ref: "refs/heads/main" },
      { status: "ignored", reason: expect.stringContaining("no longer has") },
    ],
  ])("%s makes no run", async (_name, event, payload, expected) => {
    expect(await deliver(payload, { event })).toMatchObject({ status: 200, body: expected });
    expect(engine.performed).toEqual([]);
  });

  test("that touches one service gets a tag and reports that service", async () => {
    const [before, after] = commit({ "components/redis/compose.yaml": "services: {redis: {image: 'redis:7.4.2'}}\n" });
    const { status, body } = await deliver(push(before, after));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "success",
      env: "staging",
      tag: "v1.0.2",
      commit: after,
      synced_services: ["redis"],
      skipped_services: [],
      also_changed_services: [],
      reasons: { postgres: "equal" },
    });
    expect(engine.performed).toEqual(["staging v1.0.2"]);
    expect(harness.origin.git("ls-remote", "origin", "refs/tags/v1.0.2^{}")).toContain(after);
    harness.origin.git("fetch", "--tags", "--quiet");
    expect(harness.origin.git("tag", "-l", "--format=%(contents)", "v1.0.2")).toMatch(
      /Dockmaster-Kind: staging\nReleased-By: \S/,
    );
  });

  test("that touches all services reports which of them turned out equal", async () => {
    const [before, after] = commit({ "libs/shared.txt": "new" });
    const { body } = await deliver(push(before, after));
    expect(body).toMatchObject({
      synced_services: ["redis"],
      skipped_services: ["postgres"],
      also_changed_services: [],
    });
  });

  test("that touches one service fixes another all the same and says so", async () => {
    const [before, after] = commit({ "components/postgres/compose.yaml": "services: {}\n" });
    const { body } = await deliver(push(before, after));
    expect(body).toMatchObject({
      synced_services: [],
      skipped_services: ["postgres"],
      also_changed_services: ["redis"],
    });
  });

  test("that touches no service makes no tag and no run", async () => {
    const before = tags().length;
    const [from, to] = commit({ "docs/index.md": "hello", "automation/main.ts": "// x", "finance/app.ts": "// y" });
    expect(await deliver(push(from, to))).toMatchObject({ status: 200, body: { status: "no_changes" } });
    expect(engine.performed).toEqual([]);
    expect(tags().length).toBe(before);
  });

  test("takes the changed files from Git, not from the payload", async () => {
    const [before, after] = commit({ "docs/more.md": "hello" });
    const lies = [{ added: [], modified: ["components/redis/compose.yaml"], removed: [] }];
    expect((await deliver(push(before, after, { commits: lies }))).body).toMatchObject({ status: "no_changes" });
  });

  test("takes them from the payload where Git does not know what was before", async () => {
    const [, after] = commit({ "components/redis/compose.yaml": "services: {redis: {image: 'redis:7.4.3'}}\n" });
    const listed = [{ added: [], modified: ["components/redis/compose.yaml"], removed: [] }];
    const { body } = await deliver(push("1".repeat(40), after, { commits: listed }));
    expect(body).toMatchObject({ status: "success", synced_services: ["redis"] });
  });

  test("that comes again under the same delivery id is not taken twice", async () => {
    const [before, after] = commit({ "components/redis/compose.yaml": "services: {redis: {image: 'redis:7.4.4'}}\n" });
    expect((await deliver(push(before, after), { id: "same" })).body).toMatchObject({ status: "success" });
    expect((await deliver(push(before, after), { id: "same" })).body).toMatchObject({
      status: "ignored",
      reason: expect.stringContaining("taken before"),
    });
    expect(engine.performed.length).toBe(1);
  });

  test("under another delivery id is answered with the run there was", async () => {
    const after = harness.origin.git("rev-parse", "HEAD");
    const before = harness.origin.git("rev-parse", "HEAD^");
    const { body } = await deliver(push(before, after));
    expect(body).toMatchObject({ status: "success", duplicate: true });
    expect(engine.performed).toEqual([]);
  });

  test("that comes late is superseded by the one after it", async () => {
    const [a0, a] = commit({ "components/redis/compose.yaml": "services: {redis: {image: 'redis:8.0.0'}}\n" });
    const [, b] = commit({ "components/redis/compose.yaml": "services: {redis: {image: 'redis:8.0.1'}}\n" });
    expect((await deliver(push(a, b))).body).toMatchObject({ status: "success", commit: b });
    engine.performed.length = 0;
    const tags = () => harness.origin.git("ls-remote", "--tags", "origin");
    const before = tags();
    expect(await deliver(push(a0, a))).toMatchObject({ status: 200, body: { status: "superseded", commit: a } });
    expect(engine.performed).toEqual([]);
    // A number of its own would look newer than the release that contains it.
    expect(tags()).toBe(before);
  });

  test.each(["gitea", "forgejo"])("of %s counts too", async (sender) => {
    const [before, after] = commit({ "components/redis/compose.yaml": `services: {redis: {image: '${sender}:1'}}\n` });
    const payload = push(before, after, { pusher: { login: "somebody" } });
    const body = new TextEncoder().encode(JSON.stringify(payload));
    const answer = await fetch(new URL("/webhook", harness.runner.url), {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        [`x-${sender}-signature`]: signPlain(harness.secret, body).replace("sha256=", ""),
        [`x-${sender}-event`]: "push",
        [`x-${sender}-delivery`]: `f6266f16-1bf3-46a5-9ea4-${sender}`,
      },
    });
    expect(await answer.json()).toMatchObject({ status: "success", synced_services: ["redis"] });
  });

  test("whose run takes longer is answered in time, and the run goes on", async () => {
    const held = Promise.withResolvers<void>();
    engine.hold = held.promise;
    const [before, after] = commit({ "components/redis/compose.yaml": "services: {redis: {image: 'redis:9'}}\n" });
    const answer = await deliver(push(before, after), { headers: { prefer: "wait=0" } });
    expect(answer).toMatchObject({
      status: 202,
      body: { status: "in_progress", status_url: expect.stringMatching(/^\/runs\//) },
    });
    engine.hold = undefined;
    held.resolve();
    const again = await deliver(push(before, after));
    expect(again.body).toMatchObject({ status: "success", run: answer.body.run, duplicate: true });
  });

  test("with a wrong signature is refused", async () => {
    const answer = await deliver(recorded("ping"), { event: "ping", headers: { "x-hub-signature-256": "sha256=00" } });
    expect(answer).toMatchObject({ status: 401, body: { error: { code: "signature_invalid" } } });
  });
});

describe("what staging has, not the push alone, says what is affected", () => {
  const redis = (version: string) => ({
    "components/redis/compose.yaml": `services: {redis: {image: 'redis:${version}'}}\n`,
  });
  const docs = (text: string) => ({ "docs/index.md": text });
  const listed = (...modified: string[]) => [{ added: [], modified, removed: [] }];
  const look = async () => {
    await harness.runner.stop(0);
    const looks = () => harness.logged().split("missed releases looked for").length;
    const before = looks();
    await harness.restart();
    await until("it has looked", 15_000, () => looks() > before);
    await until("nothing is left to do", 15_000, async () => {
      const { body } = await harness.send("GET", "/runs");
      return (body.runs as { state: string }[]).every(({ state }) => state !== "queued" && state !== "running");
    });
  };
  const deploy = async (files: Record<string, string>) => {
    const [before, after] = commit(files);
    expect((await deliver(push(before, after))).body).toMatchObject({ status: "success", commit: after });
    engine.performed.length = 0;
    return after;
  };

  beforeEach(async () => {
    engine.performed.length = 0;
    engine.mistake = undefined;
    harness = await startHarness({}, { perform: engine.perform });
    await deploy(redis("1"));
  });
  afterEach(() => harness.stop());

  test("redis changed and the delivery was lost: a push of docs brings it", async () => {
    commit(redis("2"));
    const [before, after] = commit(docs("hello"));
    const { body } = await deliver(push(before, after));
    expect(body).toMatchObject({
      status: "success",
      commit: after,
      synced_services: [],
      also_changed_services: ["redis"],
    });
  });

  test("an unknown `before` and a list that was cut short do not hide it either", async () => {
    commit(redis("2"));
    const [, after] = commit(docs("hello"));
    const cut = push("1".repeat(40), after, { commits: listed("docs/index.md") });
    expect((await deliver(cut)).body).toMatchObject({ status: "success", also_changed_services: ["redis"] });
  });

  test("the deploy of redis failed: a push of docs tries it again", async () => {
    const [a, b] = commit(redis("2"));
    engine.mistake = new Error("out of luck");
    expect((await deliver(push(a, b))).body).toMatchObject({ status: "failed" });
    engine.mistake = undefined;
    const [c, d] = commit(docs("hello"));
    expect((await deliver(push(c, d))).body).toMatchObject({ status: "success", commit: d });
  });

  test("the deploy of redis failed: a push that takes it back is brought", async () => {
    const [a, b] = commit(redis("2"));
    engine.mistake = new Error("out of luck");
    expect((await deliver(push(a, b))).body).toMatchObject({ status: "failed" });
    engine.mistake = undefined;
    const [c, d] = commit(redis("1"));
    expect((await deliver(push(c, d))).body).toMatchObject({ status: "success", commit: d });
    expect((await deliver(push(...commit(docs("hello"))))).body).toMatchObject({ status: "no_changes" });
  });

  test("redis is being deployed: a push that takes it back comes after it", async () => {
    const go = Promise.withResolvers<void>();
    engine.hold = go.promise;
    const headers = { prefer: "wait=0" };
    const [a, b] = commit(redis("2"));
    expect((await deliver(push(a, b), { headers })).body).toMatchObject({ status: "in_progress", commit: b });
    await until("it is deployed", 10_000, () => engine.performed.length === 1);
    const [c, d] = commit(redis("1"));
    const answer = await deliver(push(c, d), { headers });
    engine.hold = undefined;
    go.resolve();
    expect(answer.body).toMatchObject({ status: "in_progress", commit: d });
    await until("both are done", 10_000, () => engine.performed.length === 2);
  });

  test("redis changed and changed back while nobody listened: nothing to do", async () => {
    commit(redis("2"));
    commit(redis("1"));
    const [before, after] = commit(docs("hello"));
    expect((await deliver(push(before, after))).body).toMatchObject({
      status: "no_changes",
      reason: expect.stringContaining("since v1.0.2, which staging has"),
    });
    expect(engine.performed).toEqual([]);
  });

  test("a push of docs gets no tag and no run, nor does the look after it", async () => {
    const before = tags();
    const [from, to] = commit(docs("hello"));
    expect((await deliver(push(from, to))).body).toMatchObject({ status: "no_changes" });
    await look();
    expect(tags()).toEqual(before);
    expect(engine.performed).toEqual([]);
  });

  test("nor when somebody tags that commit", async () => {
    const from = harness.origin.git("rev-parse", "HEAD");
    const to = harness.origin.release("v1.0.9", docs("hello"));
    expect((await deliver(push(from, to))).body).toMatchObject({ status: "no_changes" });
    await look();
    expect(engine.performed).toEqual([]);
  });

  test("the look finds redis behind docs, once, and a second lost one after that", async () => {
    for (const version of ["2", "3"]) {
      commit(redis(version));
      const [, head] = commit(docs(version));
      await look();
      const { runs } = (await harness.send("GET", "/runs")).body as { runs: object[] };
      expect(runs[0]).toMatchObject({ commit: head, triggered_by: "catch-up", state: "succeeded" });
      expect(engine.performed.splice(0)).toHaveLength(1);
      await look();
      expect(engine.performed).toEqual([]);
    }
  });

  test("a service that is taken out touches the stack", async () => {
    rmSync(join(harness.origin.folder, "components/redis"), { recursive: true });
    const [before, after] = commit({});
    const { body } = await deliver(push(before, after));
    expect(body).toMatchObject({ status: "success", commit: after, synced_services: ["redis"] });
  });

  test("after a rollback a push of docs does not bring back what was taken back, but one of a service does", async () => {
    await deploy(redis("2"));
    expect((await harness.deploy("staging", "v1.0.2", { rollback: true }, { form: "v2" })).status).toBe(200);
    engine.performed.length = 0;
    const [a, b] = commit(docs("hello"));
    expect((await deliver(push(a, b))).body).toMatchObject({
      status: "no_changes",
      reason: expect.stringContaining("rolled back"),
    });
    await harness.send("POST", "/sync", { all: true }, { waitSeconds: 60 });
    expect(engine.performed.splice(0)).toEqual(["staging v1.0.2"]);
    expect((await deliver(push(a, b))).body).toMatchObject({ status: "no_changes" });
    await look();
    expect(engine.performed).toEqual([]);
    const [c, d] = commit({ "components/postgres/compose.yaml": "services: {}\n" });
    expect((await deliver(push(c, d))).body).toMatchObject({ status: "success", commit: d });
  });

  test("a push back to an older commit is answered with the command that goes back, and nothing happens", async () => {
    const tagged = harness.origin.git("rev-parse", "HEAD");
    await deploy(redis("2"));
    harness.origin.git("reset", "--hard", "--quiet", tagged);
    harness.origin.git("push", "--quiet", "--force", "origin", "HEAD");
    const { status, body } = await deliver(push("1".repeat(40), tagged, { forced: true }));
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        status: "superseded",
        superseded_by: "v1.0.3",
        reason: expect.stringContaining("pushed back"),
        hint: "to go back on purpose: dockmaster rollback staging --to v1.0.2",
      },
    });
    await look();
    expect(engine.performed).toEqual([]);
    expect((await harness.deploy("staging", "v1.0.2", { rollback: true }, { form: "v2" })).status).toBe(200);
  });

  test("one that was never tagged is told to be tagged first", async () => {
    const [, untagged] = commit(redis("2"));
    await deploy(redis("3"));
    harness.origin.git("reset", "--hard", "--quiet", untagged);
    harness.origin.git("push", "--quiet", "--force", "origin", "HEAD");
    const before = tags();
    expect((await deliver(push("1".repeat(40), untagged))).body).toMatchObject({
      status: "superseded",
      hint: expect.stringMatching(
        new RegExp(`git tag -a v1.0.4 -m v1.0.4 ${untagged} && .+ && dockmaster rollback staging --to v1.0.4$`),
      ),
    });
    expect(tags()).toEqual(before);
  });

  describe("a push as it was documented, without event, `before` and `after`", () => {
    const documented = {
      ref: "refs/heads/main",
      commits: [{ modified: ["platform/01.postgres/compose.yaml"], added: ["platform/03.redis/deploy.py"] }],
    };
    const send = async (payload: object) => {
      const raw = new TextEncoder().encode(JSON.stringify(payload));
      const answer = await fetch(new URL("/webhook", harness.runner.url), {
        method: "POST",
        body: raw,
        headers: { "content-type": "application/json", "x-hub-signature-256": signPlain(harness.secret, raw) },
      });
      return (await answer.json()) as Record<string, unknown>;
    };

    test("means the branch's head; the lists are words", async () => {
      const [, head] = commit(redis("2"));
      expect(await send(documented)).toMatchObject({
        status: "success",
        commit: head,
        tag: "v1.0.3",
        synced_services: ["redis"],
        skipped_services: ["postgres"],
      });
    });

    test("of docs makes nothing, and of another branch neither", async () => {
      commit(docs("hello"));
      const { commits: _, ...bare } = documented;
      expect(await send({ ...bare, commits: [{ modified: ["docs/index.md"] }] })).toMatchObject({
        status: "no_changes",
      });
      expect(await send(bare)).toMatchObject({ status: "no_changes" });
      expect(await send({ ...documented, ref: "refs/heads/other" })).toMatchObject({ status: "ignored" });
      expect(engine.performed).toEqual([]);
    });

    test("to a stack that has nothing brings everything", async () => {
      await harness.stop();
      harness = await startHarness({}, { perform: engine.perform });
      expect(await send({ ref: "refs/heads/main" })).toMatchObject({
        status: "success",
        tag: "v1.0.1",
        skipped_services: ["postgres"],
        synced_services: ["redis"],
      });
    });

    test.each([{}, { ref: "refs/tags/v1.0.1" }, { commits: documented.commits }])("%o is none", async (payload) => {
      expect(await send(payload)).toMatchObject({ status: "ignored" });
    });
  });
});

describe("WEBHOOK_TAG", () => {
  test.each<[string, object, object]>([
    ["reuse", { status: "ignored", reason: expect.stringContaining("no tag") }, { status: "success", tag: "v1.0.2" }],
    ["off", { status: "ignored" }, { status: "ignored" }],
  ])("%s makes no tag", async (setting, untagged, tagged) => {
    harness = await startHarness({ WEBHOOK_TAG: setting }, { perform: engine.perform });
    try {
      const [before, after] = commit({ "components/redis/compose.yaml": "services: {}\n" });
      expect((await deliver(push(before, after))).body).toMatchObject(untagged);
      harness.origin.git("tag", "v1.0.2");
      harness.origin.git("push", "--quiet", "origin", "refs/tags/v1.0.2");
      expect((await deliver(push(before, after), { id: `tagged-${setting}` })).body).toMatchObject(tagged);
    } finally {
      await harness.stop();
    }
  });
});
