import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isLeftToReturn } from "../../../../automation/confirm/confirming.ts";
import { looked } from "../watch/watched-stack.ts";
import { composeFile, DATA, MINUTE, type ReleasedStack, releasedStack, stackFile } from "./released-stack.ts";

let stack: ReleasedStack;
beforeEach(async () => {
  stack = await releasedStack();
});
afterEach(() => stack.close());

/** From now on the container has crashed once. */
const crash = () => {
  const startedAt = new Date(stack.clock.now).toISOString();
  const container = {
    container: "redis",
    is: "restarted" as const,
    id: "0123456789ab",
    startedAt,
    restarts: 1,
    exitCode: 1,
  };
  stack.worker.shows = async () => [looked("redis", { is: "other", containers: [container] })];
};
const runs = () => stack.store.runs({ stack: "staging" });
const returns = async () => (await runs()).filter(({ triggeredBy }) => triggeredBy === "watch");

describe("a release that runs well", () => {
  test("is watched, and confirmed by a look after its time; everybody is told once", async () => {
    const released = await stack.release("v1.1.0");
    const run = await stack.deploy(released);
    await stack.step();
    expect(await stack.store.newestConfirmation("staging")).toMatchObject({ run, state: "watching" });
    await stack.pass(29 * MINUTE);
    expect(await stack.state()).toBe("watching");
    await stack.pass(3 * MINUTE);
    expect(await stack.store.lastConfirmed("staging")).toMatchObject({ run, ...released });
    expect(await stack.told()).toEqual([expect.stringMatching(/^staging: v1\.1\.0 is confirmed/)]);
    await stack.pass(5 * MINUTE);
    expect(await stack.told()).toEqual([]);
  });

  test("is not confirmed where nobody can look, and time without looks does not count", async () => {
    await stack.deploy(await stack.release("v1.1.0"));
    await stack.pass(10 * MINUTE);
    stack.worker.there = false;
    await stack.pass(25 * MINUTE);
    expect(await stack.state()).toBe("watching");
    stack.worker.there = true;
    await stack.pass(15 * MINUTE);
    expect(await stack.state()).toBe("watching");
    await stack.pass(12 * MINUTE);
    expect(await stack.state()).toBe("confirmed");
  });

  test("is said to be unknown where nobody could look for an hour", async () => {
    await stack.deploy(await stack.release("v1.1.0"));
    stack.worker.there = false;
    await stack.pass(62 * MINUTE);
    expect(await stack.store.newestConfirmation("staging")).toMatchObject({
      state: "unknown",
      data: { why: expect.stringMatching(/nobody could look/) },
    });
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["nobody wants it", { "promotion:watch": 0 }, /promotion:watch is 0/],
    ["the file says nothing", { "promotion:watch": undefined }, /promotion:watch is 0/],
    ["the file is wrong", { "promotion:watch": "soon" }, /`promotion:watch`: is no time/],
  ])("is not watched where %s", async (_name, settings, why) => {
    const released = await stack.release("v1.1.0", { files: { "Pulumi.staging.yaml": stackFile(settings) } });
    await stack.deploy(released);
    await stack.step();
    expect(await stack.store.newestConfirmation("staging")).toMatchObject({
      state: "unwatched",
      data: { why: expect.stringMatching(why) },
    });
  });

  test("is not watched where its update told nothing of what it left", async () => {
    await stack.run(await stack.release("v1.1.0"));
    await stack.step();
    expect(await stack.state()).toBe("unwatched");
  });

  test("is superseded by the next one, and goes on where the same one is asked for again", async () => {
    const first = await stack.deploy(await stack.release("v1.1.0"));
    await stack.pass(10 * MINUTE);
    const second = await stack.release("v1.2.0");
    const run = await stack.deploy(second);
    await stack.pass(10 * MINUTE);
    await stack.deploy({ ...second, kind: "sync" });
    await stack.step();
    expect(await stack.store.openConfirmations()).toMatchObject([{ run, state: "watching" }]);
    expect(await stack.store.lastConfirmed("staging")).toBeUndefined();
    expect(first).not.toBe(run);
  });

  test("waits for its checks", async () => {
    await stack.deploy(await stack.release("v1.1.0"));
    stack.says.checks = { say: "unknown", why: "no data" };
    await stack.pass(40 * MINUTE);
    expect(await stack.state()).toBe("watching");
    stack.says.checks = { say: "hold" };
    await stack.step();
    expect(await stack.state()).toBe("confirmed");
  });
});

