import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { signPlain } from "../../../automation/signature.ts";
import { requireDocumented } from "./documented.ts";
import { createInstantEngine } from "./instant.ts";
import { startWorld, type World } from "./world.ts";

const recorded = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../fixtures/github/${name}.json`, import.meta.url), "utf8")) as Record<
    string,
    unknown
  >;

const engine = createInstantEngine();
let world: World;
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
  const answer = await fetch(new URL("/webhook", world.runner.url), {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "x-hub-signature-256": signPlain(world.secret, body),
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
  const before = world.origin.git("rev-parse", "HEAD");
  return [before, world.origin.release(null, files)];
}

const tags = () =>
  world.origin
    .git("ls-remote", "--tags", "origin")
    .split("\n")
    .filter((line) => line.endsWith("^{}"));

describe("a push", () => {
  beforeAll(async () => {
    world = await startWorld({}, { perform: engine.perform });
    expect((await world.deploy("staging", "v1.0.1")).body).toMatchObject({ status: "success" });
  });
  afterAll(() => world.stop());
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
    expect(world.origin.git("ls-remote", "origin", "refs/tags/v1.0.2^{}")).toContain(after);
    world.origin.git("fetch", "--tags", "--quiet");
    expect(world.origin.git("tag", "-l", "--format=%(contents)", "v1.0.2")).toMatch(
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

  test("that touches one service mends another all the same and says so", async () => {
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
    const after = world.origin.git("rev-parse", "HEAD");
    const before = world.origin.git("rev-parse", "HEAD^");
    const { body } = await deliver(push(before, after));
    expect(body).toMatchObject({ status: "success", duplicate: true });
    expect(engine.performed).toEqual([]);
  });

  test("that comes late is superseded by the one after it", async () => {
    const [a0, a] = commit({ "components/redis/compose.yaml": "services: {redis: {image: 'redis:8.0.0'}}\n" });
    const [, b] = commit({ "components/redis/compose.yaml": "services: {redis: {image: 'redis:8.0.1'}}\n" });
    expect((await deliver(push(a, b))).body).toMatchObject({ status: "success", commit: b });
    engine.performed.length = 0;
    const tags = () => world.origin.git("ls-remote", "--tags", "origin");
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
    const answer = await fetch(new URL("/webhook", world.runner.url), {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        [`x-${sender}-signature`]: signPlain(world.secret, body).replace("sha256=", ""),
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

describe("WEBHOOK_TAG", () => {
  test.each<[string, object, object]>([
    ["reuse", { status: "ignored", reason: expect.stringContaining("no tag") }, { status: "success", tag: "v1.0.2" }],
    ["off", { status: "ignored" }, { status: "ignored" }],
  ])("%s makes no tag", async (setting, untagged, tagged) => {
    world = await startWorld({ WEBHOOK_TAG: setting }, { perform: engine.perform });
    try {
      const [before, after] = commit({ "components/redis/compose.yaml": "services: {}\n" });
      expect((await deliver(push(before, after))).body).toMatchObject(untagged);
      world.origin.git("tag", "v1.0.2");
      world.origin.git("push", "--quiet", "origin", "refs/tags/v1.0.2");
      expect((await deliver(push(before, after), { id: `tagged-${setting}` })).body).toMatchObject(tagged);
    } finally {
      await world.stop();
    }
  });
});
