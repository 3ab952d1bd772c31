import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { contextTo, type Fixture, openFixture } from "../fixture.ts";
import { killable } from "../state/killable.ts";

/** A healthy container `db` with a volume at a path. */
function db(volume: string, { path = "/data", key = "db" } = {}): string {
  return `services:
  ${key}:
    image: pg:1
    container_name: platform-${key}
    healthcheck: {test: ["CMD", "true"], interval: 1s}
    volumes: [store:${path}]
volumes:
  store: {name: "${volume}"}
`;
}

const WRITES = /\.(create|update|delete|deploy|move|remove)$/;

describe("a service whose container would start without its data", () => {
  let fixture: Fixture;
  const up = (composeFile: string, givenUp: string[] = [], patch: object = {}) =>
    fixture.engine.up(contextTo(fixture.dokploy, { givenUp: new Set(givenUp) }), {
      services: [{ name: "db", composeFile, ...patch }],
    });
  /** `changedKeys` of the small engine asks the environment, as the provider's `diff` does. */
  const upGivingUp = async (composeFile: string, ...volumes: string[]) => {
    process.env.DOCKMASTER_GIVE_UP = volumes.join(",");
    try {
      return await up(composeFile, volumes);
    } finally {
      delete process.env.DOCKMASTER_GIVE_UP;
    }
  };
  const edit = (composeFile: string) =>
    fixture.emulator.control.edit(fixture.engine.outputs("db").composeId, { composeFile });
  const text = async () => (await fixture.live("db")).composeFile;
  const mounted = async () => {
    const found = (await fixture.containers.inspect("platform-db")) as { Mounts?: { Name?: string }[] } | undefined;
    return found?.Mounts?.map(({ Name }) => Name);
  };

  beforeAll(async () => {
    fixture = await openFixture();
  });
  afterAll(() => fixture.close());
  beforeEach(async () => {
    await fixture.emulator.control.reset();
    fixture.engine.forget();
    await up(db("one"));
  });

  it("is refused before the first write, with service, container, path and both volumes", async () => {
    let result = {};
    const requests = await fixture.requests(async () => {
      result = await up(db("two"));
    });
    expect(result).toEqual({
      db: {
        op: "fail",
        reason: expect.stringContaining(
          "config_invalid: db: container db has volume one at /data and would start with volume two there",
        ),
      },
    });
    expect(Object.keys(requests).filter((name) => WRITES.test(name))).toEqual([]);
    expect(await text()).toBe(db("one"));
    expect(await up(db("one"))).toEqual({ db: { op: "same" } });
  });

  it("says the command that copies, and the word that gives up", async () => {
    const { db: refused } = await up(db("two"));
    const { appName } = fixture.engine.outputs("db");
    expect(refused?.reason).toContain(
      `\`docker compose -p ${appName} stop && docker run --rm -v one:/from:ro -v two:/to busybox:1.36 sh -c 'mkdir -p /to && test -z "$(ls -A /to)" && cp -a /from/. /to/'\``,
    );
    expect(refused?.reason).toContain("say --give-up one in the run (plain pulumi: DOCKMASTER_GIVE_UP=one)");
  });

  it("starts without it when that was given up, in this run only", async () => {
    expect(await upGivingUp(db("two"), "one")).toEqual({ db: { op: "update" } });
    expect(await mounted()).toEqual(["two"]);
    expect(await up(db("two"))).toEqual({ db: { op: "same" } });
    expect(await up(db("one"))).toMatchObject({ db: { op: "fail", reason: expect.stringContaining("volume two") } });
    expect(await upGivingUp(db("one"), "two")).toEqual({ db: { op: "update" } });
  });

  it("is refused when another volume was given up, which is named with those that are left", async () => {
    const { db: refused } = await upGivingUp(db("two"), "typo");
    expect(refused?.reason).toContain("typo was given up, but one would be left");
  });

  it("is refused when a volume was given up that it keeps", async () => {
    const { db: refused } = await upGivingUp(db("one"), "one");
    expect(refused?.reason).toContain("one is not left: container db has it at /data (give up nothing");
  });

  it("starts without it where data is disposable", async () => {
    expect(await up(db("two"), [], { disposable: true })).toEqual({ db: { op: "update" } });
  });

  it("is refused when the env decides which volume it is, and its value changes", async () => {
    const file = db(`$${"{VOLUME:-one}"}`);
    expect(await up(file)).toEqual({ db: { op: "update" } });
    expect(await up(file, [], { env: { VOLUME: "two" } })).toMatchObject({
      db: { op: "fail", reason: expect.stringContaining("volume one at /data and would start with volume two") },
    });
  });

  it("is refused when the state was lost, by what runs", async () => {
    fixture.engine.forget();
    const requests = await fixture.requests(async () => {
      expect(await up(db("two"))).toMatchObject({ db: { op: "fail", reason: expect.stringContaining("volume one") } });
    });
    expect(Object.keys(requests).filter((name) => name.startsWith("compose.") && WRITES.test(name))).toEqual([]);
    expect(fixture.engine.has("db")).toBe(false);
    expect(await upGivingUp(db("two"), "one")).toEqual({ db: { op: "create" } });
  });

  it("is refused under another name of its container", async () => {
    expect(await up(db("two", { key: "pg" }))).toMatchObject({
      db: { op: "fail", reason: expect.stringContaining("pg, which takes its place, would start with volume two") },
    });
    expect(await up(db("one", { key: "pg" }))).toEqual({ db: { op: "update" } });
  });

  it.each([true, false])("goes back after an edit by hand (refresh: %s)", async (refresh) => {
    edit(db("two"));
    if (refresh) await fixture.engine.refresh(fixture.context);
    const { db: result } = await up(db("one"));
    expect(result?.reason).toBeUndefined();
    expect(await text()).toBe(db("one"));
    expect(await up(db("one"))).toEqual({ db: { op: "same" } });
  });

  it("is refused when the program follows an edit by hand that left its data", async () => {
    edit(db("two"));
    await fixture.engine.refresh(fixture.context);
    expect(await up(db("two"))).toMatchObject({ db: { op: "fail", reason: expect.stringContaining("volume one") } });
    const { db: result } = await upGivingUp(db("two"), "one");
    expect(result?.reason).toBeUndefined();
  });

  it("may go on, or back, after an update that gave it up and failed", async () => {
    fixture.emulator.control.addFault({ kind: "fail-deploy", service: "db", log: ["no space left"] });
    expect(await upGivingUp(db("two"), "one")).toMatchObject({ db: { op: "fail" } });
    expect(fixture.engine.outputs("db").deployed).toBe(false);
    expect(await up(db("two"))).toEqual({ db: { op: "update" } });
  });

  it("has what an update gave it that was cut off after its deployment, and only then", async () => {
    const ends = new Map<boolean, number>();
    for (let requests = 1; requests <= 20; requests++) {
      await fixture.emulator.control.reset();
      fixture.engine.forget();
      await up(db("one"));
      const cut = contextTo(killable(fixture.dokploy, requests, true), { givenUp: new Set(["one"]) });
      process.env.DOCKMASTER_GIVE_UP = "one";
      const update = fixture.engine.up(cut, { services: [{ name: "db", composeFile: db("two") }] });
      const finished = await update.then(
        () => true,
        () => false,
      );
      delete process.env.DOCKMASTER_GIVE_UP;
      if (finished) break;
      await fixture.emulator.control.idle();
      const [has] = (await mounted()) ?? [];
      const deployed = has === "two";
      ends.set(deployed, (ends.get(deployed) ?? 0) + 1);
      await fixture.engine.refresh(fixture.context);
      const { db: other } = await up(db("three"));
      expect(other?.reason).toContain(`container db has volume ${has} at /data`);
      expect((await up(db(deployed ? "two" : "one"))).db?.reason).toBeUndefined();
      expect(await mounted()).toEqual([has]);
    }
    expect([...ends.keys()].sort()).toEqual([false, true]);
  });

  it("has what an update gave it of which the state never heard, also without a refresh", async () => {
    const state = fixture.engine.save();
    await upGivingUp(db("two"), "one");
    fixture.engine.load(state);
    const back = { name: "db", composeFile: db("one"), env: { EXTRA: "1" } };
    const { db: result } = await fixture.engine.up(fixture.context, { services: [back] }, { refresh: false });
    expect(result?.reason).toContain("container db has volume two at /data");
    expect(await mounted()).toEqual(["two"]);
  });

  it("is judged by its text when the state is of an older release", async () => {
    delete fixture.engine.outputs("db").data;
    expect(await up(db("two"))).toMatchObject({ db: { op: "fail", reason: expect.stringContaining("volume one") } });
    edit(db("two"));
    const { db: result } = await up(db("one"));
    expect(result?.reason).toBeUndefined();
  });

  it("is made from a record that was never deployed, whatever that says", async () => {
    const { environmentId } = fixture.engine.outputs("db");
    await fixture.dokploy.createCompose({
      name: "pg",
      environmentId,
      appName: "pg",
      description: "mine",
      composeFile: db("two", { key: "pg" }),
    });
    const said = { name: "pg", composeFile: db("three", { key: "pg" }), adopt: true };
    const result = await fixture.engine.up(fixture.context, {
      services: [{ name: "db", composeFile: db("one") }, said],
    });
    expect(result).toEqual({ db: { op: "same" }, pg: { op: "create" } });
  });

  it("is refused when it is taken over, until what it leaves is given up", async () => {
    const { composeId } = fixture.engine.outputs("db");
    await fixture.dokploy.updateCompose(composeId, { description: "mine" });
    fixture.engine.forget();
    const adopt = { adopt: true };
    expect(await up(db("two"), [], adopt)).toMatchObject({
      db: { op: "fail", reason: expect.stringContaining("volume one") },
    });
    expect(fixture.engine.has("db")).toBe(false);
    expect(await up(db("two"), ["one"], adopt)).toEqual({ db: { op: "create" } });
  });
});