describe("a release in trouble", () => {
  let good: { tag: string; commit: string };
  beforeEach(async () => {
    good = await stack.release("v1.1.0");
    await stack.confirm(good);
    await stack.told();
  });

  const expectReturned = async () => {
    const [hold, ...more] = await stack.holds();
    expect(more).toEqual([]);
    expect(hold).toMatchObject({ by: "dockmaster", until: null, takenBack: { tag: "v1.2.0" } });
    expect(await returns()).toMatchObject([{ kind: "deploy", rollback: true, ...good, triggeredBy: "watch" }]);
    expect(stack.wake).toHaveBeenCalled();
  };
  const expectRefused = async (why: RegExp) => {
    expect(await returns()).toEqual([]);
    const told = await stack.told();
    expect(told.join("\n\n")).toMatch(why);
    expect(told.join("\n\n")).toMatch(/What to do: dockmaster rollback staging( --to v1\.1\.0)? --wait/);
    expect(await stack.state()).toBe("trouble");
  };

  test("that crashes goes back to the one that was confirmed last; the stack is held, everybody is told", async () => {
    await stack.deploy(await stack.release("v1.2.0"));
    await stack.pass(MINUTE);
    crash();
    await stack.pass(2 * MINUTE);
    await expectReturned();
    const told = (await stack.told()).join("\n\n");
    expect(told).toMatch(/staging: v1\.2\.0 is taken back[\s\S]*redis: .*exit code 1[\s\S]*v1\.1\.0 comes back/);
    expect(told).toMatch(/staging: held by dockmaster until it is lifted: v1\.2\.0 was taken back/);
    // What looks see while it goes back changes nothing.
    await stack.pass(5 * MINUTE);
    await expectReturned();
  });

  test("whose update fails goes back too", async () => {
    await stack.fail(await stack.release("v1.2.0"));
    await stack.step();
    await expectReturned();
  });

  test("whose checks fail goes back too", async () => {
    await stack.deploy(await stack.release("v1.2.0"));
    stack.says.checks = { say: "failed", why: "5xx share is 0.2" };
    await stack.pass(MINUTE);
    await stack.step();
    await expectReturned();
    expect((await stack.holds())[0]?.reason).toMatch(/5xx share/);
  });

  test("is brought back once: one that fails is told, held and not tried again", async () => {
    await stack.fail(await stack.release("v1.2.0"));
    await stack.step();
    const back = await stack.carryOut("fail");
    await stack.told();
    await stack.pass(10 * MINUTE);
    expect((await returns()).map(({ id }) => id)).toEqual([back]);
    expect(await stack.holds()).toHaveLength(1);
    expect((await stack.told()).join()).toMatch(/does not go back by itself[\s\S]*not tried again/);
  });

  test("once it is back, its own crash does not go back further", async () => {
    await stack.fail(await stack.release("v1.2.0"));
    await stack.step();
    const back = await stack.carryOut();
    await stack.pass(MINUTE);
    crash();
    await stack.pass(5 * MINUTE);
    expect((await returns()).map(({ id }) => id)).toEqual([back]);
    expect(await stack.holds()).toHaveLength(1);
  });

  test("that was held and let go goes back anew when it is deployed anew", async () => {
    const bad = await stack.release("v1.2.0");
    await stack.fail(bad);
    await stack.step();
    await stack.carryOut();
    const [hold] = await stack.holds();
    await stack.store.endHold(hold?.id ?? "", "ada", stack.clock.now, () => []);
    await stack.fail(bad);
    await stack.step();
    expect(await returns()).toHaveLength(2);
  });

  test("is told with the command where people are only to be told", async () => {
    const files = { "Pulumi.staging.yaml": stackFile({ "promotion:onTrouble": "notify" }) };
    await stack.deploy(await stack.release("v1.2.0", { files }));
    crash();
    await stack.pass(3 * MINUTE);
    await expectRefused(/^staging: v1\.2\.0 is in trouble/m);
    expect(await stack.holds()).toEqual([]);
  });

  test("what main says counts, whatever the release says", async () => {
    const files = { "Pulumi.staging.yaml": stackFile({ "promotion:onTrouble": "notify" }) };
    const bad = await stack.release("v1.2.0", { files });
    await stack.release("v1.2.1", { files: { "Pulumi.staging.yaml": stackFile() } });
    await stack.fail(bad);
    await stack.step();
    await expectReturned();
  });

  test.each<[string, Parameters<ReleasedStack["release"]>[1], RegExp]>([
    [
      "says that it cannot be undone",
      { message: "feat: x\n\nDockmaster-Irreversible: drops a column" },
      /Irreversible/,
    ],
    ["has data in another image", { image: "redis:9", more: DATA }, /redis may have changed its data/],
    ["has an image that nobody can tell", { files: { "components/redis/compose.yaml": "}" } }, /redis may have/],
  ])("does not go back by itself where it %s", async (_name, options, why) => {
    await stack.fail(await stack.release("v1.2.0", options));
    await stack.step();
    await expectRefused(why);
  });

  test("goes back where the service with data says that this is safe", async () => {
    const files = { "Pulumi.staging.yaml": stackFile({ "platform:redis": { rollback: "safe" } }) };
    await stack.fail(await stack.release("v1.2.0", { image: "redis:9", more: DATA, files }));
    await stack.step();
    await expectReturned();
  });

  test("goes back where the service with data has the same image", async () => {
    const compose = { "components/redis/compose.yaml": composeFile("redis:8", { ...DATA, mem_limit: "1g" }) };
    await stack.fail(await stack.release("v1.2.0", { files: compose }));
    await stack.step();
    await expectReturned();
  });

  test("does not go back where a commit between said so, or a tag", async () => {
    const message = "feat: y\n\nDockmaster-Irreversible: yes\nSigned-off-by: ada";
    await stack.release("v1.1.5", { message });
    await stack.fail(await stack.release("v1.2.0"));
    await stack.step();
    await expectRefused(/[0-9a-f]{7} cannot be undone/);
    stack.origin.git("tag", "-a", "v1.2.1", "-m", "Release v1.2.1\n\nDockmaster-Irreversible: yes");
    stack.origin.git("push", "--quiet", "origin", "refs/tags/v1.2.1");
    await stack.mirror.fetch();
    await stack.fail({ tag: "v1.2.1", commit: stack.origin.git("rev-parse", "HEAD") });
    await stack.step();
    await expectRefused(/v1\.2\.1, [0-9a-f]{7} cannot/);
  });

  test("does not go back where Dokploy is away: nothing says that the release is at fault", async () => {
    await stack.fail(await stack.release("v1.2.0"), "dokploy_unreachable");
    await stack.step();
    await expectRefused(/at fault/);
  });

  test("does not go back where its server was started again", async () => {
    await stack.deploy(await stack.release("v1.2.0"));
    const container = {
      container: "redis",
      is: "restarted" as const,
      id: "0123456789ab",
      startedAt: "2099-01-01T00:00:00Z",
      restarts: 0,
    };
    stack.worker.shows = async () => [looked("redis", { is: "other", containers: [container] })];
    await stack.pass(3 * MINUTE);
    await expectRefused(/at fault/);
  });

  test("does not go back where a person went back on purpose", async () => {
    const bad = await stack.release("v1.2.0");
    await stack.deploy(bad);
    await stack.fail({ ...good, rollback: true });
    await stack.step();
    await expectRefused(/on purpose/);
  });

  test("does not go back where a person went back on purpose, and the release was brought there once more since", async () => {
    const chosen = await stack.release("v1.2.0");
    await stack.deploy(await stack.release("v1.3.0"));
    await stack.deploy({ ...chosen, rollback: true });
    await stack.fail({ ...chosen, kind: "sync" });
    await stack.step();
    await expectRefused(/on purpose/);
  });

  test("a release that came back is not left again because it was brought there once more", async () => {
    await stack.fail(await stack.release("v1.2.0"));
    await stack.step();
    await stack.carryOut();
    const [hold] = await stack.holds();
    await stack.store.endHold(hold?.id ?? "", "ada", stack.clock.now, () => []);
    await stack.fail({ ...good, kind: "sync" });
    await stack.step();
    expect(await returns()).toHaveLength(1);
    expect((await stack.told()).join()).toMatch(/not tried again/);
  });

  test("does not go back where a person holds the stack", async () => {
    await stack.deploy(await stack.release("v1.2.0"));
    await stack.store.hold(
      { stack: "staging", by: "ben", reason: "I look at it", until: null },
      stack.clock.now,
      () => [],
    );
    crash();
    await stack.pass(3 * MINUTE);
    await expectRefused(/held by ben/);
    expect(await stack.holds()).toHaveLength(1);
  });

  test("does not go back where somebody asked for something newer that waits", async () => {
    await stack.fail(await stack.release("v1.2.0"));
    const fix = await stack.release("v1.2.1");
    const { run } = await stack.store.accept(
      {
        ...{ kind: "deploy", stack: "staging", ...fix, services: null, rollback: false },
        ...{ triggeredBy: "ben", reason: null, requestId: "r" },
      },
      stack.clock.now,
    );
    await stack.step();
    expect(await stack.state()).toBe("begun");
    await stack.store.transition(run.id, "hold", {}, stack.clock.now);
    await stack.step();
    await expectRefused(/something newer/);
  });

  test("does not go back where the confirmed one's tag was moved", async () => {
    stack.origin.git("tag", "-f", "-a", "v1.1.0", "-m", "moved");
    stack.origin.git("commit", "--quiet", "--allow-empty", "-m", "x");
    stack.origin.git("tag", "-f", "-a", "v1.1.0", "-m", "moved");
    stack.origin.git("push", "--quiet", "--force", "origin", "refs/tags/v1.1.0");
    await stack.fail(await stack.release("v1.2.0"));
    await stack.step();
    await expectRefused(/v1\.1\.0 is gone or was moved/);
  });

  test("is left to going back, not healed, as long as that may come", async () => {
    await stack.deploy(await stack.release("v1.2.0"));
    expect(await isLeftToReturn(stack.on, "staging")).toBe(false);
    stack.worker.shows = async () => [
      looked("redis", { is: "other", containers: [{ container: "redis", is: "exited", exitCode: 1 }] }),
    ];
    await stack.pass(MINUTE);
    expect((await isLeftToReturn(stack.on, "staging")) || (await stack.holds()).length > 0).toBe(true);
    await stack.pass(2 * MINUTE);
    await expectReturned();
  });
});

test("nothing goes back where nothing was confirmed before", async () => {
  await stack.deploy(await stack.release("v1.1.0"));
  await stack.fail(await stack.release("v1.2.0"));
  await stack.step();
  expect(await returns()).toEqual([]);
  expect((await stack.told()).join()).toMatch(
    /no release of this stack was confirmed[\s\S]*dockmaster rollback staging --wait/,
  );
});

test("a hold whose time is over is told, and what waits is let go", async () => {
  const until = stack.clock.now + MINUTE;
  await stack.store.hold({ stack: "staging", by: "ada", reason: "r", until }, stack.clock.now, () => []);
  await stack.step();
  expect(stack.wake).not.toHaveBeenCalled();
  stack.clock.now = until;
  await stack.step();
  expect(stack.wake).toHaveBeenCalled();
  expect(await stack.told()).toEqual([expect.stringMatching(/^staging: held no more \(ended by its time\)/)]);
});
